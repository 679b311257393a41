// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

const (
	// shownAgain is by how much, in parts, a line that is only recommended must move to
	// be recommended again.
	shownAgain = 0.2
	// lowestFound is the lowest line that the load may bring about: twice what the
	// protected levels need (shares.Needs), so that at least as much is left to all
	// others. A person may ask for less.
	lowestFound = 30
	// ceilingWindows of short seats at the ceiling are told of.
	ceilingWindows = 18
)

// findLine follows the live load with the line, between the bounds. usable is what the
// ballast leaves now.
func (d *pass) findLine(bounds seats.Bounds, usable int, held bool) int {
	line := &d.memory.Line
	if line.Seats == 0 && held {
		line.Seats = usable // an operator before this one had found it
	}
	if line.Seats == 0 || line.Seats == line.Bound {
		line.Seats = bounds.Ceiling
	}
	line.Bound = bounds.Ceiling
	if within := min(max(line.Seats, bounds.Floor), bounds.Ceiling); within != line.Seats {
		line.Seats, line.Why = within, "" // the bounds are the reason
	}
	enforcing := d.enforcing(d.profile.LoadLine)
	switch {
	case d.sight.blind():
		line.Gathering = nil
		*line, _ = seats.Find(*line, nil, nil, bounds, d.now)
		return line.Seats
	case d.profile.Paused, enforcing && !near(usable, line.Seats):
		line.Gathering = nil // what is served now is not of the line that is wanted
		return line.Seats
	}
	bounds.Usable = usable
	bounds.Floor = min(max(bounds.Floor, lowestFound), bounds.Ceiling)
	was := line.Seats
	next, windows := seats.Gather(*line, d.seen.Replicas, d.memory.BallastWritten)
	*line = next
	if windows == nil {
		return line.Seats
	}
	*line, _ = seats.Find(*line, windows, d.guards(), bounds, d.now)
	if !enforcing {
		line.Trial = nil // nothing will have become of it
		if moved := line.Seats - was; float64(max(moved, -moved)) < shownAgain*float64(was) {
			line.Seats = was
		}
	}
	return line.Seats
}

// budget is the most that the line may be for the sake of the one etcd.
func (d *pass) budget(usable int) (most int, why string) {
	if !d.sight.blind() {
		d.memory.Line.Budget = seats.Spend(d.memory.Line.Budget, d.seen.Replicas, d.coming(), usable, slices.ContainsFunc(d.memberGuards(), hard), d.now)
	}
	return seats.Budget(d.memory.Line.Budget, d.sight.ceiling)
}

func hard(g seats.Guard) bool { return !g.Mild }

// guards are what must not be loaded further, in words.
func (d *pass) guards() []seats.Guard {
	var guards []seats.Guard
	for _, r := range d.seen.Replicas {
		if p := r.Process; r.Ready && p.MemoryLimit > 0 && p.Resident > memoryFull*p.MemoryLimit {
			guards = append(guards, seats.Guard{Words: fmt.Sprintf("%s uses %.0f %% of the memory that it may", r.Name, 100*p.Resident/p.MemoryLimit)})
		}
	}
	return append(guards, d.memberGuards()...)
}

// memoryFull is the part of its memory limit from which on a replica is not loaded
// further: what is above it a few large lists take in a moment.
const memoryFull = 0.85

// ceilingReached tells when seats have been short at the ceiling for long although
// requests are quick: then it is the flags that hold the tenant back.
func (d *pass) ceilingReached() plane.Finding {
	f := plane.Finding{
		Condition: v1alpha1.ConditionCeilingReached, Reason: v1alpha1.ReasonAsExpected,
		Message: "the inflight flags leave room enough",
	}
	line := d.memory.Line
	if d.profile.LoadLine == plane.Off || line.Seats < d.sight.ceiling || line.Streaks.Short < ceilingWindows {
		return f
	}
	f.True, f.Reason = true, v1alpha1.ReasonAtCeiling
	f.Message = fmt.Sprintf("for some minutes requests have waited for seats at the ceiling of %d, and are quick once they run: "+
		"the replicas could carry more; %s would let them, in a rollout of your own", d.sight.ceiling, plane.FlagsFor(halfMore(d.sight.ceiling)))
	if d.profile.ManageFlags {
		f.Message = fmt.Sprintf("for some minutes requests have waited for seats at the ceiling of %d, and are quick once they run: "+
			"the replicas could carry more; the condition %s tells what is done about it", d.sight.ceiling, v1alpha1.ConditionFlagsManaged)
	}
	return f
}

// alike tells whether one replica is far slower than the others.
func (d *pass) alike() plane.Finding {
	f := plane.Finding{
		Condition: v1alpha1.ConditionReplicasAlike, True: true, Reason: v1alpha1.ReasonAsExpected,
		Message: "no replica is far slower than the others",
	}
	var slow []string
	for _, r := range d.seen.Replicas {
		if r.Ready && slices.Contains(d.memory.Line.Outliers, r.Name) {
			slow = append(slow, r.Name)
		}
	}
	if len(slow) > 0 {
		f.True, f.Reason = false, v1alpha1.ReasonReplicaSlow
		f.Message = fmt.Sprintf("%v serves the same requests far more slowly than the other replicas: look at its node and what else runs there; nobody's seats are cut for it", slow)
	}
	return f
}
