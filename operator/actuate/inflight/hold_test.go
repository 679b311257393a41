// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// A StatefulSet is written so that one pod alone follows, and each time that it goes on one
// more, until none is held.
func TestStatefulSetsFollowOneByOne(t *testing.T) {
	_, s := settled()
	target := Target{Object: s, Kind: "StatefulSet", Container: "kube-apiserver"}
	from := plane.Flags{Reading: 400, Mutating: 200}
	step := plane.Step{Kind: plane.SetFlags, Flags: &plane.FlagsChange{From: from, To: plane.FlagsFor(900)}}
	if err := target.put(step, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int32{2, 1, 0} {
		got := *s.Spec.UpdateStrategy.RollingUpdate.Partition
		held := Look(s, "StatefulSet", "kube-apiserver").Held
		if got != want || held != (want > 0) {
			t.Fatalf("the partition is %d, held %v; want %d", got, held, want)
		}
		if _, err := target.setHeld(plane.GoOnRollout); err != nil {
			t.Fatal(err)
		}
	}
	// Another of its kind, taken back in the middle.
	s.Status.ObservedGeneration = s.Generation
	step.Flags = &plane.FlagsChange{From: plane.FlagsFor(900), To: plane.FlagsFor(1200)}
	if err := target.put(step, time.Unix(2, 0)); err != nil {
		t.Fatal(err)
	}
	back := plane.Step{Kind: plane.ReturnFlags, Flags: &plane.FlagsChange{From: plane.FlagsFor(1200), To: plane.FlagsFor(900)}}
	if err := target.put(back, time.Unix(3, 0)); err != nil {
		t.Fatal(err)
	}
	if p := s.Spec.UpdateStrategy.RollingUpdate.Partition; p != nil || Look(s, "StatefulSet", "kube-apiserver").Held {
		t.Errorf("taken back, and the partition is %d", *p)
	}
}

// A StatefulSet that runs on by itself, or is let go of, can be held again where it is.
func TestStatefulSetsAreHeldWhereTheyAre(t *testing.T) {
	for updated, want := range map[int32]int32{0: 3, 1: 2, 2: 1, 3: 0} {
		_, s := settled()
		s.Spec.UpdateStrategy.RollingUpdate = nil
		s.Status.UpdatedReplicas = updated
		target := Target{Object: s, Kind: "StatefulSet", Container: "kube-apiserver"}
		held, err := target.setHeld(plane.HoldRollout)
		if err != nil || held != (want > 0) {
			t.Errorf("after %d of 3: held %v, %v", updated, held, err)
		}
		if got := s.Spec.UpdateStrategy.RollingUpdate; want > 0 && (got == nil || *got.Partition != want) {
			t.Errorf("after %d of 3 it has %+v, want a partition of %d", updated, got, want)
		}
		if held, err := target.setHeld(plane.ReleaseRollout); err != nil || held {
			t.Errorf("let go of, and held %v, %v", held, err)
		}
		if got := s.Spec.UpdateStrategy.RollingUpdate; got != nil && got.Partition != nil {
			t.Errorf("let go of, and it has a partition of %d", *got.Partition)
		}
	}
}
