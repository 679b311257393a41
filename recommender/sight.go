// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// staleTicks is after how many ticks a page is too old to decide by.
const staleTicks = 3

// sight is what can be seen of the plane.
type sight struct {
	ready int
	// ceiling is the highest of the ready replicas, so that a line drawn for it
	// is not exceeded by any.
	ceiling int
	// faults are why Evenkeel is blind; empty when it is not.
	faults []plane.Fault
}

func (s sight) blind() bool { return len(s.faults) > 0 }

// look finds out what can be seen and who suffers.
func (d *pass) look() {
	for _, r := range d.seen.Replicas {
		if !r.Ready {
			continue
		}
		d.sight.ready++
		d.sight.ceiling = max(d.sight.ceiling, r.Ceiling)
		if fault := d.faultOf(r); fault != nil {
			d.sight.faults = append(d.sight.faults, *fault)
		}
	}
	if d.sight.ready == 0 {
		d.sight.faults = append(d.sight.faults, plane.Fault{
			Reason:  v1alpha1.ReasonNoReplicas,
			Message: "no apiserver replica is ready: nothing can be seen, everything is held as it is",
		})
	}
	if d.seen.Config == nil {
		fault := plane.Fault{Reason: v1alpha1.ReasonTenantUnreachable, Message: "the tenant's flow-control configuration could not be read"}
		if d.seen.ConfigFault != nil {
			fault = *d.seen.ConfigFault
		}
		d.sight.faults = append(d.sight.faults, fault)
	}
	d.harm = offender.Look(d.seen.Replicas, d.memory.Baselines, time.Time{})
	if sample, ok := offender.Merge(d.seen.Replicas); ok {
		d.memory.Samples = offender.Keep(d.memory.Samples, sample)
	}
}

// faultOf says why a ready replica cannot be relied on; nil when it can.
func (d *pass) faultOf(r plane.Replica) *plane.Fault {
	switch age := d.now.Sub(r.Observed); {
	case r.Fault != nil:
		return &plane.Fault{Reason: r.Fault.Reason, Message: r.Name + ": " + r.Fault.Message}
	case r.Observed.IsZero():
		return &plane.Fault{Reason: v1alpha1.ReasonStale, Message: r.Name + ": no page has been read yet"}
	case age > staleTicks*d.profile.Tick:
		return &plane.Fault{Reason: v1alpha1.ReasonStale, Message: fmt.Sprintf("%s: its last page is %s old", r.Name, age.Round(time.Second))}
	case r.Ceiling <= 0:
		return &plane.Fault{Reason: v1alpha1.ReasonCeilingUnknown, Message: r.Name + ": --max-requests-inflight and --max-mutating-requests-inflight add up to nothing: set both above 0"}
	default:
		return d.mismatch(r)
	}
}

// mismatch compares the nominal limits of the levels that exist with the
// ceiling: they add up to it, and a seat more for each level at the most, because
// each is rounded up. Anything else means that the flags are not what the pod's
// arguments say, or that a change is under way.
func (d *pass) mismatch(r plane.Replica) *plane.Fault {
	if d.seen.Config == nil || len(r.Levels) == 0 {
		return nil
	}
	nominal := map[string]int{}
	for _, l := range r.Levels {
		nominal[l.Name] = l.Nominal
	}
	sum, levels := 0, 0
	for _, l := range d.seen.Config.Levels {
		if _, ok := nominal[l.Name]; !ok {
			return nil // written since the page was read
		}
		sum += nominal[l.Name]
		levels++
	}
	if sum >= r.Ceiling && sum <= r.Ceiling+levels || d.unsettled(nominal) {
		return nil
	}
	return &plane.Fault{
		Reason: v1alpha1.ReasonCeilingUnknown,
		Message: fmt.Sprintf("%s: its priority levels add up to %d seats, but its inflight flags to %d: are they set elsewhere than in the container's arguments?",
			r.Name, sum, r.Ceiling),
	}
}

// unsettled is true while a replica still shows levels that the configuration no
// longer has, or a write has only just been made: its limits may lag behind.
func (d *pass) unsettled(nominal map[string]int) bool {
	if d.now.Sub(d.memory.BallastWritten) < staleTicks*d.profile.Tick {
		return true
	}
	for _, s := range d.memory.Offenders {
		if d.now.Sub(s.Regraded) < staleTicks*d.profile.Tick || s.Phase == plane.PhaseReleased && d.now.Sub(s.Until) < staleTicks*d.profile.Tick {
			return true
		}
	}
	return len(nominal) == 0
}
