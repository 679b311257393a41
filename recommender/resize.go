// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"cmp"
	"fmt"
	"slices"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// resize has the pods request what was decided, one after the other: what is short first,
// of etcd the followers before the leader, and each only when the gate after the one
// before holds (gate.go).
func (d *pass) resize() {
	m := &d.memory.Sizes
	if !d.profile.Sizing.InPlace || !d.enforcing(d.profile.Sizing.Mode) {
		m.Resizing = nil
		return
	}
	d.forgetAside()
	d.followResize()
	if m.Resizing != nil || d.unusable() != nil {
		return
	}
	d.wantEvictions()
	pods := d.resizable()
	for _, p := range pods {
		if d.profile.Sizing.Restarts && d.restarts(p) {
			if d.podHeld(p) == "" {
				d.wantRestart(p) // what else it waits for, the plan of disruptive steps asks
			}
			continue
		}
		if held := d.resizeHeld(p); held != "" {
			continue
		}
		if p.Leader {
			if !d.leadersTurn(p, pods) {
				continue // the followers first
			}
			d.leadElsewhere(p)
			return
		}
		d.resizePod(p, d.wantOf(p), "")
		return
	}
}

// wantOf is what a pod should request; the zero amounts while that is not decided. Where
// it is not seen what is used, no pod gets less than it has, and none gets more than a
// limit that stays.
func (d *pass) wantOf(p plane.SizedPod) plane.Amounts {
	i := slices.IndexFunc(d.plan.Sizes, func(s plane.SizePlan) bool { return s.Component == p.Component })
	if i < 0 {
		return plane.Amounts{}
	}
	want := d.plan.Sizes[i].Want
	if d.usageUnseen() {
		want = plane.Amounts{CPU: max(want.CPU, has(p).CPU), Memory: max(want.Memory, has(p).Memory)}
	}
	if !d.profile.Sizing.Limits {
		want = plane.Amounts{CPU: min(want.CPU, most(p.Limit.CPU)), Memory: min(want.Memory, most(p.Limit.Memory))}
	}
	return want
}

// resizable are the pods that request something else than they should, the most urgent
// first.
func (d *pass) resizable() (pods []plane.SizedPod) {
	for _, p := range d.seen.Sizes.Pods {
		want := d.wantOf(p)
		if p.Fault == nil && p.Reported && want != (plane.Amounts{}) && !p.Requested.Same(want) && d.aside(p) == nil {
			pods = append(pods, p)
		}
	}
	slices.SortStableFunc(pods, func(a, b plane.SizedPod) int {
		return cmp.Or(
			before(d.short(b), d.short(a)),                       // what is short before what is too much
			before(d.short(a) && a.Ready, d.short(b) && b.Ready), // of those that are short one that suffers
			// While a tenant grows another size is due before all have the last: the one that
			// is the furthest from it is next, so that none is left behind.
			cmp.Compare(d.shortage(a), d.shortage(b)),
			cmp.Compare(a.Component, b.Component),
			cmp.Compare(a.Pod, b.Pod))
	})
	return pods
}

// before orders false before true.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// short tells whether a pod requests less than it should of anything.
func (d *pass) short(p plane.SizedPod) bool {
	return p.Requested.Below(d.wantOf(p))
}

// shortage is what a pod requests of what it should, in twentieths; 20 or more where it is
// not short.
func (d *pass) shortage(p plane.SizedPod) int {
	want := d.wantOf(p)
	return int(20 * min(p.Requested.CPU/want.CPU, p.Requested.Memory/want.Memory, 1))
}

// lowers tells whether a pod would get less of anything.
func (d *pass) lowers(p plane.SizedPod) bool { return d.wantOf(p).Below(has(p)) }

// has is what a pod has: what it requests, unless its node has not given it that.
func has(p plane.SizedPod) plane.Amounts {
	waits := p.Resize.State == plane.ResizeDeferred || p.Resize.State == plane.ResizeInfeasible
	if waits && p.Allocated != (plane.Amounts{}) {
		return p.Allocated
	}
	return p.Requested
}

// resizePod begins the resize of one pod; back is why, where it takes another back.
func (d *pass) resizePod(p plane.SizedPod, to plane.Amounts, back string) {
	m := &d.memory.Sizes
	m.Resizing = &plane.Resizing{
		Component: p.Component, Pod: p.Pod, UID: p.UID, From: p.Requested, To: to, Began: d.now,
		Restarts: p.Restarts, Late: d.late(), Back: back,
	}
	r := plane.Reason{
		Code: v1alpha1.ReasonResizing, Message: fmt.Sprintf("resizes %s in place from %s to %s", p.Pod, p.Requested, to),
		Rejected: []string{"more than one pod at a time: what goes wrong with one is seen before the next"},
	}
	if back != "" {
		r.Code, r.Message = v1alpha1.ReasonSizingWorse, fmt.Sprintf("takes the resize of %s back, to %s: %s", p.Pod, to, back)
		r.Rejected = nil
	}
	if left := len(d.resizable()) - 1; left > 0 && back == "" {
		r.Evidence = append(r.Evidence, fmt.Sprintf("%d more pods follow, each after a gate", left))
	}
	begun := d.step(plane.Step{
		Kind: plane.ResizePod, Apply: true, Reason: r,
		Size: &plane.SizeStep{
			Component: p.Component, Pod: p.Pod, UID: p.UID, Container: p.Container, To: to, Limits: d.profile.Sizing.Limits,
			Lowers: to.Below(has(p)),
		},
	})
	if !begun && back == "" { // what was done to the pod has failed only just: it is tried anew
		m.Resizing = nil
	}
}
