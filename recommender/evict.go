// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// deferredFor is how long a pod may wait for room on its node before it is evicted, where
// that is allowed; the VPA's updater waits as long
// (restriction/pods_inplace_restriction.go). It is as long again before an eviction that
// was blocked is tried again.
const deferredFor = 5 * time.Minute

// wantEvictions wants those evicted whose node cannot give them what they need.
func (d *pass) wantEvictions() {
	d.followEvictions()
	for _, p := range d.seen.Sizes.Pods {
		if why := d.stuck(p); p.Fault == nil && why != "" && d.mayEvict(p) {
			d.wantEvicted(p, why)
		}
	}
}

// stuck says why a pod will not come to what it needs on its node; empty when it may.
func (d *pass) stuck(p plane.SizedPod) string {
	since, aside := p.Resize.Since, d.aside(p)
	switch {
	case p.Resize.State == plane.ResizeSettled || d.wantOf(p).Below(p.Requested):
		return ""
	case p.Resize.State == plane.ResizeDeferred && !since.IsZero() && d.now.Sub(since) >= deferredFor && aside == nil:
		return "Deferred: " + p.Resize.Message
	case aside != nil && (aside.Reason == v1alpha1.ReasonResizeInfeasible || aside.Reason == v1alpha1.ReasonResizeStuck):
		return aside.Why
	}
	return ""
}

// followEvictions has those that were refused tried again later, and says why. One that was
// asked for another reason, as for a pod's zone, tells nothing of its size.
func (d *pass) followEvictions() {
	for _, o := range d.seen.Outcomes {
		i := slices.IndexFunc(d.seen.Sizes.Pods, func(p plane.SizedPod) bool { return o.Name == aboutPod(p.Component, p.Pod) })
		if o.Kind != plane.EvictPod || o.Fault == nil || i < 0 {
			continue
		}
		p, pause := d.seen.Sizes.Pods[i], deferredFor
		if !d.profile.Sizing.Evict || d.stuck(p) == "" {
			continue
		}
		if slices.Contains(lasting, o.Fault.Reason) {
			pause = asideFor
		}
		d.setAside(p.UID, plane.Aside{Reason: o.Fault.Reason, Why: o.Fault.Message, To: p.Requested}, pause, pause)
	}
}

// mayEvict tells whether a pod that is stuck may go to another node, where the profile
// allows that. Whether the others can do without it, the plan of disruptive steps asks.
func (d *pass) mayEvict(p plane.SizedPod) bool {
	starved := p.Allocated.Below(p.Requested)
	return d.profile.Sizing.Evict && starved && !d.sight.blind() && !d.late()
}

// wantEvicted wants one evicted. It does not wait for a window: it has less than it needs.
func (d *pass) wantEvicted(p plane.SizedPod, why string) {
	d.wants(podStep(rollout.Replace, p, true, "its node has no room for "+d.wantOf(p).String()), plane.Step{
		Kind: plane.EvictPod, Apply: true,
		Size: &plane.SizeStep{Component: p.Component, Pod: p.Pod, UID: p.UID},
		Reason: plane.Reason{
			Code:     v1alpha1.ReasonResizing,
			Message:  fmt.Sprintf("evicts %s, so that it starts on a node with room for %s", p.Pod, d.wantOf(p)),
			Evidence: []string{"its node cannot give it what it needs: " + why, "its disruption budget is asked"},
			Rejected: []string{"to wait: it has waited, and requests less than it needs"},
		},
	}, nil)
}

// aboutPod is the name under which the outcome of a step about a pod is told.
func aboutPod(c sizing.Component, pod string) string {
	return plane.Step{Size: &plane.SizeStep{Component: c, Pod: pod}}.About()
}
