// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
)

// Verdict says whether a bar holds.
type Verdict string

// The verdicts on a bar.
const (
	Met    Verdict = "met"
	Missed Verdict = "missed"
	// Unknown is a bar whose figure is missing: it does not count as met.
	Unknown Verdict = "unknown"
)

// Bar is an aim with what was measured.
type Bar struct {
	// Key is the stable name of the bar.
	Key string
	// Title says what is aimed at, Target how much, Measured what came out.
	Title, Target, Measured string
	Verdict                 Verdict
	// Protects is set for the bars without which the tenant was not protected,
	// whatever the size of the storm; the others grade how well.
	Protects bool
}

// The aims of `make demo` that are the same for every scenario.
const (
	slowdownMost = 3.0 // victims' p99 under Evenkeel over quiet
	// protectedLeast is what protection must be worth on the noisiest machine; the
	// bars below it grade how well it worked.
	protectedLeast  = 5.0
	gainLeast       = 50.0   // victims' p99 by default over that under Evenkeel
	jailMost        = 5.0    // seconds
	ballastMost     = 1000.0 // milliseconds
	operatorCPUMost = 0.05   // cores
	operatorRSSMost = 150.0  // MiB
)

func demoBars(r *Report) []Bar {
	evenkeel, quiet, byDefault := Victims(Evenkeel, P99), Victims(Quiet, P99), Victims(Default, P99)
	return []Bar{
		r.ratio(Bar{Key: "protected", Protects: true, Title: "protection works at all: default's p99 against Evenkeel's"},
			byDefault, evenkeel, func(x float64) bool { return x >= protectedLeast }, "at least "+Times(protectedLeast)),
		r.ratio(Bar{Key: "slowdown", Title: "victims' p99 once the sentence holds, against quiet"},
			evenkeel, quiet, func(x float64) bool { return x <= slowdownMost }, "at most "+Times(slowdownMost)),
		r.ratio(Bar{Key: "gain", Title: "victims' p99 by default, against once the sentence holds"},
			byDefault, evenkeel, func(x float64) bool { return x >= gainLeast }, "at least "+Times(gainLeast)),
		r.never(Bar{Key: "failed", Protects: true, Title: "victims failed or rejected in the whole storm with Evenkeel"},
			Victims(Whole, Failed)),
		r.atMost(Bar{Key: "jail", Title: "first saturated second to jail in force"}, Jailed, jailMost),
		r.atMostFigure(Bar{Key: "release", Protects: true, Title: "storm over to tenant as before"}, Released, ReleaseAllowed),
		r.never(Bar{Key: "restarts", Protects: true, Title: "restarts of apiservers and etcds"}, Restarts),
		r.atMost(Bar{Key: "ballast", Title: "ballast written to in force on every replica"}, BallastEffective, ballastMost),
		r.atMost(Bar{Key: "operator-cpu", Title: "the operator's CPU"}, OperatorCPU, operatorCPUMost),
		r.atMost(Bar{Key: "operator-memory", Title: "the operator's memory"}, OperatorRSS, operatorRSSMost),
		r.measured(Bar{Key: "observation", Title: "what observation costs the apiservers"}, ObserveCPU),
		r.atMostFigure(Bar{Key: "duration", Title: "the whole demo"}, DemoSeconds, DemoAllowed),
	}
}

// atMost judges a figure against a limit in the figure's own unit.
func (r *Report) atMost(b Bar, name string, limit float64) Bar {
	f, ok := r.Figure(name)
	if !ok {
		return b.unknown("at most "+exact(limit), name)
	}
	b.Target = strings.TrimRight("at most "+exact(limit)+" "+f.Unit, " ")
	return b.judged(f.Value <= limit, f.Words())
}

// never judges a count of what must not happen in any run: a median would hide
// that it did in one.
func (r *Report) never(b Bar, name string) Bar {
	f, ok := r.Figure(name)
	if !ok {
		return b.unknown("none", name)
	}
	b.Target = "none"
	return b.judged(f.Max == 0, f.Words())
}

// atMostFigure judges a figure against a limit that the report holds itself.
func (r *Report) atMostFigure(b Bar, name, limit string) Bar {
	most, ok := r.Figure(limit)
	if !ok {
		return b.unknown(none, limit)
	}
	return r.atMost(b, name, most.Value)
}

// ratio judges one figure over another.
func (r *Report) ratio(b Bar, over, under string, holds func(ratio float64) bool, target string) Bar {
	top, okTop := r.Figure(over)
	bottom, okBottom := r.Figure(under)
	switch {
	case !okTop:
		return b.unknown(target, over)
	case !okBottom:
		return b.unknown(target, under)
	case bottom.Value <= 0:
		return b.unknown(target, under+" above 0")
	}
	b.Target = target
	ratio := top.Value / bottom.Value
	return b.judged(holds(ratio), fmt.Sprintf("%s (%s against %s)",
		Times(ratio), amount(top.Value, top.Unit), amount(bottom.Value, bottom.Unit)))
}

// measured holds when the figure was taken.
func (r *Report) measured(b Bar, name string) Bar {
	f, ok := r.Figure(name)
	if !ok {
		return b.unknown("measured", name)
	}
	b.Target = "measured"
	return b.judged(true, f.Words())
}

func (b Bar) unknown(target, lacking string) Bar {
	b.Target, b.Measured, b.Verdict = target, "no figure "+lacking, Unknown
	return b
}

func (b Bar) judged(holds bool, measured string) Bar {
	b.Measured, b.Verdict = measured, Missed
	if holds {
		b.Verdict = Met
	}
	return b
}

// Sign is the verdict as one character.
func (v Verdict) Sign() string {
	switch v {
	case Met:
		return "✓"
	case Missed:
		return "✗"
	case Unknown:
		return "?"
	default:
		return "?"
	}
}

func barTable(bars []Bar) Table {
	t := Table{Head: []string{"", "aim", "target", "measured"}, Left: []int{1, 2, 3}}
	for _, b := range bars {
		t.Rows = append(t.Rows, []string{b.Verdict.Sign(), b.Title, b.Target, b.Measured})
	}
	return t
}

// dirty is the mark that a shortened commit would lose.
func dirty(commit string) string {
	if strings.HasSuffix(commit, "-dirty") && len(commit) > 12 {
		return "-dirty"
	}
	return ""
}
