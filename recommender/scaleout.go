// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/replicas"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// askedFor is how long a floor that was written may take to be seen in force before it is
// written again.
const askedFor = 15 * time.Second

// scales tells whether the number of replicas is decided at all.
func (d *pass) scales() bool {
	mode := d.profile.Scaling.Mode
	return mode == plane.Recommend || mode == plane.Enforce
}

// scaleOut decides how many replicas there should be at the least, and has the autoscaler
// go there. It comes after the sizes, whose bounds say what a replica may come to.
func (d *pass) scaleOut() {
	m := &d.memory.Scale
	if !d.scales() {
		*m = plane.ScaleMemory{}
		return
	}
	if !d.seen.Scale.Looked {
		return
	}
	seen := d.scaleSeen()
	d.scaled, m.Kept = replicas.Decide(seen, d.scaleBounds(), m.Kept, d.now)
	d.even, m.Uneven = replicas.Even(seen, d.seen.Scale.GoAway, m.Kept, m.Uneven, d.now)
	d.plan.Scale = plane.ScalePlan{Floor: d.scaled.Floor, Reason: d.scaleCode(), Why: d.scaleWhy()}
	d.setFloor()
	d.drain()
}

// scaleBounds are the profile's. An autoscaler of somebody else's has a most of its own.
func (d *pass) scaleBounds() replicas.Bounds {
	p, s := d.profile.Scaling, d.seen.Scale
	b := replicas.Bounds{Min: p.Min, Max: p.Max, Zones: p.Zones, ByZone: p.ByZone}
	if s.Fault == nil && s.Autoscaler != "" && !s.Own && s.Max > 0 {
		b.Max = min(b.Max, s.Max)
	}
	return b
}

// setFloor has the autoscaler go to the floor that was decided, where it is another.
func (d *pass) setFloor() {
	m, s, to := &d.memory.Scale, d.seen.Scale, d.scaled.Floor
	switch {
	case s.Fault != nil || to == 0:
		return
	case to == s.Floor:
		m.Shown, m.Asked = 0, 0
		delete(d.memory.Failed, plane.FloorName) // what was tried in vain is so all the same
		return
	case s.Autoscaler == "" && d.enforcing(d.profile.Scaling.Mode):
		return // it is being made, and begins with what runs
	case to < s.Floor && d.sight.blind():
		return
	}
	step := plane.Step{Kind: plane.SetFloor, Floor: &plane.FloorStep{From: s.Floor, To: to}, Apply: d.enforcing(d.profile.Scaling.Mode)}
	if !step.Apply {
		if m.Shown != to {
			m.Shown = to
			step.Reason = d.floorReason(step)
			d.step(step)
		}
		return
	}
	if d.floorWaits = d.awaitsCut(to); d.floorWaits != "" {
		return
	}
	_, failed := d.memory.Failed[plane.FloorName]
	if !failed && m.Asked == to && d.now.Sub(m.AskedAt) < askedFor {
		return
	}
	m.Asked, m.AskedAt = to, d.now
	step.Reason = d.floorReason(step)
	d.step(step)
}

// awaitsCut says what a floor waits for: before there are more replicas the line of each is
// what etcd carries with as many. Empty where it need not wait, or the line is not
// Evenkeel's to cut, as where the ballast's name is somebody else's.
func (d *pass) awaitsCut(to int) string {
	c := d.seen.Config
	if to <= len(d.seen.Replicas) || !d.enforcing(d.profile.LoadLine) || c == nil || slices.Contains(c.Taken, seats.BallastName) {
		return ""
	}
	most := max(seats.Among(d.memory.Line.Budget, to, d.sight.ceiling), d.lowestLine())
	if d.plan.LoadLine.Seats <= most {
		return ""
	}
	why := fmt.Sprintf("%d replicas wait for the load line: etcd carries %d seats of each of them, and %d are usable", to, most, d.plan.LoadLine.Seats)
	if failed, ok := d.memory.Failed[""]; ok {
		why += "; the cut failed: " + failed.Fault.Message
	}
	return why
}

// scaleCode is the stable word of what was decided.
func (d *pass) scaleCode() string {
	switch d.scaled.Reason {
	case replicas.Raised:
		return v1alpha1.ReasonFloorRaised
	case replicas.Lowered:
		return v1alpha1.ReasonFloorLowered
	case replicas.AtMax:
		return v1alpha1.ReasonAtMax
	case replicas.Unbounded:
		return v1alpha1.ReasonNotBounded
	case replicas.EtcdIsShort:
		return v1alpha1.ReasonEtcdIsShort
	case replicas.OneClient:
		return v1alpha1.ReasonOneClient
	case replicas.LoadSticks:
		return v1alpha1.ReasonLoadSticks
	case replicas.Offender:
		return v1alpha1.ReasonFloorHeld
	case replicas.Blind:
		if d.sight.blind() {
			return d.sight.faults[0].Reason
		}
		return v1alpha1.ReasonNoReplicas
	case replicas.Enough, replicas.Settling, replicas.Holding: // all is as it should be so far
	}
	return v1alpha1.ReasonAsExpected
}
