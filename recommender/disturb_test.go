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
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// restarting is a world whose members restart for another size, and want one.
func restarting(w *world) *hosted {
	h := hosts(w, plane.Amounts{CPU: 0.1, Memory: gibi / 4})
	w.profile.Sizing.Restarts = true
	for i := range h.pods {
		h.pods[i].MemoryRestarts = h.pods[i].Component == sizing.Etcd
		h.pods[i].Zone = []string{"a", "b", "c"}[i%3]
	}
	return h
}

// wantPlan wants PlanProceeds with this reason and these words.
func (w *world) wantPlan(t *testing.T, reason, words string) {
	t.Helper()
	if f := w.finding(v1alpha1.ConditionPlanProceeds); f.Reason != reason || !strings.Contains(f.Message, words) {
		t.Errorf("at %s %s: %s, want %s with %q", w.now.Format("15:04:05"), f.Reason, f.Message, reason, words)
	}
}

// What is due and held says what it waits for.
func TestStepsWait(t *testing.T) {
	for name, c := range map[string]struct {
		given         func(w *world, h *hosted)
		reason, words string
	}{
		"a window that is closed": {func(w *world, _ *hosted) {
			w.profile.Windows = []rollout.Window{{From: time.Hour, Length: time.Hour}}
		}, v1alpha1.ReasonWindowClosed, "the maintenance window opens at Sat 01:00 UTC"},
		"a member that is not well": {func(_ *world, h *hosted) { h.ill["etcd-2"] = true }, v1alpha1.ReasonStepsWait, "etcd-2: its pod is not ready"},
		"a restart that is yet to come": {func(_ *world, h *hosted) {
			h.pods[5].Requested.Memory, h.pods[5].Resize.State = 17*gibi, plane.ResizeDeferred
		}, v1alpha1.ReasonStepsWait, "etcd-2 is about to restart for a resize"},
		"nothing": {func(*world, *hosted) {}, v1alpha1.ReasonStepBegun, "is under way since"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			h := restarting(w)
			// Too large, so that it can wait.
			for i := range h.pods {
				h.pods[i].Requested = plane.Amounts{CPU: 4, Memory: 16 * gibi}
				h.pods[i].Allocated, h.pods[i].InForce = h.pods[i].Requested, h.pods[i].Requested
			}
			c.given(w, h)
			for range 10 * 3600 / 5 { // hours: what is too much is not given back at once
				if w.run(5 * time.Second); len(w.plan.Disturbing.Due) > 0 {
					break
				}
			}
			w.run(5 * time.Second)
			w.wantPlan(t, c.reason, c.words)
			if began := w.count(plane.ResizePod) > 0 && h.pods[3].Restarts+h.pods[4].Restarts+h.pods[5].Restarts > 0; began != (name == "nothing") {
				t.Errorf("it began: %v\n%s", began, w.log.String())
			}
		})
	}
}

// What was taken back is left alone for an hour, and is as it was.
func TestTakenBack(t *testing.T) {
	w := newWorld()
	h := restarting(w)
	h.slow = map[string]float64{"etcd-0": 0.18}
	before := h.pods[3].Requested
	w.run(10 * time.Minute)
	if !h.pods[3].Requested.Same(before) || h.pods[4].Restarts+h.pods[5].Restarts > 0 {
		t.Errorf("etcd-0 requests %s, and before %s; the others restarted %d times:\n%s", h.pods[3].Requested, before, h.pods[4].Restarts+h.pods[5].Restarts, w.log.String())
	}
	w.wantPlan(t, v1alpha1.ReasonPlanStopped, "after the restart of etcd-0 in zone a, an fsync of etcd-0 takes")
	if n := strings.Count(w.log.String(), "StopSteps"); n != 1 {
		t.Errorf("it was told %d times", n)
	}
}

// A restart for which its node has no room is taken back before another begins: it would
// come at any time, beside that one.
func TestARestartWithoutRoom(t *testing.T) {
	w := newWorld()
	h := restarting(w)
	h.refuses["etcd-0"] = plane.ResizeDeferred
	before := h.pods[3].Requested
	pending := false
	for range 10 * 60 / 5 {
		w.run(5 * time.Second)
		if pending = !h.pods[3].Requested.Same(before); pending && h.pods[4].Restarts+h.pods[5].Restarts > 0 {
			t.Fatalf("another restarted while etcd-0 was about to:\n%s", w.log.String())
		}
	}
	if !strings.Contains(w.log.String(), "takes the restart of etcd-0 back: it has not ended within 5m0s") || pending {
		t.Errorf("it was not taken back (%v):\n%s", pending, w.log.String())
	}
	if h.pods[4].Restarts == 0 || h.pods[5].Restarts == 0 || strings.Contains(w.log.String(), "StopSteps") {
		t.Errorf("the others were held for it:\n%s", w.log.String())
	}
}

// After a write of which it is not known whether it was made nothing begins for an interval.
func TestARestartInDoubt(t *testing.T) {
	w := newWorld()
	h := restarting(w)
	h.faults[plane.ResizePod] = &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: "timeout"}
	last, tries := time.Time{}, 0
	for range 5 * 60 / 5 {
		w.run(5 * time.Second)
		n := strings.Count(w.log.String(), "its container restarts for it")
		if n == tries {
			continue
		}
		tries = n
		if w.now.Sub(last) < rollout.Interval {
			t.Fatalf("the next began %s after one in doubt:\n%s", w.now.Sub(last), w.log.String())
		}
		last = w.now
	}
	if tries < 3 {
		t.Errorf("it was tried %d times:\n%s", tries, w.log.String())
	}
}

// What was not written, as the last try about that pod has only just failed, is not under way.
func TestAStepThatIsLeftOut(t *testing.T) {
	w := newWorld()
	h := restarting(w)
	about := plane.Step{Size: &plane.SizeStep{Component: sizing.Etcd, Pod: "etcd-0"}}.About()
	for range 60 / 5 {
		w.memory.Failed = map[string]plane.Failure{about: {At: w.now.Add(4 * time.Second)}}
		w.run(5 * time.Second)
		if u := w.memory.Disturb.State.Under; u != nil && u.Step.Pod == "etcd-0" && h.pods[3].Restarts == 0 {
			t.Fatalf("%+v is under way and was never written:\n%s", u.Step, w.log.String())
		}
	}
	if h.pods[5].Restarts == 0 {
		t.Errorf("the others were held for it:\n%s", w.log.String())
	}
}
