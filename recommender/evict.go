// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// deferredFor is how long a pod may wait for room on its node before it is evicted, where
// that is allowed; the VPA's updater waits as long
// (restriction/pods_inplace_restriction.go). It is as long again before an eviction that
// was blocked is tried again.
const deferredFor = 5 * time.Minute

// evictStuck evicts a pod that has waited for room on its node for too long, and tells
// whether it does.
func (d *pass) evictStuck() bool {
	d.followEvictions()
	for _, p := range d.seen.Sizes.Pods {
		since := p.Resize.Since
		if p.Fault != nil || p.Resize.State != plane.ResizeDeferred || since.IsZero() || d.now.Sub(since) < deferredFor {
			continue
		}
		if d.aside(p) == nil && !d.wantOf(p).Below(p.Requested) && d.mayEvict(p) {
			d.evict(p, "Deferred: "+p.Resize.Message)
			return true
		}
	}
	return false
}

// followEvictions has those that were refused tried again later, and says why.
func (d *pass) followEvictions() {
	for _, o := range d.seen.Outcomes {
		i := slices.IndexFunc(d.seen.Sizes.Pods, func(p plane.SizedPod) bool { return o.Name == aboutPod(p.Component, p.Pod) })
		if o.Kind != plane.EvictPod || o.Fault == nil || i < 0 {
			continue
		}
		p, pause := d.seen.Sizes.Pods[i], deferredFor
		if slices.Contains(lasting, o.Fault.Reason) {
			pause = asideFor
		}
		d.setAside(p.UID, plane.Aside{Reason: o.Fault.Reason, Why: o.Fault.Message, To: p.Requested}, pause, pause)
	}
}

// mayEvict tells whether a pod that is stuck may go to another node: the others must do
// without it, and etcd keep its quorum.
func (d *pass) mayEvict(p plane.SizedPod) bool {
	starved := p.Allocated.Below(p.Requested)
	if !d.profile.Sizing.Evict || !starved || p.Leader || d.sight.blind() || d.late() {
		return false
	}
	if p.Component == sizing.Etcd {
		return d.quorumHeld(p) == ""
	}
	others := 0
	for _, o := range d.podsOf(p.Component) {
		if o.UID == p.UID {
			continue
		}
		if !o.Ready {
			return false
		}
		others++
	}
	return others >= 1
}

func (d *pass) evict(p plane.SizedPod, why string) {
	d.setAside(p.UID, plane.Aside{Reason: v1alpha1.ReasonResizing, Why: "it is being evicted"}, asideFor, asideFor)
	d.step(plane.Step{
		Kind: plane.EvictPod, Apply: true,
		Size: &plane.SizeStep{Component: p.Component, Pod: p.Pod, UID: p.UID},
		Reason: plane.Reason{
			Code:     v1alpha1.ReasonResizing,
			Message:  fmt.Sprintf("evicts %s, so that it starts on a node with room for %s", p.Pod, d.wantOf(p)),
			Evidence: []string{"its node cannot give it what it needs: " + why, "the others are ready, and its disruption budget is asked"},
			Rejected: []string{"to wait: it has waited, and requests less than it needs"},
		},
	})
}

// aboutPod is the name under which the outcome of a step about a pod is told.
func aboutPod(c sizing.Component, pod string) string {
	return plane.Step{Size: &plane.SizeStep{Component: c, Pod: pod}}.About()
}
