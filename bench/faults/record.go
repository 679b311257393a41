// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"fmt"
	"slices"

	"evenkeel.dev/evenkeel/bench/report"
)

// Record puts an outcome into a report.
func Record(r *report.Report, o Outcome, only []Kind) {
	for _, k := range Kinds() {
		if len(only) == 0 || slices.Contains(only, k) {
			recordKind(r, k, o)
		}
	}
	r.Add(report.FaultKills, report.UnitCount, float64(len(o.Strikes)))
	r.Add(report.FaultRequests, report.UnitCount, float64(o.Requests))
	r.Add(report.FaultOutside, report.UnitCount, float64(o.Outside))
	r.Add(report.FaultMoved, report.UnitCount, float64(o.Moved))
	for _, name := range []string{"apiserver", "member"} {
		if share, ok := o.CPU[name]; ok {
			r.Add(report.FaultLoad(name), "%", 100*share)
		}
	}
	r.Add(report.FaultWrites, report.UnitCount, float64(o.Writes.Acknowledged))
	r.Add(report.FaultUnknown, report.UnitCount, float64(o.Writes.Unknown))
	switch {
	case o.Writes.Lost+o.Writes.Strange > 0:
		// What is lost is lost, whatever could not be read besides.
		r.Add(report.FaultLost, report.UnitCount, float64(o.Writes.Lost+o.Writes.Strange))
	case o.Unread != nil:
		r.Miss(report.FaultLost, fmt.Sprintf("not every acknowledged write could be read back: %v", o.Unread))
	case o.Writes.Reads == 0:
		r.Miss(report.FaultLost, "nothing was read back")
	default:
		r.Add(report.FaultLost, report.UnitCount, 0)
	}
	for _, seen := range []struct {
		name string
		n    int
	}{{report.FaultRisked, len(o.Risked)}, {report.FaultSteps, len(o.Steps)}, {report.FaultQuorum, o.QuorumLost}} {
		if o.Looks == 0 {
			r.Miss(seen.name, "the members were never seen")
			continue
		}
		r.Add(seen.name, report.UnitCount, float64(seen.n))
	}
	if o.Cut != nil {
		r.Miss(report.FaultWhole, fmt.Sprintf("the play ended early: %v", o.Cut))
	}
}

// samples are one figure of a kind, one for each of its strikes.
type samples struct {
	name, unit string
	values     []float64
	// why is what kept it from being taken of a strike.
	why string
}

func recordKind(r *report.Report, k Kind, o Outcome) {
	var failed, leaderless, inFlight, first, every, ready, late []float64
	why := "the fault was not played"
	for i := range o.Strikes {
		s := &o.Strikes[i]
		if s.Kind != k {
			continue
		}
		leaderless = append(leaderless, float64(s.Leaderless))
		failed, inFlight = append(failed, float64(s.Failed)), append(inFlight, float64(s.InFlight))
		late = append(late, float64(len(s.Late)))
		if len(s.Late) > 0 {
			why = s.Late[0]
		}
		for _, m := range []struct {
			to   *[]float64
			took float64
		}{{&first, s.First.Seconds()}, {&every, s.Every.Seconds()}, {&ready, s.Ready.Seconds()}} {
			if m.took > 0 {
				*m.to = append(*m.to, m.took)
			}
		}
	}
	name := func(figure string) string { return report.Fault(string(k), figure) }
	// Writes are what a zone and a member are missed by; an apiserver and Evenkeel are back
	// when they are ready again.
	recovered, again := ready, "ready_seconds"
	if k == Zone || k == Member {
		recovered = first
	}
	if k == Zone {
		again = "spread_seconds"
	}
	for _, f := range []samples{
		{name("failed"), report.UnitCount, failed, why},
		{name("leaderless_failed"), report.UnitCount, leaderless, why},
		{name("inflight_failed"), report.UnitCount, inFlight, why},
		{name("recover_seconds"), report.UnitSeconds, recovered, why},
		{name("first_write_seconds"), report.UnitSeconds, first, why},
		{name("every_writer_seconds"), report.UnitSeconds, every, why},
		{name(again), report.UnitSeconds, ready, why},
		{name("late"), report.UnitCount, late, why},
	} {
		if len(f.values) == 0 {
			r.Miss(f.name, f.why)
			continue
		}
		r.Add(f.name, f.unit, f.values...)
	}
}
