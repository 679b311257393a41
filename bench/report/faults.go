// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"strings"
)

// The figures of `make bench-faults` that are not of one kind of fault.
const (
	// FaultKills counts the faults, FaultRequests the critical requests, and FaultOutside
	// those of them that failed before the first fault.
	FaultKills    = "faults.kills"
	FaultRequests = "faults.requests"
	FaultOutside  = "faults.outside_failed"
	// FaultMoved counts those that failed as Evenkeel had etcd's leader moved.
	FaultMoved = "faults.moves_failed"
	// FaultWrites counts the acknowledged writes, FaultUnknown those without an answer,
	// and FaultLost the acknowledged ones that are not there any more.
	FaultWrites  = "faults.writes"
	FaultUnknown = "faults.writes_unknown"
	FaultLost    = "faults.acknowledged_lost"
	// FaultSteps counts Evenkeel's steps on etcd while a member was missing, FaultRisked
	// those of them that might have cost another one, and FaultQuorum how often two
	// members were missing at once.
	FaultSteps  = "faults.etcd_steps_while_down"
	FaultRisked = "faults.quorum_risked"
	FaultQuorum = "faults.quorum_lost"
	// RolloutAborted counts the regressions that stopped a rollout, RolloutMissed those that
	// did not, RolloutLeft those that were not taken back, and RolloutIntervals is after how
	// many intervals the last was stopped. RolloutFalse counts the healthy rollouts that
	// were stopped.
	RolloutAborted   = "rollout.aborted"
	RolloutMissed    = "rollout.missed"
	RolloutLeft      = "rollout.left"
	RolloutIntervals = "rollout.abort_intervals"
	RolloutFalse     = "rollout.false_aborts"
	// FaultWhole is missing where a play ended early.
	FaultWhole = "faults.whole"
)

// electionMost is how long writes may stand still when a leader dies, in seconds: etcd
// waits for its election timeout, 1 s by default, and at random for up to as long again;
// the third is for the vote and the write.
const electionMost = 3.0

// spreadMost is how long a zone that has returned may take until all is spread again: its
// pods are placed and started, and a replica is ready.
const spreadMost = 120.0

// faultKinds are the kinds, as their figures are named and as people know them.
var faultKinds = []struct{ name, title, again string }{
	{"zone", "a zone loses its power", "spread_seconds"},
	{"member", "a member is killed", "ready_seconds"},
	{"apiserver", "an apiserver is killed", "ready_seconds"},
	{"operator", "Evenkeel is killed", "ready_seconds"},
}

// Fault is the name of a figure of one kind of fault.
func Fault(kind, figure string) string { return "faults." + kind + "." + figure }

// FaultLoad is the share of their CPU limits that the replicas, or the members, used.
func FaultLoad(of string) string { return "faults.load." + of + "_cpu_percent" }

// FaultsResult is what `make bench-faults` shows at its end, made from its report.
type FaultsResult struct {
	// Kinds has a row for each kind of fault.
	Kinds   Table
	Bars    []Bar
	missing []Missing
	origin  string
}

// NewFaults makes the tables and bars from the report.
func NewFaults(r *Report) FaultsResult {
	t := Table{Head: []string{"", "times", "failed", "no leader", "in flight", "first write", "every writer", "all again"}}
	var bars []Bar
	for _, k := range faultKinds {
		if !r.mentions(Fault(k.name, "failed")) {
			continue // it was left out on purpose
		}
		t.Rows = append(t.Rows, []string{
			k.title, r.runs(Fault(k.name, "failed")), r.most(Fault(k.name, "failed")),
			r.most(Fault(k.name, "leaderless_failed")), r.most(Fault(k.name, "inflight_failed")),
			r.value(Fault(k.name, "first_write_seconds")), r.value(Fault(k.name, "every_writer_seconds")), r.value(Fault(k.name, k.again)),
		})
		bars = append(bars, r.never(Bar{Key: k.name + "-failed", Title: k.title + ": critical requests failed that were not in flight on it"}, Fault(k.name, "failed")))
		switch k.name {
		case "zone", "member":
			bars = append(bars, r.always(Bar{Key: k.name + "-writes", Title: k.title + ": until writes go on"}, Fault(k.name, "recover_seconds"), electionMost))
		default:
			bars = append(bars, r.measured(Bar{Key: k.name + "-ready", Title: k.title + ": until it is back"}, Fault(k.name, "recover_seconds")))
		}
		if k.name == "zone" {
			bars = append(bars, r.always(Bar{Key: "zone-spread", Title: "the zone returns: until all is spread over three zones"}, Fault(k.name, k.again), spreadMost))
		}
	}
	bars = append(bars,
		r.never(Bar{Key: "moves", Title: "critical requests failed as Evenkeel moved etcd's leader"}, FaultMoved),
		r.never(Bar{Key: "lost", Title: "acknowledged writes lost"}, FaultLost),
		r.never(Bar{Key: "risked", Title: "steps of Evenkeel's that risked the quorum while a member was missing"}, FaultRisked),
		r.never(Bar{Key: "quorum", Title: "two members missing at once"}, FaultQuorum),
	)
	if r.mentions(RolloutIntervals) {
		bars = append(bars,
			r.never(Bar{Key: "rollout-missed", Title: "regressions during a rollout that did not stop it"}, RolloutMissed),
			r.never(Bar{Key: "rollout-left", Title: "rollouts that were stopped and not taken back"}, RolloutLeft),
			r.atMost(Bar{Key: "rollout-intervals", Title: "until the last of them was stopped, in intervals of 15 s"}, RolloutIntervals, 2),
		)
	}
	if r.mentions(RolloutFalse) {
		bars = append(bars, r.atMost(Bar{Key: "rollout-false", Title: "healthy rollouts that were stopped, of 1,000 simulated"}, RolloutFalse, 10))
	}
	return FaultsResult{Kinds: t, Bars: bars, missing: slices.Clone(r.Missing), origin: r.origin()}
}

// always judges every sample of a figure against a limit: one slow time is one too many.
func (r *Report) always(b Bar, name string, limit float64) Bar {
	b = r.atMost(b, name, limit)
	if f, ok := r.Figure(name); ok && f.Max > limit {
		b.Verdict = Missed
	}
	return b
}

// runs is how many samples a figure has.
func (r *Report) runs(name string) string {
	f, ok := r.Figure(name)
	if !ok {
		return none
	}
	return digits(float64(f.Runs), UnitCount)
}

// most is the largest sample of a figure, whose median would hide it.
func (r *Report) most(name string) string {
	f, ok := r.Figure(name)
	if !ok {
		return none
	}
	if f.Max == 0 {
		return "0"
	}
	return "up to " + amount(f.Max, f.Unit)
}

// Text is the result for a terminal.
func (f FaultsResult) Text() string { return f.render(Table.Text) }

// Markdown is the same for docs/results.md.
func (f FaultsResult) Markdown() string { return f.render(Table.Markdown) }

func (f FaultsResult) render(as func(Table) string) string {
	parts := []string{as(f.Kinds), as(barTable(f.Bars))}
	if len(f.missing) > 0 {
		parts = append(parts, as(missingTable(f.missing)))
	}
	return strings.Join(append(parts, f.origin+"\n"), "\n")
}
