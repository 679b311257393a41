// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"strings"
)

// The figures of `make demo` that are not in a table by phase.
const (
	Recommended      = "recommended.seconds"
	Jailed           = "jail.seconds"
	Held             = "jail.held_seconds"
	Released         = "release.seconds"
	BallastEffective = "ballast.effective_ms"
	Restarts         = "restarts"
	OperatorCPU      = "operator.cpu_cores"
	OperatorRSS      = "operator.rss_mib"
	ObserveCPU       = "observe.tenant_cpu_cores"
	DemoSeconds      = "demo.seconds"
	// ReleaseAllowed and DemoAllowed are what a scenario allows: a sentence's
	// term and one tick; the cold or the warm limit of the whole demo. They are
	// figures so that the bars can be judged from the report alone.
	ReleaseAllowed = "release.allowed_seconds"
	DemoAllowed    = "demo.allowed_seconds"
)

// The phases of the demo as they stand in the names of figures. Whole is the whole
// storm with Evenkeel, Evenkeel the part of it in which the sentence holds: the
// offender's last grade is in force, and what the apiservers had let in before has
// ended.
const (
	Quiet    = "quiet"
	Default  = "default"
	Whole    = "whole"
	Evenkeel = "evenkeel"
)

// The parts of victims' figures: latencies in milliseconds, failures as a count.
const (
	P50    = "p50_ms"
	P90    = "p90_ms"
	P99    = "p99_ms"
	Max    = "max_ms"
	Failed = "failed"
)

// Victims is the name of a victims' figure, as in victims.quiet.p99_ms.
func Victims(phase, part string) string { return "victims." + phase + "." + part }

// OffenderRate is the name of the offender's answered requests per second.
func OffenderRate(phase string) string { return "offender." + phase + ".rate" }

// Demo is what `make demo` shows at its end, made from its report.
type Demo struct {
	// Phases compares quiet, upstream default and Evenkeel; Facts are the figures
	// of the whole run; Bars are the aims with what was measured.
	Phases, Facts Table
	Bars          []Bar
	missing       []Missing
	origin        string
}

// NewDemo makes the demo's tables and bars from its report.
func NewDemo(r *Report) Demo {
	return Demo{
		Phases: phaseTable(r), Facts: factTable(r), Bars: demoBars(r),
		missing: slices.Clone(r.Missing), origin: r.origin(),
	}
}

// Unmet are the bars that do not hold, those that could not be measured included.
func (d Demo) Unmet() []Bar {
	return slices.DeleteFunc(slices.Clone(d.Bars), func(b Bar) bool { return b.Verdict == Met })
}

// Text is the demo's result for a terminal.
func (d Demo) Text() string {
	parts := []string{d.Phases.Text(), d.Facts.Text(), barTable(d.Bars).Text()}
	if len(d.missing) > 0 {
		parts = append(parts, missingTable(d.missing).Text())
	}
	return strings.Join(append(parts, d.origin+"\n"), "\n")
}

// Markdown is the same for docs/results.md.
func (d Demo) Markdown() string {
	parts := []string{d.Phases.Markdown(), d.Facts.Markdown(), barTable(d.Bars).Markdown()}
	if len(d.missing) > 0 {
		parts = append(parts, missingTable(d.missing).Markdown())
	}
	return strings.Join(append(parts, d.origin+"\n"), "\n")
}

func phaseTable(r *Report) Table {
	phases := []string{Quiet, Default, Whole, Evenkeel}
	t := Table{Head: []string{"", "quiet", "upstream default", "Evenkeel, whole storm", "Evenkeel, sentence holds"}}
	add := func(title string, name func(phase string) string) {
		row := []string{title}
		for _, phase := range phases {
			row = append(row, r.value(name(phase)))
		}
		t.Rows = append(t.Rows, row)
	}
	for _, part := range []struct{ title, part string }{
		{"victims' p50", P50},
		{"victims' p90", P90},
		{"victims' p99", P99},
		{"victims' max", Max},
		{"victims failed", Failed},
	} {
		add(part.title, func(phase string) string { return Victims(phase, part.part) })
	}
	add("offender's rate", OffenderRate)
	return t
}

func factTable(r *Report) Table {
	t := Table{Head: []string{"over the whole run", "measured"}, Left: []int{1}}
	for _, fact := range []struct{ title, name string }{
		{"storm begins to offender recommended for jail", Recommended},
		{"first saturated second to jail in force", Jailed},
		{"storm begins to the sentence holds and the backlog is gone", Held},
		{"storm over to tenant as before", Released},
		{"ballast written to in force on every replica", BallastEffective},
		{"restarts of apiservers and etcds", Restarts},
		{"the operator's CPU", OperatorCPU},
		{"the operator's memory", OperatorRSS},
		{"what observation costs the apiservers", ObserveCPU},
		{"the whole demo", DemoSeconds},
	} {
		words := none
		if f, ok := r.Figure(fact.name); ok {
			words = f.Words()
		}
		t.Rows = append(t.Rows, []string{fact.title, words})
	}
	return t
}

func missingTable(missing []Missing) Table {
	t := Table{Head: []string{"not measured", "why"}, Left: []int{1}}
	for _, m := range missing {
		t.Rows = append(t.Rows, []string{m.Name, m.Why})
	}
	return t
}

// value is a figure without its spread, or a dash.
func (r *Report) value(name string) string {
	if f, ok := r.Figure(name); ok {
		return amount(f.Value, f.Unit)
	}
	return none
}

// origin says what was measured on which machine.
func (r *Report) origin() string {
	m := r.Machine
	machine := fmt.Sprintf("%d cores", m.Cores)
	if m.MemoryGiB > 0 {
		machine += fmt.Sprintf(", %v GiB", m.MemoryGiB)
	}
	if m.CPUModel != "" {
		machine += ", " + m.CPUModel
	}
	machine += fmt.Sprintf(", %s/%s", m.OS, m.Arch)
	if m.Kernel != "" {
		machine += " " + m.Kernel
	}
	return fmt.Sprintf("%s at commit %.12s%s on %s, %s", r.Target, r.Commit, dirty(r.Commit), machine, m.Go)
}
