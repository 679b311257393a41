// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

// heldOnce is a world whose new flags are held after the first replica.
func heldOnce(t *testing.T) *world {
	t.Helper()
	w := crammed()
	for range 200 {
		if w.run(5 * time.Second); w.workload.Held {
			return w
		}
	}
	t.Fatalf("no rollout is held:\n%s", w.log.String())
	return nil
}

// since is what was logged since a mark.
func (w *world) since(mark int) string { return w.log.String()[mark:] }

// rollsFor runs the world and wants new flags to be the step under way in every look.
func (w *world) rollsFor(t *testing.T, length time.Duration) {
	t.Helper()
	for end := w.now.Add(length); w.now.Before(end); {
		w.run(5 * time.Second)
		if u := w.plan.Disturbing.UnderWay; u == nil || u.Kind != rollout.Roll {
			t.Fatalf("in the middle of a rollout the plan is %+v", w.plan.Disturbing)
		}
	}
}

// A pause in the middle of a rollout does not end it as a step: what it does is judged when
// the pause is over, and the pause is not held against it.
func TestAPauseIsNoEndOfARollout(t *testing.T) {
	for name, pause := range map[string]time.Duration{"short": 2 * time.Minute, "longer than a rollout may take": 40 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			w := heldOnce(t)
			w.run(10 * time.Second) // some of the time for which it is to be well
			w.profile.Paused = true
			w.rollsFor(t, pause)
			if state, says := w.flags(t); state != "False Paused" || !strings.Contains(says, "the rollout of Deployment kube-apiserver is held after 1 of 3 replicas") {
				t.Errorf("FlagsManaged is %s %q", state, says)
			}
			w.profile.Paused = false
			mark := w.log.Len()
			w.run(20 * time.Second)
			if strings.Contains(w.since(mark), "GoOnRollout") {
				t.Errorf("it goes on without having been looked at since:\n%s", w.since(mark))
			}
			w.run(4 * time.Minute)
			if got := w.workload; got.Flags.Ceiling() != 90 || got.Rolling || strings.Contains(w.since(mark), "ReturnFlags") {
				t.Errorf("%s, rolling %v:\n%s", got.Flags, got.Rolling, w.since(mark))
			}
		})
	}
}

// A process that begins while everything is paused does not hold the pause against a
// rollout either.
func TestAPauseThatBeganBeforeTheProcess(t *testing.T) {
	w := heldOnce(t)
	w.profile.Paused = true
	w.run(20 * time.Minute)
	w.memory = plane.Memory{}
	w.run(10 * time.Second)
	w.profile.Paused = false
	mark := w.log.Len()
	w.run(4 * time.Minute)
	if got := w.workload; got.Flags.Ceiling() != 90 || got.Rolling {
		t.Errorf("%s, rolling %v:\n%s", got.Flags, got.Rolling, w.since(mark))
	}
}

// What a rollout makes worse is stopped and taken back whoever was there when it began: the
// process may have begun since, or everything was paused meanwhile.
func TestARolloutIsJudgedWhoeverHasBegunIt(t *testing.T) {
	for name, given := range map[string]func(w *world){
		"it was not interrupted":  func(*world) {},
		"the process begins anew": func(w *world) { w.memory = plane.Memory{} },
		"a pause is over":         func(w *world) { w.profile.Paused = true; w.run(2 * time.Minute); w.profile.Paused = false },
		"the workload cannot be read for a while": func(w *world) {
			l := w.workload
			w.workload = nil
			w.rollsFor(t, time.Minute)
			w.workload = l
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := heldOnce(t)
			given(w)
			w.failing = 0.2
			mark := w.log.Len()
			w.run(time.Minute)
			if got := w.workload; got.Flags.Ceiling() != 60 || strings.Contains(w.since(mark), "GoOnRollout") || !strings.Contains(w.since(mark), "StopSteps") {
				t.Errorf("a fifth of all requests fails, and the flags are %s:\n%s", got.Flags, w.since(mark))
			}
		})
	}
}

// A rollout that was stopped does not go on while it cannot be taken back; that is said, and
// tried until it is done, also when every replica runs with the new flags by then.
func TestAStoppedRolloutIsTakenBackHoweverLate(t *testing.T) {
	for name, until := range map[string]func(w *world) bool{
		"after the first replica": func(w *world) bool { return w.workload.Held },
		"before the second":       func(w *world) bool { return !w.workload.Held },
		"after the last":          func(w *world) bool { return w.workload.writes == 1 && !w.workload.Rolling },
	} {
		t.Run(name, func(t *testing.T) {
			w := heldOnce(t)
			for range 100 {
				if until(w) {
					break
				}
				w.run(5 * time.Second)
			}
			w.failing = 0.2
			w.denies = map[plane.StepKind]*plane.Fault{plane.ReturnFlags: {Reason: v1alpha1.ReasonAccessDenied, Message: "a webhook allows no change"}}
			mark := w.log.Len()
			had := w.workload.replaced
			w.run(30 * time.Second)
			w.failing = 0
			w.run(15 * time.Minute)
			if n := w.workload.replaced; n != had {
				t.Errorf("%d replicas run with the new flags, and %d did when it was stopped:\n%s", n, had, w.since(mark))
			}
			if said := w.since(mark); strings.Contains(said, "GoOnRollout") || !strings.Contains(said, "StopSteps") || w.workload.Flags.Ceiling() != 90 {
				t.Errorf("the flags are %s:\n%s", w.workload.Flags, said)
			}
			state, says := w.flags(t)
			if denied := state == "False AccessDenied" && strings.Contains(says, "a webhook allows no change. Its rollout was stopped and is not taken back yet: "); !denied &&
				(state != "False PlanStopped" || !strings.Contains(says, "was stopped and is not taken back yet")) {
				t.Errorf("FlagsManaged is %s %q", state, says)
			}
			w.denies = nil
			w.run(2 * time.Minute)
			if w.workload.Flags.Ceiling() != 60 || !strings.Contains(w.since(mark), "it was stopped, and has not been taken back since: ") {
				t.Errorf("the flags are %s:\n%s", w.workload.Flags, w.since(mark))
			}
		})
	}
}

// What is not Evenkeel's to take replica by replica runs on, whatever has become of the
// template and of what was kept of it; that it cannot be held, or let go of, is told.
func TestNobodyElsesRolloutStaysHeld(t *testing.T) {
	for name, given := range map[string]func(w *world){
		"another container": func(w *world) {
			w.workload.Ours, w.workload.Flags = false, plane.Flags{}
			w.workload.Fault = &plane.Fault{Reason: v1alpha1.ReasonTargetInvalid, Message: "no container named kube-apiserver"}
		},
		"another template":                                func(w *world) { w.workload.Ours = false },
		"all annotations replaced":                        func(w *world) { w.workload.Written = nil },
		"the load line is switched off":                   func(w *world) { w.profile.LoadLine = plane.Off },
		"no longer managed":                               func(w *world) { w.profile.ManageFlags = false },
		"no longer managed, and the annotations replaced": func(w *world) { w.profile.ManageFlags, w.workload.Written = false, nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := heldOnce(t)
			given(w)
			w.denies = map[plane.StepKind]*plane.Fault{plane.ReleaseRollout: {Reason: v1alpha1.ReasonAccessDenied, Message: "may not patch"}}
			w.run(20 * time.Second)
			if state, says := w.flags(t); state != "False AccessDenied" || says != "may not patch" {
				t.Errorf("FlagsManaged is %s %q", state, says)
			}
			w.denies = nil
			w.run(20 * time.Second)
			if w.workload.Held {
				t.Errorf("it is still held:\n%s", w.log.String())
			}
		})
	}
}

// That a rollout cannot be held is told.
func TestAHoldThatFailsIsTold(t *testing.T) {
	w := crammed()
	w.denies = map[plane.StepKind]*plane.Fault{plane.HoldRollout: {Reason: v1alpha1.ReasonAccessDenied, Message: "may not patch"}}
	for range 100 {
		if w.run(5 * time.Second); strings.Contains(w.log.String(), "HoldRollout") {
			break
		}
	}
	w.run(10 * time.Second)
	if state, says := w.flags(t); state != "False AccessDenied" || says != "may not patch" {
		t.Errorf("FlagsManaged is %s %q:\n%s", state, says, w.log.String())
	}
}
