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

var small = plane.Amounts{CPU: 0.1, Memory: gibi / 4}

// finding is a condition of the last plan.
func (w *world) finding(condition string) plane.Finding {
	for _, f := range w.plan.Findings {
		if f.Condition == condition {
			return f
		}
	}
	return plane.Finding{}
}

// count counts the steps of a kind in the world's log.
func (w *world) count(kind plane.StepKind) int {
	return strings.Count(w.log.String(), " "+string(kind)+" (done)")
}

// What bad input gets: a condition with its reason, and no resize.
func TestSizesHold(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(w *world, h *hosted)
		reason  string
		says    string
		resizes int
	}{
		"recommended only": {
			func(w *world, _ *hosted) { w.profile.Sizing.Mode = plane.Recommend }, v1alpha1.ReasonRecommendOnly, "recommended only: apiServer 2", 0,
		},
		"paused": {
			func(w *world, _ *hosted) { w.profile.Paused = true }, v1alpha1.ReasonPaused, "paused by a person", 0,
		},
		"off": {
			func(w *world, _ *hosted) { w.profile.Sizing.Mode = plane.Off }, v1alpha1.ReasonOff, "switched sizing off", 0,
		},
		"left to the VPA": {
			func(w *world, _ *hosted) { w.profile.Sizing.InPlace = false }, v1alpha1.ReasonResizing, "not every pod requests it yet", 0,
		},
		"members unseen": {
			func(w *world, _ *hosted) { w.members = nil }, v1alpha1.ReasonResizeWaits, "etcd's members are not looked at", 3,
		},
		"one member": {
			func(w *world, h *hosted) {
				h.pods = append(h.pods[:3:3], h.pods[3])
				w.members = func(at time.Time) []plane.Member {
					return []plane.Member{{Name: "etcd-0", Ready: true, Observed: at, HasLeader: true, IsLeader: true, Leader: 1, Term: 2}}
				}
			}, v1alpha1.ReasonResizeWaits, "etcd has 1 members that vote: without one of them there is no quorum", 3,
		},
		"a member that is down": {
			func(_ *world, h *hosted) { h.ill["etcd-2"] = true }, v1alpha1.ReasonResizeWaits, "etcd-2 is not well", 3,
		},
		"a container that does not exist": {
			func(_ *world, h *hosted) {
				for i := range h.pods {
					h.pods[i].Fault = &plane.Fault{Reason: v1alpha1.ReasonTargetInvalid, Message: "no such container"}
				}
			}, v1alpha1.ReasonTargetInvalid, "apiServer is not sized: no such container", 0,
		},
		"a node that has not told": {
			func(_ *world, h *hosted) {
				for i := range h.pods {
					h.pods[i].Reported = false
				}
			}, v1alpha1.ReasonResizeWaits, "has not told what it has set aside", 0,
		},
		"a curve of nothing": {
			func(w *world, _ *hosted) { w.profile.Sizing.Resources = &sizing.Profile{Name: "odd"} }, v1alpha1.ReasonProfileNonsense, "gives nothing for apiServer that a container can need", 0,
		},
		"a profile that is not there": {
			func(w *world, h *hosted) {
				w.profile.Sizing.Resources = nil
				h.fault = &plane.Fault{Reason: v1alpha1.ReasonProfileNotFound, Message: "there is no ResourceProfile nowhere"}
			}, v1alpha1.ReasonProfileNotFound, "there is no ResourceProfile nowhere; apiServer 100m/256Mi", 0,
		},
		"a profile that is not there, in Recommend": {
			func(w *world, h *hosted) {
				w.profile.Sizing.Mode, w.profile.Sizing.Resources = plane.Recommend, nil
				h.fault = &plane.Fault{Reason: v1alpha1.ReasonProfileNotFound, Message: "there is no ResourceProfile nowhere"}
			}, v1alpha1.ReasonProfileNotFound, "there is no ResourceProfile nowhere", 0,
		},
		"a curve that falls below nothing, in Recommend": {
			func(w *world, _ *hosted) {
				w.profile.Sizing.Mode = plane.Recommend
				w.profile.Sizing.Resources.APIServer.CPU.Each.Nodes = -1
			}, v1alpha1.ReasonProfileNonsense, "gives nothing for apiServer", 0,
		},
		"a profile that leaves etcd out": {
			func(w *world, _ *hosted) { w.profile.Sizing.Resources.Etcd = sizing.Needs{} },
			v1alpha1.ReasonAsExpected, "(by use alone: ResourceProfile standard says nothing of it)", 7,
		},
		"etcd's container misnamed": {
			func(_ *world, h *hosted) {
				for i := range h.pods[3:] {
					h.pods[3+i].Fault = &plane.Fault{Reason: v1alpha1.ReasonTargetInvalid, Message: "pod " + h.pods[3+i].Pod + " has no container named etdc"}
				}
			}, v1alpha1.ReasonTargetInvalid, "etcd is not sized: pod etcd-0 has no container named etdc; apiServer 2", 3,
		},
		"what was learnt before not yet read": {
			func(_ *world, h *hosted) { h.unrecalled = true }, v1alpha1.ReasonUsageUnknown, "cannot be read yet", 0,
		},
		"a size above every node": {
			func(_ *world, h *hosted) { h.load.Nodes = 1e6 }, v1alpha1.ReasonCapped, "the largest node cap it", 7,
		},
		"deferred": {
			func(_ *world, h *hosted) { h.refuses["kube-apiserver-0"] = plane.ResizeDeferred }, v1alpha1.ReasonResizeWaits, "Deferred", 7,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			h := hosts(w, small)
			c.change(w, h)
			w.run(4 * time.Minute)
			f := w.finding(v1alpha1.ConditionSized)
			if f.Reason != c.reason || !strings.Contains(f.Message, c.says) {
				t.Errorf("%s: %s, want %s with %q", f.Reason, f.Message, c.reason, c.says)
			}
			if n := w.count(plane.ResizePod) + w.count(plane.MoveLeader); n != c.resizes {
				t.Errorf("%d resizes and moves, want %d:\n%s", n, c.resizes, w.log.String())
			}
		})
	}
}

// Where it is not seen what is used, nothing is made smaller, and the profile still makes
// larger what is short.
func TestBlindSizesOnlyGrow(t *testing.T) {
	w := newWorld()
	h := hosts(w, plane.Amounts{CPU: 4, Memory: 8 * gibi})
	h.blind = &plane.Fault{Reason: v1alpha1.ReasonUsageUnknown, Message: "the host cluster has no metrics.k8s.io"}
	w.run(8 * time.Hour)
	if w.count(plane.ResizePod) != 0 {
		t.Errorf("resized blind:\n%s", w.log.String())
	}
	if f := w.finding(v1alpha1.ConditionUsageSeen); f.True || !strings.Contains(f.Message, "no metrics.k8s.io. Nothing is made smaller") {
		t.Errorf("%+v", f)
	}
	h.load.Nodes, h.load.Pods = 5000, 50000
	w.run(5 * time.Minute)
	if got := h.pods[0].Requested; got.CPU < 5 || got.Memory < 10*gibi {
		t.Errorf("at 5,000 nodes it requests %s", got)
	}
	h.blind = nil
	h.load.Nodes, h.load.Pods = 100, 1000
	w.run(5 * time.Hour)
	if got := h.pods[0].Requested; got.CPU > 0.5 {
		t.Errorf("seen again it still requests %s", got)
	}
}

// A pod that restarts after it was made smaller gets back what it had, and nothing is made
// smaller for an hour; what is short is raised.
func TestARestartEndsResizing(t *testing.T) {
	w := newWorld()
	h := hosts(w, plane.Amounts{CPU: 4, Memory: 8 * gibi})
	for w.count(plane.ResizePod) == 0 && w.now.Hour() < 20 {
		w.run(5 * time.Second)
		h.pods[0].Restarts = w.count(plane.ResizePod)
	}
	w.run(30 * time.Second)
	if got := h.pods[0].Requested; got.CPU != 4 || got.Memory != 8*gibi {
		t.Errorf("it requests %s after a restart:\n%s", got, w.log.String())
	}
	f := w.finding(v1alpha1.ConditionSized)
	if f.Reason != v1alpha1.ReasonSizingWorse || !strings.Contains(f.Message, "restarted after it") {
		t.Errorf("%+v", f)
	}
	n := w.count(plane.ResizePod)
	w.run(40 * time.Minute)
	if w.count(plane.ResizePod) != n {
		t.Errorf("resized again within the hour:\n%s", w.log.String())
	}
	h.load.Nodes, h.load.Pods = 5000, 50000
	w.run(4 * time.Minute)
	if got := h.pods[0].Requested; got.CPU < 5 || !w.now.Before(w.memory.Sizes.Stopped) {
		t.Errorf("what is short is not raised meanwhile: it requests %s, %s", got, w.finding(v1alpha1.ConditionSized).Message)
	}
}

// A kill for memory is answered at once, by a fifth more than there was.
func TestAKillForMemory(t *testing.T) {
	w := newWorld()
	h := hosts(w, small)
	w.run(90 * time.Minute)
	before := h.pods[0].Requested.Memory
	h.pods[0].Restarts, h.pods[0].Ended, h.pods[0].EndedAt = 1, "OOMKilled", w.now
	w.run(time.Minute)
	if got := h.pods[0].Requested.Memory; got < 1.2*before || got > 1.5*before {
		t.Errorf("from %.0f to %.0f Mi", before/(1<<20), got/(1<<20))
	}
}

// What a limit holds back is not all that is needed: the size goes beyond it, where limits
// follow.
func TestThrottled(t *testing.T) {
	w := newWorld()
	h := hosts(w, plane.Amounts{CPU: 0.25, Memory: gibi})
	w.profile.Sizing.Limits = true
	for i := range h.pods {
		h.pods[i].Limit.CPU, h.pods[i].LimitInForce.CPU = 0.5, 0.5
	}
	h.uses = func(sizing.Component, sizing.Drivers) plane.Amounts {
		return plane.Amounts{CPU: 0.49, Memory: gibi / 2}
	}
	w.run(4 * time.Minute)
	if got := h.pods[0].Requested.CPU; got < 0.7 {
		t.Errorf("throttled at half a core it requests %.3f", got)
	}
	if !strings.Contains(w.log.String(), "its limit holds it") {
		t.Errorf("nothing tells why:\n%s", w.log.String())
	}
}

// A pod that is stuck is evicted only where the profile allows it, and the others do
// without it.
func TestEviction(t *testing.T) {
	for name, c := range map[string]struct {
		allowed, ill bool
		want         int
	}{
		"allowed": {allowed: true, want: 1}, "not allowed": {}, "another is not ready": {allowed: true, ill: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			h := hosts(w, small)
			w.profile.Sizing.Evict = c.allowed
			h.refuses["kube-apiserver-1"] = plane.ResizeDeferred
			h.ill["kube-apiserver-2"] = c.ill
			w.run(12 * time.Minute)
			if n := w.count(plane.EvictPod); n != c.want {
				t.Errorf("%d evictions, want %d:\n%s", n, c.want, w.log.String())
			}
		})
	}
}
