// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"context"
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/bench/load/swarm"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/scenario"
)

// underEvenkeel plays the load while Evenkeel decides, from the tenant at rest.
func (r *run) underEvenkeel(ctx context.Context, s *scenario.Overload) error {
	// What was held by hand is given back first, and what the loads before have taught
	// of the line is forgotten: Evenkeel starts as it would.
	if err := r.recommend(ctx); err != nil {
		return err
	}
	if err := r.anew(ctx); err != nil {
		return err
	}
	if err := r.enforce(ctx); err != nil {
		return err
	}
	l, err := r.let(ctx, s, *s.Load)
	if err != nil {
		return err
	}
	defer l.end()
	whole, err := r.measure(ctx, s.Name, "Evenkeel", s.Phases.Evenkeel.Duration)
	if err != nil {
		return err
	}
	l.end()
	recovered, err := r.recover(ctx, s)
	if err != nil {
		return err
	}
	name := report.Overload(s.Name, report.Evenkeel)
	r.report.Add(name+".recover_seconds", "s", recovered.Seconds())
	r.addLine(s, l, whole)
	r.addPhase(name, l.load, r.steady(s, l, whole))
	r.addVictims(report.Overload(s.Name, report.Whole), whole)
	r.report.Add(report.Overload(s.Name, report.Whole)+"."+report.Goodput, "/s", r.goodput(l.load, whole))
	r.report.Add(report.Overload(s.Name, "sentences"), "", float64(r.follow.jailedIn(whole.from, whole.to)))
	return nil
}

// steady is the part of the load that counts: from when the line has settled, and at
// least the end that a scenario sets aside for it.
func (r *run) steady(s *scenario.Overload, l *loose, whole window) window {
	after := max(settled(r.follow.points(), l.began, whole.to), s.Phases.Saturate.Duration)
	from := l.began.Add(after)
	if last := whole.to.Add(-s.Phases.Steady.Duration); from.After(last) {
		from = last
	}
	return window{from, whole.to}
}

// addLine puts what the line did into the report.
func (r *run) addLine(s *scenario.Overload, l *loose, whole window) {
	points := r.follow.points()
	after := settled(points, l.began, whole.to)
	last := whole.to.Add(-s.Phases.Steady.Duration)
	if l.began.Add(after).After(last) {
		r.report.Miss(report.Overload(s.Name, report.Settle), fmt.Sprintf(
			"the line moved by more than 5 %% as late as %.0f s after the load began, in the last %.0f s of it", after.Seconds(), s.Phases.Steady.Seconds()))
	} else {
		r.report.Add(report.Overload(s.Name, report.Settle), "s", after.Seconds())
	}
	r.report.Add(report.Overload(s.Name, report.Oscillation), "%", oscillation(points, last, whole.to))
	if seats, ok := valueAt(points, whole.to); ok {
		r.report.Add(report.Overload(s.Name, report.Line), "", float64(seats))
	}
	r.report.Add(report.Overload(s.Name, "cuts"), "", float64(cuts(points, l.began, whole.to)))
}

// healthy plays the healthy traces, each by upstream's defaults and under Evenkeel.
func (r *run) healthy(ctx context.Context, s *scenario.Overload) error {
	for _, t := range s.Traces {
		r.state.phase(s.Name, "storing what the load reads", 0)
		if err := r.objects(ctx, t.Load); err != nil {
			return err
		}
	}
	if err := r.recommend(ctx); err != nil {
		return err
	}
	w, err := r.measure(ctx, s.Name, "quiet", 5*time.Second)
	if err != nil {
		return err
	}
	r.calm = r.stats(w).P99
	byDefault, err := r.traces(ctx, s, report.Default)
	if err != nil {
		return err
	}
	if err := r.anew(ctx); err != nil {
		return err
	}
	if err := r.enforce(ctx); err != nil {
		return err
	}
	from := time.Now()
	evenkeel, err := r.traces(ctx, s, report.Evenkeel)
	if err != nil {
		return err
	}
	to := time.Now()
	rejected := 0.0
	for i := range evenkeel {
		rejected += max(0, evenkeel[i]-byDefault[i])
	}
	r.report.Add(report.Overload(s.Name, "cuts"), "", float64(cuts(r.follow.points(), from, to)))
	r.report.Add(report.Overload(s.Name, "sentences"), "", float64(r.follow.jailedIn(from, to)))
	r.report.Add(report.Overload(s.Name, "rejected"), "", rejected)
	return r.recommend(ctx)
}

// traces plays every trace once and returns how many requests were refused in each: as
// the apiservers count them, and as the load does where that is more.
func (r *run) traces(ctx context.Context, s *scenario.Overload, mode string) ([]float64, error) {
	var refused []float64
	for _, t := range s.Traces {
		n, err := r.trace(ctx, s, t, mode)
		if err != nil {
			return nil, fmt.Errorf("trace %s, %s: %w", t.Name, mode, err)
		}
		refused = append(refused, n)
	}
	return refused, nil
}

func (r *run) trace(ctx context.Context, s *scenario.Overload, t scenario.Trace, mode string) (float64, error) {
	before, err := r.refused(ctx)
	if err != nil {
		return 0, err
	}
	l, err := r.let(ctx, s, t.Load)
	if err != nil {
		return 0, err
	}
	defer l.end()
	w, err := r.measure(ctx, s.Name, t.Name+", "+mode, s.Phases.Default.Duration)
	if err != nil {
		return 0, err
	}
	l.end()
	if _, err := r.recover(ctx, s); err != nil {
		return 0, err
	}
	after, err := r.refused(ctx)
	if err != nil {
		return 0, err
	}
	name := report.Overload(s.Name, t.Name) + "." + mode
	n := max(after-before, float64(swarm.Rejected(w.from, w.to, l.load.Classes()...)+r.stats(w).Rejected))
	r.addVictims(name, w)
	r.report.Add(name+".rejected", "", n)
	return n, nil
}
