// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"context"
	"fmt"
	"slices"

	"evenkeel.dev/evenkeel/bench/load/swarm"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/scenario"
)

// tried is a line that was held by hand and what came of it.
type tried struct {
	seats   int32
	p99     float64 // milliseconds; 0 when no victim was answered
	goodput float64
	window  window
}

// sweep holds the load line by hand at one value after another, upwards so that what a
// high line let in does not weigh on a low one, while the load stays on.
func (r *run) sweep(ctx context.Context, s *scenario.Overload) error {
	seen, _ := r.profile.Now()
	if seen.Status.LoadLine == nil {
		return fmt.Errorf("the profile says nothing of a load line: %s", seen.Name)
	}
	r.state.phase(s.Name, "the lowest line by hand", 0)
	floor, err := r.lowest(ctx)
	if err != nil {
		return err
	}
	lines := geometric(max(s.Sweep.Least, int(floor)), int(seen.Status.LoadLine.Ceiling), s.Sweep.Values)
	// The lowest line holds before the load comes: what it would let in first by
	// default would weigh on it for long.
	r.state.phase(s.Name, fmt.Sprintf("line by hand: %d", lines[0]), 0)
	if err := r.pin(ctx, lines[0]); err != nil {
		return err
	}
	l, err := r.let(ctx, s, *s.Load)
	if err != nil {
		return err
	}
	defer l.end()
	var all []tried
	for i, seats := range lines {
		all = r.try(ctx, s, seats, i == 0, all)
	}
	// Which was best so far is told from what has ended by now.
	r.judgeTried(l.load, all)
	if best, ok := bestOf(all, r.bar(s)); ok {
		more := around(best.seats, seatsOf(all), s.Sweep.Around)
		slices.Sort(more)
		for _, seats := range more {
			all = r.try(ctx, s, seats, false, all)
		}
	}
	l.end()
	if _, err := r.recover(ctx, s); err != nil {
		return err
	}
	r.judgeTried(l.load, all)
	r.addSweep(s, all)
	return ctx.Err()
}

// try holds one line. One that is not held in time is named and left out.
func (r *run) try(ctx context.Context, s *scenario.Overload, seats int32, first bool, all []tried) []tried {
	if ctx.Err() != nil {
		return all
	}
	r.state.phase(s.Name, fmt.Sprintf("line by hand: %d", seats), 0)
	if err := r.pin(ctx, seats); err != nil {
		r.report.Miss(report.Sweep(s.Name, int(seats), report.Goodput), err.Error())
		return all
	}
	warm := s.Phases.Warm.Duration
	if first {
		warm = max(warm, s.Phases.Saturate.Duration)
	}
	if _, err := r.measure(ctx, s.Name, fmt.Sprintf("line by hand: %d, warming up", seats), warm); err != nil {
		return all
	}
	w, err := r.measure(ctx, s.Name, fmt.Sprintf("line by hand: %d", seats), s.Phases.Each.Duration)
	if err != nil {
		return all
	}
	return append(all, tried{seats: seats, window: w})
}

// judgeTried reads the figures of each line from the records.
func (r *run) judgeTried(l swarm.Load, all []tried) {
	for i := range all {
		all[i].p99 = milliseconds(r.stats(all[i].window).P99)
		all[i].goodput = r.goodput(l, all[i].window)
	}
}

// addSweep puts the sweep into the report: every line, and the best.
func (r *run) addSweep(s *scenario.Overload, all []tried) {
	for _, t := range all {
		r.addVictims(report.Sweep(s.Name, int(t.seats), ""), t.window)
		r.report.Add(report.Sweep(s.Name, int(t.seats), report.Goodput), "/s", t.goodput)
	}
	best, ok := bestOf(all, r.bar(s))
	if !ok {
		r.report.Miss(report.Overload(s.Name, report.BestGoodput), "no line was held by hand")
		return
	}
	r.report.Add(report.Overload(s.Name, report.BestGoodput), "/s", best.goodput)
	r.report.Add(report.Overload(s.Name, report.BestLine), "", float64(best.seats))
}

// bar is what the victims' p99 may be in a scenario, in milliseconds.
func (r *run) bar(s *scenario.Overload) float64 {
	f, ok := r.report.Figure(report.Overload(s.Name, report.Default) + "." + report.P99)
	if !ok {
		return report.VictimsMost(0)
	}
	return report.VictimsMost(f.Value)
}

// bestOf is the line with the most goodput among those that keep the victims well; when
// none does, among all. Goodput alone would choose a line at which the load is served
// and the nodes' leases are not.
func bestOf(all []tried, bar float64) (best tried, ok bool) {
	well := func(t tried) bool { return t.p99 > 0 && t.p99 <= bar }
	for _, t := range all {
		switch {
		case !ok, well(t) && !well(best), well(t) == well(best) && t.goodput > best.goodput:
			best, ok = t, true
		}
	}
	return best, ok
}

func seatsOf(all []tried) []int32 {
	seats := make([]int32, 0, len(all))
	for _, t := range all {
		seats = append(seats, t.seats)
	}
	return seats
}
