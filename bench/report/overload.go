// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"strconv"
	"strings"
)

// The parts of the figures of `make bench-overload`: overload.S.PART, and
// overload.S.PHASE.PART for the goodput of a phase.
const (
	Goodput     = "goodput"
	BestGoodput = "best_goodput"
	BestLine    = "best_line"
	Settle      = "settle_seconds"
	Oscillation = "oscillation_pct"
	Line        = "line"
	Fsync       = "fsync_ms"
	// Healthy is the scenario under which nothing is to be done.
	Healthy = "healthy"
	// OverloadSeconds is the whole target, OverloadMost what it may take.
	OverloadSeconds = "overload.seconds"
)

// UnitPercent is a share of a hundred.
const UnitPercent = "%"

// The aims of `make bench-overload`.
const (
	overloadVictimsShare = 1.0 / 20 // of default's p99
	overloadVictimsMost  = 1000.0   // milliseconds: the Kubernetes API SLO
	goodputLeast         = 0.95     // of the best by hand
	oscillationMost      = 5.0      // percent
	overloadMost         = 45 * 60  // seconds
)

// VictimsMost is what the victims' p99 may be where upstream's default has them at
// byDefault, both in milliseconds: a twentieth of it, or what the SLO allows.
func VictimsMost(byDefault float64) float64 {
	return max(byDefault*overloadVictimsShare, overloadVictimsMost)
}

// Overload is the name of a figure of a scenario, or the beginning of one.
func Overload(scenario, part string) string { return "overload." + scenario + "." + part }

// Sweep is the name of a figure at a load line held by hand; without a part it is the
// beginning of such names.
func Sweep(scenario string, seats int, part string) string {
	name := Overload(scenario, "sweep."+strconv.Itoa(seats))
	if part == "" {
		return name
	}
	return name + "." + part
}

// OverloadFigures are the names that a scenario has to leave, a healthy one or another.
func OverloadFigures(scenario string, healthy, swept bool) []string {
	var parts []string
	switch {
	case healthy:
		parts = []string{"cuts", "sentences", "rejected"}
	default:
		parts = []string{
			Quiet + "." + P99, Default + "." + P99, Evenkeel + "." + P99,
			Default + "." + Goodput, Evenkeel + "." + Goodput, Settle, Oscillation,
		}
		if swept {
			parts = append(parts, BestGoodput)
		}
	}
	names := make([]string, 0, len(parts))
	for _, p := range parts {
		names = append(names, Overload(scenario, p))
	}
	return names
}

// OverloadResult is what `make bench-overload` shows at its end, made from its report.
type OverloadResult struct {
	// Scenarios has a row for each, Sweeps one for each line that was held by hand.
	Scenarios, Sweeps Table
	Bars              []Bar
	missing           []Missing
	origin            string
}

// NewOverload makes the tables and bars from the report.
func NewOverload(r *Report) OverloadResult {
	names := r.overloadNames()
	return OverloadResult{
		Scenarios: r.overloadTable(names), Sweeps: r.sweepTable(names), Bars: r.overloadBars(names),
		missing: slices.Clone(r.Missing), origin: r.origin(),
	}
}

// Unmet are the bars that do not hold, those that could not be measured included.
func (o OverloadResult) Unmet() []Bar {
	return slices.DeleteFunc(slices.Clone(o.Bars), func(b Bar) bool { return b.Verdict == Met })
}

// Text is the result for a terminal.
func (o OverloadResult) Text() string { return o.render(Table.Text) }

// Markdown is the same for docs/results.md.
func (o OverloadResult) Markdown() string { return o.render(Table.Markdown) }

func (o OverloadResult) render(as func(Table) string) string {
	parts := []string{as(o.Scenarios)}
	if len(o.Sweeps.Rows) > 0 {
		parts = append(parts, as(o.Sweeps))
	}
	parts = append(parts, as(barTable(o.Bars)))
	if len(o.missing) > 0 {
		parts = append(parts, as(missingTable(o.missing)))
	}
	return strings.Join(append(parts, o.origin+"\n"), "\n")
}

// overloadNames are the scenarios that the report speaks of, in its order, the healthy
// one apart.
func (r *Report) overloadNames() []string {
	var all []string
	add := func(name string) {
		parts := strings.Split(name, ".")
		if len(parts) > 2 && parts[0] == "overload" && parts[1] != Healthy && !slices.Contains(all, parts[1]) {
			all = append(all, parts[1])
		}
	}
	for _, f := range r.Figures {
		add(f.Name)
	}
	for _, m := range r.Missing {
		add(m.Name)
	}
	return all
}

func (r *Report) overloadTable(names []string) Table {
	t := Table{Head: []string{
		"victims' p99, goodput", "quiet", "default", "best by hand", "Evenkeel", "default", "best by hand", "at", "Evenkeel", "at", "settled", "swings",
	}}
	for _, n := range names {
		best := none
		if line, ok := r.Figure(Overload(n, BestLine)); ok {
			best = r.value(Sweep(n, int(line.Value), P99))
		}
		t.Rows = append(t.Rows, []string{
			n, r.value(Overload(n, Quiet+"."+P99)), r.value(Overload(n, Default+"."+P99)), best, r.value(Overload(n, Evenkeel+"."+P99)),
			r.value(Overload(n, Default+"."+Goodput)), r.value(Overload(n, BestGoodput)), r.value(Overload(n, BestLine)),
			r.value(Overload(n, Evenkeel+"."+Goodput)), r.value(Overload(n, Line)),
			r.value(Overload(n, Settle)), r.value(Overload(n, Oscillation)),
		})
	}
	return t
}

// sweepTable has a row for each line, from the lowest.
func (r *Report) sweepTable(names []string) Table {
	t := Table{Head: []string{"line by hand", "seats", "victims' p99", "victims failed", "goodput"}}
	for _, n := range names {
		prefix := Overload(n, "sweep.")
		var seats []int
		for _, f := range r.Figures {
			rest, ok := strings.CutPrefix(f.Name, prefix)
			at, err := strconv.Atoi(strings.TrimSuffix(rest, "."+Goodput))
			if ok && err == nil {
				seats = append(seats, at)
			}
		}
		slices.Sort(seats)
		for _, s := range seats {
			t.Rows = append(t.Rows, []string{
				n, strconv.Itoa(s), r.value(Sweep(n, s, P99)), r.value(Sweep(n, s, Failed)), r.value(Sweep(n, s, Goodput)),
			})
		}
	}
	return t
}

func (r *Report) overloadBars(names []string) []Bar {
	var bars []Bar
	for _, n := range names {
		bars = append(bars,
			r.victimsBar(n),
			r.ratio(Bar{Key: n + "-goodput", Title: n + ": goodput against the best by hand"},
				Overload(n, Evenkeel+"."+Goodput), Overload(n, BestGoodput),
				func(x float64) bool { return x >= goodputLeast }, "at least "+Times(goodputLeast)),
			r.atMost(Bar{Key: n + "-oscillation", Title: n + ": swings of the line in steady load"}, Overload(n, Oscillation), oscillationMost),
			r.measured(Bar{Key: n + "-settle", Title: n + ": load on to a settled line"}, Overload(n, Settle)),
		)
	}
	for _, what := range []struct{ part, title string }{
		{"cuts", "healthy: cuts of the line"},
		{"sentences", "healthy: sentences"},
		{"rejected", "healthy: requests refused that default serves"},
	} {
		if r.mentions(Overload(Healthy, what.part)) {
			bars = append(bars, r.never(Bar{Key: "healthy-" + what.part, Title: what.title}, Overload(Healthy, what.part)))
		}
	}
	return append(bars, r.atMost(Bar{Key: "duration", Title: "the whole bench"}, OverloadSeconds, overloadMost))
}

// victimsBar holds where the victims are within a twentieth of default's p99, or within
// the SLO.
func (r *Report) victimsBar(scenario string) Bar {
	b := Bar{Key: scenario + "-victims", Title: scenario + ": victims' p99 under Evenkeel"}
	name := Overload(scenario, Default+"."+P99)
	byDefault, ok := r.Figure(name)
	if !ok {
		return b.unknown(none, name)
	}
	return r.atMost(b, Overload(scenario, Evenkeel+"."+P99), VictimsMost(byDefault.Value))
}

func (r *Report) mentions(name string) bool {
	_, ok := r.Figure(name)
	return ok || slices.ContainsFunc(r.Missing, func(m Missing) bool { return m.Name == name })
}
