// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"context"
	"fmt"

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

// sweep holds the load line by hand at one value after another. Every line has the load
// from its beginning, and holds before it comes: what another line has let in, or the
// clients that it has told to come back much later, would weigh on it.
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
	var all []tried
	try := func(lines []int32) error {
		for _, seats := range lines {
			t, held, err := r.try(ctx, s, seats)
			if err != nil {
				return err
			}
			if held {
				all = append(all, t)
			}
		}
		return nil
	}
	if err := try(geometric(max(s.Sweep.Least, int(floor)), int(seen.Status.LoadLine.Ceiling), s.Sweep.Values)); err != nil {
		return err
	}
	if best, ok := bestOf(all, r.bar(s)); ok {
		if err := try(around(best.seats, seatsOf(all), s.Sweep.Around)); err != nil {
			return err
		}
	}
	r.addSweep(s, all)
	return nil
}

// try holds one line under the load. One that is not held in time is named and left
// out.
func (r *run) try(ctx context.Context, s *scenario.Overload, seats int32) (t tried, held bool, err error) {
	r.state.phase(s.Name, fmt.Sprintf("line by hand: %d", seats), 0)
	if err := r.pin(ctx, seats); err != nil {
		r.report.Miss(report.Sweep(s.Name, int(seats), report.Goodput), err.Error())
		return t, false, ctx.Err()
	}
	l, err := r.let(ctx, s, *s.Load)
	if err != nil {
		return t, false, err
	}
	defer l.end()
	if _, err := r.measure(ctx, s.Name, fmt.Sprintf("line by hand: %d, warming up", seats), s.Phases.Saturate.Duration); err != nil {
		return t, false, err
	}
	w, err := r.measure(ctx, s.Name, fmt.Sprintf("line by hand: %d", seats), s.Phases.Each.Duration)
	if err != nil {
		return t, false, err
	}
	l.end()
	if _, err := r.recover(ctx, s); err != nil {
		return t, false, err
	}
	return tried{seats: seats, window: w, p99: milliseconds(r.stats(w).P99), goodput: r.goodput(l.load, w)}, true, nil
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
