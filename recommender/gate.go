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
	// deferGrace is how long a node is waited for that has no room now: the kubelet tries
	// again by itself, the pod runs on as it is, and the others are resized meanwhile.
	deferGrace = 15 * time.Second
	// seenWithin is how long what was written may take to be seen.
	seenWithin = 30 * time.Second
	// failedFor and stuckFor are how long a node may fail, or say nothing, before the pod
	// is left alone.
	failedFor, stuckFor = 2 * time.Minute, 10 * time.Minute
	// lateFor is how long requests may be late after a resize before it is taken back.
	lateFor = time.Minute
	// stoppedFor is how long nothing is made smaller after something got worse.
	stoppedFor = time.Hour
)

// followResize follows the resize under way: it is over when the gate after it has held,
// when the pod is gone, or when it is given up.
func (d *pass) followResize() {
	m := &d.memory.Sizes
	if m.Resizing == nil {
		return
	}
	r := *m.Resizing // the memory of before is not changed
	m.Resizing = &r
	if fault := d.resizeFault(&r); fault != nil {
		r.Fault = fault
	}
	i := slices.IndexFunc(d.seen.Sizes.Pods, func(p plane.SizedPod) bool { return p.UID == r.UID })
	switch {
	case r.Fault != nil && slices.Contains(lasting, r.Fault.Reason):
		d.giveUp(&r, r.Fault.Reason, r.Fault.Message, asideFor, asideFor)
		return
	case i < 0:
		if d.now.Sub(r.Began) > failedFor {
			m.Resizing = nil // its successor is resized in its turn
		}
		return
	}
	p := d.seen.Sizes.Pods[i]
	if why := d.worse(p, &r); why != "" {
		d.stop(p, &r, why)
		return
	}
	d.pastGate(p, &r)
}

// giveUp leaves the pod alone for a while, and the others have their turn.
func (d *pass) giveUp(r *plane.Resizing, reason, why string, first, longest time.Duration) {
	d.memory.Sizes.Resizing = nil
	d.setAside(r.UID, plane.Aside{Reason: reason, Why: why, To: r.To, Lowers: r.To.Below(r.From)}, first, longest)
}

// pastGate holds the gate after a resize, and opens it when it has held.
func (d *pass) pastGate(p plane.SizedPod, r *plane.Resizing) {
	switch {
	case !p.Requested.Same(r.To):
		d.unwritten(p, r)
	case p.Resize.State != plane.ResizeSettled:
		r.Settled = time.Time{}
		d.followUp(p, r)
	case !p.Ready || p.Component == sizing.Etcd && !p.Well || d.late() && !r.Late:
		r.Settled = time.Time{}
	case r.Settled.IsZero():
		r.Settled = d.now
	case d.now.Sub(r.Settled) >= gateHolds:
		d.memory.Sizes.Resizing = nil
	}
}

// unwritten waits for what was written to be seen. A write that failed by chance may have
// been made all the same, so the gate holds for it too before it is tried again.
func (d *pass) unwritten(p plane.SizedPod, r *plane.Resizing) {
	failed := r.Fault != nil && r.Fault.Reason != v1alpha1.ReasonNotReadBack
	waited := d.now.Sub(r.Began)
	switch {
	case waited < retryAfter || !failed && waited <= seenWithin:
	case r.Back != "" && p.Requested.Same(r.From):
		if waited > seenWithin {
			d.resizePod(p, r.To, r.Back) // what got worse is not left so
		}
	case failed:
		d.giveUp(r, r.Fault.Reason, r.Fault.Message, retryAfter, retriesWithin)
	default:
		d.giveUp(r, v1alpha1.ReasonNotReadBack, fmt.Sprintf("somebody else has it request %s", p.Requested), asideFor, asideFor)
	}
}

// resizeFault is why the write failed; nil when it did not.
func (d *pass) resizeFault(r *plane.Resizing) *plane.Fault {
	for _, o := range d.seen.Outcomes {
		if o.Kind == plane.ResizePod && o.Name == aboutPod(r.Component, r.Pod) && o.Fault != nil {
			return o.Fault
		}
	}
	return nil
}

func (d *pass) late() bool { return d.memory.Line.Streaks.Strained > 0 }

// worse says what got worse after a resize that made something smaller, or what shows that
// it was no resize in place; empty when nothing did. A kill for memory while a pod is
// raised is what the raise is to cure.
func (d *pass) worse(p plane.SizedPod, r *plane.Resizing) string {
	lowered := r.To.Below(r.From)
	switch {
	case r.Back != "":
		return ""
	case !lowered && !p.OOMKilledAt().IsZero():
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

// stop has nothing made smaller for a while; what was made smaller is given back. What is
// short is raised all the same.
func (d *pass) stop(p plane.SizedPod, r *plane.Resizing, why string) {
	m := &d.memory.Sizes
	m.Stopped, m.StoppedWhy, m.Resizing = d.now.Add(stoppedFor), why, nil
	if r.To.Below(r.From) {
		d.resizePod(p, larger(r.From, r.To), why)
	}
}

// larger is the most of each.
func larger(a, b plane.Amounts) plane.Amounts {
	return plane.Amounts{CPU: max(a.CPU, b.CPU), Memory: max(a.Memory, b.Memory)}
}

// followUp waits for the node, and leaves the pod alone when it takes too long. What a
// node will not do is not left asked for: the scheduler counts what is asked for, and a
// limit that is half in force is in nobody's mind.
func (d *pass) followUp(p plane.SizedPod, r *plane.Resizing) {
	waited, lowers := d.now.Sub(r.Began), r.To.Below(r.From)
	reason, longest := v1alpha1.ReasonResizeStuck, asideFor
	switch {
	case p.Resize.State == plane.ResizeInfeasible:
		reason = v1alpha1.ReasonResizeInfeasible
	case p.Resize.State == plane.ResizeDeferred:
		if waited > deferGrace {
			d.memory.Sizes.Resizing = nil // wantEvictions looks after it
		}
		return
	case p.Resize.State == plane.ResizeFailed && waited > failedFor:
		if lowers {
			longest = refusedFor
		}
	case waited > stuckFor:
	default:
		return
	}
	why := fmt.Sprintf("%s: %s", p.Resize.State, p.Resize.Message)
	d.giveUp(r, reason, why, asideFor, longest)
	switch {
	case d.mayEvict(p): // wantEvictions wants it
	case r.Back != "":
	case p.Resize.State == plane.ResizeInfeasible && p.Allocated != (plane.Amounts{}):
		d.resizePod(p, p.Allocated, why)
	case p.Resize.State == plane.ResizeFailed && lowers:
		d.resizePod(p, larger(r.From, r.To), why)
	}
}
