// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/replicas"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// The fullest replica is wanted replaced where all allows it, and not else.
func TestDrainWantsTheFullest(t *testing.T) {
	for name, c := range map[string]struct {
		change func(d *pass)
		wanted int
	}{
		"allowed":                  {func(*pass) {}, 1},
		"not by the profile":       {func(d *pass) { d.profile.Scaling.Drain = false }, 0},
		"recommended only":         {func(d *pass) { d.profile.Scaling.Mode = plane.Recommend }, 0},
		"paused":                   {func(d *pass) { d.profile.Paused = true }, 0},
		"GOAWAY comes first":       {func(d *pass) { d.even.Remedy = replicas.SetGoAway }, 0},
		"its pod is not looked at": {func(d *pass) { d.seen.Sizes.Pods = nil }, 0},
	} {
		pod := plane.SizedPod{Component: sizing.APIServer, Node: "n1", Zone: "a"}
		pod.Pod, pod.UID = "kas-0", "u0"
		other := pod
		other.Pod, other.UID = "kas-1", "u1"
		d := &pass{even: replicas.Evenness{Fullest: "u0", Words: "kas-0 has most", Long: true, Remedy: replicas.Drain}}
		d.seen.Sizes.Pods = []plane.SizedPod{pod, other}
		d.profile.Scaling = plane.ScalingProfile{Mode: plane.Enforce, Drain: true}
		c.change(d)
		d.drain()
		if len(d.disruptive) != c.wanted {
			t.Errorf("%s: %d steps are wanted, want %d", name, len(d.disruptive), c.wanted)
			continue
		}
		for _, w := range d.disruptive {
			want := rollout.Step{Kind: rollout.Replace, Component: sizing.APIServer, Pod: "kas-0", UID: "u0", Node: "n1", Zone: "a", Why: "kas-0 has most"}
			if diff := cmp.Diff(want, w.step); diff != "" || w.do.Kind != plane.EvictPod || w.do.Size.UID != "u0" || w.undo != nil {
				t.Errorf("%s: %+v, %+v (-want +got):\n%s", name, w.do, w.undo, diff)
			}
		}
	}
}

// That one was drained in vain is told, with when.
func TestADrainInVainIsTold(t *testing.T) {
	d := &pass{even: replicas.Evenness{Fullest: "u1", Words: "kas-1 has most", Long: true, Remedy: replicas.TheClient}}
	d.seen.Scale.Looked = true
	d.even.Drained = replicas.Drained{ID: "u0", Name: "kas-0", At: time.Date(2026, 1, 2, 14, 2, 0, 0, time.UTC)}
	want := "kas-1 has most: kas-0 was replaced for that at 14:02:00, and it is so again: a few clients hold it, and to replace another would only move it on"
	if f := d.connectionsEven(); f.True || f.Message != want {
		t.Errorf("%+v, want %q", f, want)
	}
}
