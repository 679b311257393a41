// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// wantSized wants Sized with this reason and these words.
func (w *world) wantSized(t *testing.T, reason, words string) {
	t.Helper()
	if f := w.finding(v1alpha1.ConditionSized); f.Reason != reason || !strings.Contains(f.Message, words) {
		t.Errorf("at %s %s: %s, want %s with %q", w.now.Format("15:04:05"), f.Reason, f.Message, reason, words)
	}
}

// A member is evicted only where all that are known are there: with two of five away the
// third is needed.
func TestEvictionKeepsQuorum(t *testing.T) {
	for away, want := range map[int]int{0: 1, 2: 0} {
		w := newWorld()
		h := hosts(w, small)
		w.profile.Sizing.Evict = true
		h.refuses["etcd-0"] = plane.ResizeDeferred
		stuck := &h.pods[3]
		stuck.Requested.Memory += 1 << 20
		stuck.Resize = plane.Resize{State: plane.ResizeDeferred, Message: "no room", Since: w.now}
		for _, name := range []string{"etcd-3", "etcd-4"}[away:] {
			p := h.pods[5]
			p.Pod, p.UID = name, name+"-uid"
			h.pods = append(h.pods, p)
		}
		three := w.members
		w.members = func(at time.Time) []plane.Member {
			all := three(at)
			for _, name := range []string{"etcd-3", "etcd-4"} {
				m := all[0]
				m.Name, m.Ready, m.IsLeader = name, away == 0, false
				all = append(all, m)
			}
			return all
		}
		w.run(12 * time.Minute)
		if n := w.count(plane.EvictPod); n != want {
			t.Errorf("%d evictions with %d of five members away, want %d:\n%s", n, away, want, w.log.String())
		}
	}
}

// A kill for memory while a pod is raised is what the raise is to cure: the others are
// raised as well.
func TestAKillWhileRaised(t *testing.T) {
	w := newWorld()
	h := hosts(w, small)
	w.run(5 * time.Second)
	h.pods[0].Restarts, h.pods[0].Ended, h.pods[0].EndedAt = 1, "OOMKilled", w.now
	w.run(4 * time.Minute)
	for _, p := range h.pods[:3] {
		if p.Requested.Memory < 600<<20 {
			t.Errorf("%s requests %s:\n%s", p.Pod, p.Requested, w.log.String())
		}
	}
	w.wantSized(t, v1alpha1.ReasonAsExpected, "apiServer")
}

// A write that failed by chance is tried again within seconds, and at longer and longer
// intervals while it fails.
func TestAWriteThatFailsByChance(t *testing.T) {
	w := newWorld()
	h := hosts(w, small)
	h.faults[plane.ResizePod] = &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: "request timed out"}
	w.run(5 * time.Second)
	delete(h.faults, plane.ResizePod)
	w.run(20 * time.Second)
	if h.pods[0].Requested.Same(small) {
		t.Errorf("not tried again within 20 s:\n%s", w.log.String())
	}
	h.faults[plane.ResizePod] = &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: "request timed out"}
	h.load.Nodes, h.load.Pods = 1000, 10000
	w.run(5 * time.Minute)
	before := w.count(plane.ResizePod)
	w.run(30 * time.Minute)
	if n := w.count(plane.ResizePod) - before; n > 50 || n < 6 {
		t.Errorf("%d tries in half an hour", n)
	}
}

// After a write that may have been made the gate holds like after one that was.
func TestAWriteThatMayHaveBeenMade(t *testing.T) {
	for _, reason := range []string{v1alpha1.ReasonWriteFailed, v1alpha1.ReasonNotReadBack} {
		w := newWorld()
		h := hosts(w, small)
		h.happens = true
		h.faults[plane.ResizePod] = &plane.Fault{Reason: reason, Message: "request timed out"}
		h.ill["kube-apiserver-0"] = true
		w.run(time.Minute)
		if n := w.count(plane.ResizePod); n != 1 {
			t.Errorf("%s: %d resizes while the first is not ready after its own, want 1:\n%s", reason, n, w.log.String())
		}
		delete(h.ill, "kube-apiserver-0")
		w.run(3 * time.Minute)
		if n := w.count(plane.ResizePod); n != 6 {
			t.Errorf("%s: %d resizes, want each of six pods once:\n%s", reason, n, w.log.String())
		}
	}
}

// What somebody must change before it can go on is tried again after half an hour, and is
// the condition's reason meanwhile.
func TestAResizeThatIsDenied(t *testing.T) {
	w := newWorld()
	h := hosts(w, small)
	h.faults[plane.ResizePod] = &plane.Fault{Reason: v1alpha1.ReasonResizeDenied, Message: "grant patch on pods/resize"}
	w.run(2 * time.Minute)
	w.wantSized(t, v1alpha1.ReasonResizeDenied, "kube-apiserver-0: grant patch on pods/resize")
	n := w.count(plane.ResizePod)
	w.run(20 * time.Minute)
	if w.count(plane.ResizePod) != n {
		t.Errorf("tried again within half an hour:\n%s", w.log.String())
	}
	delete(h.faults, plane.ResizePod)
	w.run(15 * time.Minute)
	w.wantSized(t, v1alpha1.ReasonAsExpected, "apiServer")
}

// To ask for less is the way out for a pod that waits for room, or will never have it.
func TestAStuckPodIsLowered(t *testing.T) {
	for _, state := range []plane.ResizeState{plane.ResizeDeferred, plane.ResizeInfeasible} {
		w := newWorld()
		h := hosts(w, plane.Amounts{CPU: 0.25, Memory: 700 << 20})
		h.load.Nodes, h.load.Pods = 1000, 10000
		h.refuses["kube-apiserver-0"] = state
		w.run(3 * time.Minute)
		h.load.Nodes, h.load.Pods = 100, 1000
		w.run(time.Minute)
		delete(h.refuses, "kube-apiserver-0")
		w.run(5 * time.Hour)
		if got := h.pods[0].Requested; got.CPU > 0.5 {
			t.Errorf("%s: it still requests %s: %s", state, got, w.finding(v1alpha1.ConditionSized).Message)
		}
	}
}

// An eviction that a budget blocks is tried again, and why is told.
func TestABlockedEviction(t *testing.T) {
	w := newWorld()
	h := hosts(w, small)
	w.profile.Sizing.Evict = true
	h.refuses["kube-apiserver-1"] = plane.ResizeDeferred
	h.faults[plane.EvictPod] = &plane.Fault{Reason: v1alpha1.ReasonEvictionBlocked, Message: "the budget allows none"}
	w.run(20 * time.Minute)
	if n := w.count(plane.EvictPod); n < 2 || n > 4 {
		t.Errorf("%d evictions in 20 minutes:\n%s", n, w.log.String())
	}
	w.wantSized(t, v1alpha1.ReasonEvictionBlocked, "kube-apiserver-1: the budget allows none")
	next := h.pods[2]
	next.Pod, next.UID = "kube-apiserver-9", "another"
	h.pods[1] = next // it went by itself
	w.run(time.Minute)
	if len(w.memory.Sizes.Aside) != 0 {
		t.Errorf("pods that are gone are remembered: %v", w.memory.Sizes.Aside)
	}
}

// That a pod may not be evicted for its zone, or for its connections, tells nothing of its
// size: it is resized as the others are.
func TestAnEvictionForAnotherReason(t *testing.T) {
	for _, reason := range []string{v1alpha1.ReasonEvictionBlocked, v1alpha1.ReasonAccessDenied} {
		w := newWorld()
		h := hosts(w, small)
		w.profile.Sizing.Evict = true
		about := plane.Step{Size: &plane.SizeStep{Component: sizing.APIServer, Pod: "kube-apiserver-0"}}.About()
		for i := range 12 * 4 {
			if i%12 == 0 {
				w.outcomes = append(w.outcomes, plane.Outcome{Kind: plane.EvictPod, Name: about, Fault: &plane.Fault{Reason: reason, Message: "no"}})
			}
			w.tick(5 * time.Second)
		}
		if len(w.memory.Sizes.Aside) != 0 || !small.Below(h.pods[1].Requested) || h.pods[0].Requested.Below(h.pods[1].Requested) {
			t.Errorf("%s: it requests %s and another %s, aside are %v", reason, h.pods[0].Requested, h.pods[1].Requested, w.memory.Sizes.Aside)
		}
	}
}

// A node that will not take memory away is not left with half of it: what was is asked for
// again, and it is asked less and less often.
func TestALowerLimitThatIsRefused(t *testing.T) {
	w := newWorld()
	big := plane.Amounts{CPU: 4, Memory: 8 * gibi}
	h := hosts(w, big)
	w.profile.Sizing.Limits = true
	for i := range h.pods {
		h.pods[i].Limit = plane.Amounts{CPU: 8, Memory: 16 * gibi}
	}
	h.refuses["kube-apiserver-0"] = plane.ResizeFailed
	w.run(4 * time.Hour)
	if got := h.pods[0].Requested; !got.Same(big) {
		t.Errorf("it is left at %s, with %s in force", got, h.pods[0].InForce)
	}
	w.wantSized(t, v1alpha1.ReasonResizeStuck, "kube-apiserver-0: Failed")
	w.run(20 * time.Hour)
	if n := strings.Count(w.log.String(), "takes the resize of kube-apiserver-0 back"); n < 3 || n > 8 {
		t.Errorf("taken back %d times in a day", n)
	}
	h.load.Nodes, h.load.Pods = 5000, 50000
	w.run(time.Minute)
	delete(h.refuses, "kube-apiserver-0")
	w.run(10 * time.Minute)
	if got := h.pods[0].Requested; got.CPU < 5 {
		t.Errorf("it is not given more either: %s", got)
	}
}

// A limit that follows its request is not brought below what is in use, whatever the
// bounds say.
func TestALimitStaysAboveUse(t *testing.T) {
	w := newWorld()
	h := hosts(w, plane.Amounts{CPU: 0.3, Memory: gibi})
	w.profile.Sizing.Limits = true
	w.profile.Sizing.Bounds = map[sizing.Component]plane.SizeBounds{sizing.APIServer: {Memory: sizing.Bounds{Most: gibi / 2}}}
	for i := range h.pods[:3] {
		h.pods[i].Limit.Memory = 1.2 * gibi
	}
	w.run(5 * time.Hour)
	if got := h.pods[0].Requested.Memory; got != gibi {
		t.Errorf("it uses 600Mi, and requests %.0f Mi", got/(1<<20))
	}
	w.wantSized(t, v1alpha1.ReasonResizeWaits, "its memory limit would not be clear of what it uses")
}
