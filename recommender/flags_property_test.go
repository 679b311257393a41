// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// TestFlagsWhateverHappens plays random stories of a tenant whose flags are too low
// (rollouts that hang, replicas that fail, modes that change, restarts, somebody who
// writes the flags back) and checks every write of the flags.
func TestFlagsWhateverHappens(t *testing.T) {
	modes := []plane.Mode{plane.Off, plane.Recommend, plane.Enforce, plane.Enforce}
	rapid.Check(t, func(t *rapid.T) {
		w := crammed()
		w.profile.SeatsMax = rapid.SampledFrom([]int{0, 0, 75, 100, 200}).Draw(t, "max")
		backs := time.Time{}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { always(t, w) },
			"run": func(t *rapid.T) {
				for range rapid.SampledFrom([]int{2, 40, 150}).Draw(t, "ticks") {
					w.checkedTick(t, 5*time.Second)
					backs = checkBacks(t, w, backs)
				}
				checkHeld(t, w)
			},
			"crowd": func(t *rapid.T) { w.crowd = rapid.SampledFrom([]float64{3, 500, 500}).Draw(t, "crowd") },
			"stuck": func(t *rapid.T) { w.workload.stuck = rapid.Bool().Draw(t, "stuck") },
			"unready": func(t *rapid.T) {
				w.workload.unready = map[int]bool{rapid.IntRange(0, 9).Draw(t, "replica"): true}
			},
			"unsafe": func(t *rapid.T) {
				if w.workload.Fault = nil; rapid.Bool().Draw(t, "unsafe") {
					w.workload.Fault = &plane.Fault{Reason: v1alpha1.ReasonRolloutUnsafe, Message: "its strategy is Recreate"}
				}
			},
			"blind": func(t *rapid.T) {
				w.blind = map[int]*plane.Fault{rapid.IntRange(0, 9).Draw(t, "replica"): {Reason: "ReplicaTimeout", Message: "no answer"}}
			},
			"calm": func(t *rapid.T) {
				w.crowd, w.blind, w.refuse, w.profile.Paused = 500, nil, nil, false
				w.workload.unready, w.workload.Fault = nil, nil
				w.profile.ManageFlags, w.profile.LoadLine = true, plane.Enforce
				for range 60 {
					w.checkedTick(t, 5*time.Second)
					backs = checkBacks(t, w, backs)
				}
				if checkLine(t, w); w.misfit {
					t.Fatalf("after five calm minutes the ballast is still that of another ceiling")
				}
			},
			"manage":  func(t *rapid.T) { w.profile.ManageFlags = rapid.IntRange(0, 3).Draw(t, "manage") > 0 },
			"line":    func(t *rapid.T) { w.profile.LoadLine = rapid.SampledFrom(modes).Draw(t, "line") },
			"pause":   func(t *rapid.T) { w.profile.Paused = rapid.IntRange(0, 3).Draw(t, "paused") == 0 },
			"restart": func(*rapid.T) { w.memory = plane.Memory{} },
			"refuse": func(t *rapid.T) {
				if w.refuse = nil; rapid.Bool().Draw(t, "refuse") {
					w.refuse = &plane.Fault{Reason: "WriteFailed", Message: "refused"}
				}
			},
			"somebody": func(t *rapid.T) {
				w.workload.Flags = plane.FlagsFor(rapid.SampledFrom([]int{60, 90}).Draw(t, "flags"))
				w.workload.Ours, w.workload.Rolling, w.ceiling = false, false, w.workload.Flags.Ceiling()
				w.misfit = true
			},
		})
	})
}

// checkFlags checks a write of the inflight flags of a plane that had this ceiling.
func checkFlags(t *rapid.T, w *world, s plane.Step, blind bool, ceiling int) {
	to := s.Flags.To.Ceiling()
	switch {
	case (s.Kind == plane.GoOnRollout || s.Kind == plane.ReleaseRollout) && !w.profile.Paused: // also what is no longer managed is not left held
	case w.profile.Paused || !w.profile.ManageFlags || w.profile.LoadLine != plane.Enforce:
		t.Fatalf("%s while paused (%v), not managed (%v) or in mode %s", s.Kind, w.profile.Paused, !w.profile.ManageFlags, w.profile.LoadLine)
	case s.Kind == plane.ReturnFlags, s.Kind == plane.HoldRollout:
	case s.Kind != plane.SetFlags || blind || len(w.config.Sentences) > 0 || w.workload.Fault != nil || w.workload.anyUnready():
		t.Fatalf("%s while blind (%v), with %d sentences, fault %v, unready %v", s.Kind, blind, len(w.config.Sentences), w.workload.Fault, w.workload.unready)
	case to <= ceiling || to > ceiling+ceiling/2 || w.profile.SeatsMax > 0 && to > w.profile.SeatsMax:
		t.Fatalf("flags of %d from %d, the profile's bound is %d", to, ceiling, w.profile.SeatsMax)
	}
}

// checkHeld checks that no rollout is left held once its flags are nobody's to watch.
func checkHeld(t *rapid.T, w *world) {
	watched := w.profile.Paused || w.refuse != nil || w.profile.ManageFlags && w.profile.LoadLine == plane.Enforce
	if !watched && w.workload.Held {
		t.Fatalf("the rollout is left held, managed %v, mode %s", w.profile.ManageFlags, w.profile.LoadLine)
	}
}

// checkBacks checks that after a rollback nothing is written for an hour; it returns
// when the last one was.
func checkBacks(t *rapid.T, w *world, last time.Time) time.Time {
	if w.refuse != nil {
		return last
	}
	for _, s := range w.plan.Steps {
		if s.Flags == nil || !s.Apply {
			continue
		}
		if !last.IsZero() && w.now.Sub(last) < time.Hour {
			t.Fatalf("%s %s after a rollback", s.Kind, w.now.Sub(last))
		}
		if s.Kind == plane.ReturnFlags {
			last = w.now
		}
	}
	return last
}
