// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// Whatever nodes, members and load do: never two pods at once, never a member while
// another is not well, never the leader.
func TestSizesNeverRiskQuorum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		h := hosts(w, small)
		names := []string{"kube-apiserver-0", "kube-apiserver-1", "kube-apiserver-2", "etcd-0", "etcd-1", "etcd-2"}
		states := []plane.ResizeState{"", plane.ResizeDeferred, plane.ResizeInfeasible, plane.ResizeInProgress, plane.ResizeFailed}
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			name := rapid.SampledFrom(names).Draw(t, "pod")
			switch rapid.IntRange(0, 5).Draw(t, "event") {
			case 0:
				h.ill[name] = !h.ill[name]
			case 1:
				h.refuses[name] = rapid.SampledFrom(states).Draw(t, "state")
			case 2:
				h.load.Nodes = rapid.Float64Range(0, 5000).Draw(t, "nodes")
				h.load.Pods = 10 * h.load.Nodes
			case 3:
				h.leader = rapid.SampledFrom(names[3:]).Draw(t, "leader")
			case 4:
				h.blind = &plane.Fault{Reason: v1alpha1.ReasonUsageUnknown, Message: "gone"}
			case 5:
				h.blind = nil
			}
			for range rapid.IntRange(1, 60).Draw(t, "ticks") {
				leader := h.leader
				w.tick(time.Duration(rapid.IntRange(1, 120).Draw(t, "seconds")) * time.Second)
				w.checkSizes(t, h, leader)
			}
		}
	})
}

// checkSizes says what is wrong with the steps of the last plan.
func (w *world) checkSizes(t *rapid.T, h *hosted, leader string) {
	n := 0
	for _, s := range w.plan.Steps {
		if s.Size == nil || s.Kind == plane.ChangeSize {
			continue
		}
		n++
		etcd := s.Size.Component == sizing.Etcd
		back := s.Reason.Code == v1alpha1.ReasonSizingWorse
		for name, ill := range h.ill {
			if ill && etcd && !back && strings.HasPrefix(name, "etcd") && name != s.Size.Pod {
				t.Fatalf("%s of %s while %s is ill", s.Kind, s.Size.Pod, name)
			}
		}
		if s.Kind == plane.ResizePod && etcd && s.Size.Pod == leader && !back {
			t.Fatalf("resizes %s, which leads", leader)
		}
		if s.Size.Lowers && h.blind != nil && !back {
			t.Fatalf("makes %s smaller blind: %s", s.Size.Pod, s.Reason.Message)
		}
		if s.Reason.Message == "" || s.Reason.Code == "" {
			t.Fatalf("%s without a reason", s.Kind)
		}
	}
	if n > 1 {
		t.Fatalf("%d pods at once", n)
	}
}
