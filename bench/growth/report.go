// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/bench/report"
)

// The plays, as their figures are named.
const (
	ByStatic   = "static"
	ByEvenkeel = "evenkeel"
)

// slo is the most that the 99th percentile of the renewals may take.
const slo = time.Second

// Record puts an outcome into a report. What is counted of Evenkeel's play has no play in
// its name.
func Record(r *report.Report, by string, o Outcome, wanted int) {
	name := func(figure string) string { return "growth." + by + "." + figure }
	if o.Renewals.Count == 0 {
		r.Miss(name("p99_ms"), "no renewal was made")
	} else {
		r.Add(name("p50_ms"), report.UnitMilliseconds, float64(o.Renewals.P50.Microseconds())/1000)
		r.Add(name("p99_ms"), report.UnitMilliseconds, float64(o.Renewals.P99.Microseconds())/1000)
		r.Add(name("max_ms"), report.UnitMilliseconds, float64(o.Renewals.Max.Microseconds())/1000)
	}
	if o.Windows > 0 {
		r.Add(name("worst_window_p99_ms"), report.UnitMilliseconds, float64(o.Worst.Microseconds())/1000)
		r.Add(name("late_windows"), report.UnitCount, float64(o.Late))
		r.Add(name("windows"), report.UnitCount, float64(o.Windows))
	}
	r.Add(name("renewals"), report.UnitCount, float64(o.Renewals.Count))
	r.Add(name("failed"), report.UnitCount, float64(o.Renewals.Failed+o.Renewals.Rejected))
	r.Add(name("nodes"), report.UnitCount, float64(o.Nodes))
	r.Add(name("joined_seconds"), report.UnitSeconds, o.Joined.Seconds())
	if o.Why != nil && o.Nodes < wanted {
		r.Miss(name("all_joined"), fmt.Sprintf("%d of %d nodes joined: %v", o.Nodes, wanted, o.Why))
	}
	r.Add(name("restarts"), report.UnitCount, float64(o.Restarts))
	r.Add(name("leader_changes"), report.UnitCount, float64(o.LeaderChanges))
	if by == ByEvenkeel {
		r.Add("growth.restarts", report.UnitCount, float64(o.Restarts))
		r.Add("growth.leader_changes", report.UnitCount, float64(max(0, o.LeaderChanges-o.Ordered)))
		r.Add("growth.leader_moves", report.UnitCount, float64(o.Ordered))
		r.Add("growth.resizes", report.UnitCount, float64(o.Resizes))
	}
}

// Table is the report for people.
func Table(r *report.Report) report.Table {
	t := report.Table{Head: []string{"", "small sizes", "Evenkeel", "bar", ""}, Left: []int{3, 4}}
	row := func(title, static, evenkeel, bar string, most float64) {
		verdict := ""
		if f, ok := r.Figure(evenkeel); bar != "" {
			switch {
			case !ok:
				verdict = string(report.Unknown)
			case f.Value > most:
				verdict = string(report.Missed)
			default:
				verdict = string(report.Met)
			}
		}
		t.Rows = append(t.Rows, []string{title, cell(r, static), cell(r, evenkeel), bar, verdict})
	}
	both := func(title, figure, bar string, most float64) {
		row(title, "growth."+ByStatic+"."+figure, "growth."+ByEvenkeel+"."+figure, bar, most)
	}
	both("nodes that joined", "nodes", "", 0)
	both("until the last had joined", "joined_seconds", "", 0)
	both("renewals of Leases, p50", "p50_ms", "", 0)
	both("p99", "p99_ms", "at most 1 s", float64(slo.Milliseconds()))
	both("p99 of the worst half minute", "worst_window_p99_ms", "at most 1 s", float64(slo.Milliseconds()))
	both("half minutes above 1 s", "late_windows", "none", 0)
	both("half minutes", "windows", "", 0)
	both("failed or refused", "failed", "", 0)
	row("restarts", "growth.static.restarts", "growth.restarts", "none", 0)
	row("changes of etcd's leader that nobody ordered", "growth.static.leader_changes", "growth.leader_changes", "none", 0)
	row("moves of the leader that Evenkeel ordered", "", "growth.leader_moves", "", 0)
	row("resizes of a pod, in place", "", "growth.resizes", "", 0)
	return t
}

func cell(r *report.Report, name string) string {
	f, ok := r.Figure(name)
	if !ok {
		return "–"
	}
	return f.Words()
}
