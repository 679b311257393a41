// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"fmt"
	"slices"
	"time"

	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/scale/turns"
)

// The plays, as their figures are named.
const (
	ByHPA      = turns.ArmHPA
	ByEvenkeel = turns.ArmEvenkeel
)

const (
	unitMinutes      = "min"
	unitMilli        = "m"
	oscillationsName = "scale.oscillations"
)

// Record puts a play into a report.
func Record(r *report.Report, by string, o Outcome) {
	name := func(figure string) string { return "scale." + by + "." + figure }
	after := func(figure, what string, d time.Duration, ok bool) {
		if !ok {
			r.Miss(name(figure), fmt.Sprintf("%s within %.0f s of the step", what, o.Until.Sub(o.Stepped).Seconds()))
			return
		}
		r.Add(name(figure), report.UnitSeconds, d.Seconds())
	}
	first, ok := o.first()
	after("first_seconds", "no capacity was added", first, ok)
	capacity, ok := o.from(o.Least)
	after("capacity_seconds", fmt.Sprintf("there were never %.0fm in force", 1000*o.Least), capacity, ok)
	if len(o.Before) > 0 {
		r.Add(name("slo_minutes_lost_before"), unitMinutes, lost(o.Before))
	}
	if len(o.Windows) == 0 {
		r.Miss(name("slo_minutes_lost"), "there was no window after the step")
	} else {
		r.Add(name("slo_minutes_lost"), unitMinutes, lost(o.Windows))
		failed, worst := 0, time.Duration(0)
		for _, w := range o.Windows {
			failed += w.Failed
			worst = max(worst, w.P99)
		}
		r.Add(name("failed"), report.UnitCount, float64(failed))
		r.Add(name("worst_window_p99_ms"), report.UnitMilliseconds, float64(worst.Microseconds())/1000)
	}
	state := func(when string, c Capacity, ok bool) {
		if !ok {
			r.Miss(name(when+"_capacity"), "no replica was seen")
			return
		}
		r.Add(name(when+"_capacity"), unitMilli, 1000*c.Cores)
		r.Add(name(when+"_replicas"), report.UnitCount, float64(c.Ready))
		r.Add(name(when+"_size"), unitMilli, 1000*c.Largest)
	}
	was, ok := o.atStep()
	state("start", was, ok)
	is, ok := o.atEnd()
	state("end", is, ok)
	r.Add(name("start_served"), report.UnitPerSecond, o.Served)
	r.Add(name("end_served"), report.UnitPerSecond, o.ServedAtEnd)
}

// Table is the report for people.
func Table(r *report.Report) report.Table {
	t := report.Table{Head: []string{"", "autoscaler alone", "Evenkeel", "bar", ""}, Left: []int{3, 4}}
	both := func(title, figure string) {
		t.Rows = append(t.Rows, []string{title, cell(r, "scale."+ByHPA+"."+figure), cell(r, "scale."+ByEvenkeel+"."+figure), "", ""})
	}
	less := func(title, figure string) {
		hpa, evenkeel := "scale."+ByHPA+"."+figure, "scale."+ByEvenkeel+"."+figure
		t.Rows = append(t.Rows, []string{title, cell(r, hpa), cell(r, evenkeel), "less than alone", string(lower(r, hpa, evenkeel))})
	}
	both("capacity at the step", "start_capacity")
	both("clients served before it", "start_served")
	both("SLO missed in the minute before it", "slo_minutes_lost_before")
	both("until any was added", "first_seconds")
	less("until it was enough", "capacity_seconds")
	less("SLO of critical requests missed", "slo_minutes_lost")
	both("p99 of the worst ten seconds", "worst_window_p99_ms")
	both("critical requests that failed", "failed")
	both("replicas at the end", "end_replicas")
	both("size of the largest", "end_size")
	both("capacity at the end", "end_capacity")
	both("clients served in the last minute", "end_served")
	for _, day := range []time.Duration{short, long} {
		for _, figure := range replayFigures {
			hpa, evenkeel := replayName(day, ByHPA, figure.name), replayName(day, ByEvenkeel, figure.name)
			title := fmt.Sprintf("a day of %.0f h replayed: %s", day.Hours(), figure.title)
			t.Rows = append(t.Rows, []string{title, cell(r, hpa), cell(r, evenkeel), "", ""})
		}
	}
	t.Rows = append(t.Rows, []string{"taken back in all short days", "", cell(r, oscillationsName), "none", string(none(r))})
	return t
}

// lower judges whether a figure is less than another. A capacity that never came is later
// than one that did.
func lower(r *report.Report, than, name string) report.Verdict {
	f, ok := r.Figure(name)
	other, also := r.Figure(than)
	switch {
	case !ok && !also || !ok && !missed(r, name) || !also && !missed(r, than):
		return report.Unknown
	case !ok:
		return report.Missed
	case !also || f.Value < other.Value:
		return report.Met
	}
	return report.Missed
}

// missed tells whether a figure was to be taken and could not.
func missed(r *report.Report, name string) bool {
	return slices.ContainsFunc(r.Missing, func(m report.Missing) bool { return m.Name == name })
}

func none(r *report.Report) report.Verdict {
	f, ok := r.Figure(oscillationsName)
	switch {
	case !ok:
		return report.Unknown
	case f.Max > 0:
		return report.Missed
	}
	return report.Met
}

func cell(r *report.Report, name string) string {
	f, ok := r.Figure(name)
	if !ok {
		return "–"
	}
	return f.Words()
}
