// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"

	"evenkeel.dev/evenkeel/bench/report"
)

// unitPercent is the unit of a swing.
const unitPercent = "%"

// name is that of a figure.
func name(plant, limiter, figure string) string {
	return "limiter." + plant + "." + limiter + "." + figure
}

// add writes the verdicts of all runs into the report.
func add(r *report.Report, plant, limiter string, runs []verdict) {
	for _, f := range []struct {
		name, unit string
		of         func(verdict) float64
	}{
		{"goodput_part", report.UnitCount, func(v verdict) float64 { return v.goodput }},
		{"swing_pct", unitPercent, func(v verdict) float64 { return v.swing }},
		{"limit", report.UnitCount, func(v verdict) float64 { return v.limit }},
		{"pace", report.UnitCount, func(v verdict) float64 { return v.pace }},
		{"early_goodput_part", report.UnitCount, func(v verdict) float64 { return v.earlyGoodput }},
		{"early_pace", report.UnitCount, func(v verdict) float64 { return v.earlyPace }},
		{"lowest_limit", report.UnitCount, func(v verdict) float64 { return v.lowest }},
	} {
		var samples []float64
		for _, v := range runs {
			samples = append(samples, f.of(v))
		}
		r.Add(name(plant, limiter, f.name), f.unit, samples...)
	}
	var seconds, requests []float64
	for _, v := range runs {
		if v.settled {
			seconds, requests = append(seconds, v.settleSeconds), append(requests, v.settleRequests)
		}
	}
	if restless := len(runs) - len(seconds); restless > 0 {
		why := fmt.Sprintf("the limit does not come to rest in %d of %d runs", restless, len(runs))
		r.Miss(name(plant, limiter, "settle_seconds"), why)
		r.Miss(name(plant, limiter, "settle_requests"), why)
		return
	}
	r.Add(name(plant, limiter, "settle_seconds"), report.UnitSeconds, seconds...)
	r.Add(name(plant, limiter, "settle_requests"), report.UnitCount, requests...)
}

// titles are the limiters as people know them.
var titles = []struct{ name, title string }{
	{"evenkeel", "Evenkeel"},
	{"failsafe", "failsafe-go"},
}

// table is the report for people.
func table(r *report.Report) report.Table {
	t := report.Table{
		Head: []string{"plant", "limiter", "goodput", "pace", "limit", "swing", "settled after", "first 5 min: goodput", "pace", "lowest limit"},
		Left: []int{1},
	}
	for _, p := range plants() {
		for _, l := range titles {
			cell := func(figure string, words func(report.Figure) string) string {
				f, ok := r.Figure(name(p.name, l.name, figure))
				if !ok {
					return "never"
				}
				return words(f)
			}
			t.Rows = append(t.Rows, []string{
				p.name, l.title, cell("goodput_part", percent), cell("pace", times), cell("limit", whole),
				cell("swing_pct", func(f report.Figure) string { return whole(f) + " %" }),
				cell("settle_seconds", func(f report.Figure) string { return whole(f) + " s" }),
				cell("early_goodput_part", percent), cell("early_pace", times), cell("lowest_limit", whole),
			})
		}
	}
	return t
}

// percent is a part for people, with its extremes where the runs differ.
func percent(f report.Figure) string {
	p := func(part float64) float64 { return math.Round(100 * part) }
	if p(f.Max)-p(f.Min) < 5 {
		return fmt.Sprintf("%.0f %%", p(f.Value))
	}
	return fmt.Sprintf("%.0f %% (%.0f to %.0f)", p(f.Value), p(f.Min), p(f.Max))
}

func times(f report.Figure) string { return fmt.Sprintf("%.1f×", f.Value) }

func whole(f report.Figure) string { return fmt.Sprintf("%.0f", f.Value) }
