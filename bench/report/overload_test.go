// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"testing"
)

// overloaded is the report of two scenarios, of which one went well.
func overloaded() *Report {
	r := sample()
	r.Target, r.Figures, r.Missing = "bench-overload", nil, nil
	add := func(scenario string, quiet, byDefault, evenkeel, goodput, best, found float64) {
		r.Add(Overload(scenario, Quiet+"."+P99), UnitMilliseconds, quiet)
		r.Add(Overload(scenario, Default+"."+P99), UnitMilliseconds, byDefault)
		r.Add(Overload(scenario, Default+"."+Goodput), UnitPerSecond, goodput)
		for i, seats := range []int{107, 8, 29} {
			r.Add(Sweep(scenario, seats, P99), UnitMilliseconds, 40*float64(seats))
			r.Add(Sweep(scenario, seats, Failed), UnitCount, float64(i))
			r.Add(Sweep(scenario, seats, Goodput), UnitPerSecond, best-float64(i))
		}
		r.Add(Overload(scenario, BestGoodput), UnitPerSecond, best)
		r.Add(Overload(scenario, BestLine), UnitCount, 29)
		r.Add(Overload(scenario, Evenkeel+"."+P99), UnitMilliseconds, evenkeel)
		r.Add(Overload(scenario, Evenkeel+"."+Goodput), UnitPerSecond, found)
		r.Add(Overload(scenario, Oscillation), UnitPercent, 2.5)
		r.Add(Overload(scenario, Line), UnitCount, 31)
	}
	for _, part := range []string{"cuts", "sentences", "rejected"} {
		r.Add(Overload(Healthy, part), UnitCount, 0)
	}
	r.Add(Overload(Healthy, "short-burst.default.rejected"), UnitCount, 0)
	add("crowd", 21, 9000, 310, 250, 420, 415)
	r.Add(Overload("crowd", Settle), UnitSeconds, 24)
	add("giants", 21, 30_000, 1700, 3, 40, 22)
	r.Miss(Overload("giants", Settle), "the line moved until the end")
	r.Add(OverloadSeconds, UnitSeconds, 2300)
	return r
}

func TestOverloadGoldens(t *testing.T) {
	o := NewOverload(overloaded())
	golden(t, "overload.txt", o.Text())
	golden(t, "overload.md", o.Markdown())
}

func TestOverloadBars(t *testing.T) {
	var unmet []string
	for _, b := range NewOverload(overloaded()).Unmet() {
		unmet = append(unmet, b.Key)
	}
	if want := []string{"giants-victims", "giants-goodput", "giants-settle"}; !slices.Equal(unmet, want) {
		t.Errorf("not met are %v, want %v", unmet, want)
	}
}

func TestVictimsMost(t *testing.T) {
	for byDefault, want := range map[float64]float64{0: 1000, 9000: 1000, 20_000: 1000, 40_000: 2000} {
		if got := VictimsMost(byDefault); got != want {
			t.Errorf("of %v ms by default the victims may have %v ms, want %v", byDefault, got, want)
		}
	}
}

func TestOverloadFiguresAreThoseOfTheContract(t *testing.T) {
	want := []string{
		"overload.crowd.quiet.p99_ms", "overload.crowd.default.p99_ms", "overload.crowd.evenkeel.p99_ms",
		"overload.crowd.default.goodput", "overload.crowd.evenkeel.goodput",
		"overload.crowd.settle_seconds", "overload.crowd.oscillation_pct", "overload.crowd.best_goodput",
	}
	if got := OverloadFigures("crowd", false, true); !slices.Equal(got, want) {
		t.Errorf("the figures are %v", got)
	}
	want = []string{"overload.healthy.cuts", "overload.healthy.sentences", "overload.healthy.rejected"}
	if got := OverloadFigures(Healthy, true, true); !slices.Equal(got, want) {
		t.Errorf("the healthy figures are %v", got)
	}
}
