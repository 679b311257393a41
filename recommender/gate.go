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

const (
	// gateHolds is how long all must be well after a resize before the next.
	gateHolds = 5 * time.Second
	// deferredFor is how long a pod may wait for room on its node before it is evicted,
	// where that is allowed; the VPA's updater waits as long
	// (restriction/pods_inplace_restriction.go). The kubelet tries again by itself, and the
	// pod runs on as it is: after deferGrace the others are resized meanwhile.
	deferredFor, deferGrace = 5 * time.Minute, 15 * time.Second
	// failedFor and stuckFor are how long a node may fail, or say nothing, before the pod
	// is left alone.
	failedFor, stuckFor = 2 * time.Minute, 10 * time.Minute
	// lateFor is how long requests may be late after a resize before it is taken back.
	lateFor = time.Minute
	// asideFor is how long a pod is left alone that its node could not resize, and
	// stoppedFor how long everything is after something got worse.
	asideFor, stoppedFor = 30 * time.Minute, time.Hour
)

// followResize follows the resize under way: it is over when the gate after it has held,
// when the pod is gone, or when it is given up.
func (d *pass) followResize() {
	m := &d.memory.Sizes
	r := m.Resizing
	if r == nil {
		return
	}
	if fault := d.resizeFault(r); fault != nil {
		d.setAside(r.UID, fault.Message)
		m.Resizing = nil
		return
	}
	i := slices.IndexFunc(d.seen.Sizes.Pods, func(p plane.SizedPod) bool { return p.UID == r.UID })
	if i < 0 {
		if d.now.Sub(r.Began) > failedFor {
			m.Resizing = nil // its successor is resized in its turn
		}
		return
	}
	p := d.seen.Sizes.Pods[i]
	if why := d.worse(p, r); why != "" {
		d.stop(p, r, why)
		return
	}
	d.pastGate(p, r)
}

// pastGate holds the gate after a resize, and opens it when it has held.
func (d *pass) pastGate(p plane.SizedPod, r *plane.Resizing) {
	m := &d.memory.Sizes
	now := *r
	m.Resizing = &now
	switch {
	case !p.Requested.Same(r.To):
		if d.now.Sub(r.Began) > leaderWithin { // the cache must have seen it by now
			d.setAside(r.UID, fmt.Sprintf("somebody else has it request %s", p.Requested))
			m.Resizing = nil
		}
	case p.Resize.State != plane.ResizeSettled:
		now.Settled = time.Time{}
		d.followUp(p, r)
	case !p.Ready || p.Component == sizing.Etcd && !p.Well || d.late() && !r.Late:
		now.Settled = time.Time{}
	case now.Settled.IsZero():
		now.Settled = d.now
	case d.now.Sub(now.Settled) >= gateHolds:
		m.Resizing = nil
	}
}

// resizeFault is why the write failed; nil when it did not.
func (d *pass) resizeFault(r *plane.Resizing) *plane.Fault {
	name := "size/" + string(r.Component) + "/" + r.Pod
	for _, o := range d.seen.Outcomes {
		if o.Kind == plane.ResizePod && o.Name == name && o.Fault != nil {
			return o.Fault
		}
	}
	return nil
}

func (d *pass) late() bool { return d.memory.Line.Streaks.Strained > 0 }

// worse says what got worse after a resize that made something smaller, or what shows that
// it was no resize in place; empty when nothing did.
func (d *pass) worse(p plane.SizedPod, r *plane.Resizing) string {
	lowered := r.To.Below(r.From)
	switch {
	case r.Back:
		return ""
	case p.Restarts > r.Restarts && !p.CPURestarts && !p.MemoryRestarts:
		return fmt.Sprintf("%s restarted after it (%s)", p.Pod, p.Ended)
	case lowered && d.late() && !r.Late && d.now.Sub(r.Began) > lateFor:
		return "requests are late since"
	case lowered && !p.Ready && d.now.Sub(r.Began) > failedFor:
		return p.Pod + " is not ready since"
	}
	return ""
}

// stop ends all resizing for a while; what was made smaller is given back.
func (d *pass) stop(p plane.SizedPod, r *plane.Resizing, why string) {
	m := &d.memory.Sizes
	m.Stopped, m.StoppedWhy, m.Resizing = d.now.Add(stoppedFor), why, nil
	if r.To.Below(r.From) {
		d.resizePod(p, plane.Amounts{CPU: max(r.From.CPU, r.To.CPU), Memory: max(r.From.Memory, r.To.Memory)}, true)
	}
}

// followUp waits for the node, and leaves the pod alone when it takes too long.
func (d *pass) followUp(p plane.SizedPod, r *plane.Resizing) {
	waited := d.now.Sub(r.Began)
	switch {
	case p.Resize.State == plane.ResizeInfeasible:
	case p.Resize.State == plane.ResizeDeferred:
		if waited > deferGrace {
			d.memory.Sizes.Resizing = nil // evictStuck looks after it
		}
		return
	case p.Resize.State == plane.ResizeFailed && waited > failedFor:
	case waited > stuckFor:
	default:
		return
	}
	why := fmt.Sprintf("%s: %s", p.Resize.State, p.Resize.Message)
	d.setAside(r.UID, why)
	d.memory.Sizes.Resizing = nil
	if d.mayEvict(p) {
		d.evict(p, why)
		return
	}
	if p.Resize.State == plane.ResizeInfeasible && p.Allocated != (plane.Amounts{}) {
		// The scheduler counts what is asked for, not what the pod has.
		d.memory.Sizes.StoppedWhy = why
		d.resizePod(p, p.Allocated, true)
	}
}

// evictStuck evicts a pod that has waited for room on its node for too long.
func (d *pass) evictStuck() {
	for _, p := range d.seen.Sizes.Pods {
		since := p.Resize.Since
		_, aside := d.memory.Sizes.Aside[p.UID]
		if p.Fault != nil || aside || p.Resize.State != plane.ResizeDeferred || since.IsZero() || d.now.Sub(since) < deferredFor {
			continue
		}
		if d.mayEvict(p) {
			d.setAside(p.UID, "it is being evicted")
			d.evict(p, "Deferred: "+p.Resize.Message)
			return
		}
	}
}

func (d *pass) setAside(uid, why string) {
	d.memory.Sizes.Aside[uid] = plane.Aside{Until: d.now.Add(asideFor), Why: why}
}

// mayEvict tells whether a pod that is stuck may go to another node: the others must do
// without it.
func (d *pass) mayEvict(p plane.SizedPod) bool {
	starved := p.Allocated.Below(p.Requested)
	if !d.profile.Sizing.Evict || !starved || p.Leader || d.sight.blind() || d.late() {
		return false
	}
	others := 0
	for _, o := range d.podsOf(p.Component) {
		if o.UID == p.UID {
			continue
		}
		if !o.Ready || p.Component == sizing.Etcd && !o.Well {
			return false
		}
		others++
	}
	return others >= 2 || p.Component == sizing.APIServer && others >= 1
}

func (d *pass) evict(p plane.SizedPod, why string) {
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
