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
		if err := target.setHeld(false); err != nil {
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
