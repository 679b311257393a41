// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package regress

import (
	"fmt"
	"strconv"

	"evenkeel.dev/evenkeel/bench/report"
)

// Record puts what came of the cases into a report.
func Record(r *report.Report, cases []Case) {
	aborted, back, most := 0, 0, 0.0
	for _, c := range cases {
		if c.Err != nil {
			r.Miss("rollout."+c.Name+".abort_intervals", c.Err.Error())
			continue
		}
		if !c.Aborted {
			r.Miss("rollout."+c.Name+".abort_intervals", c.Why)
			continue
		}
		intervals := c.After.Seconds() / Interval.Seconds()
		r.Add("rollout."+c.Name+".abort_intervals", report.UnitCount, intervals)
		r.Add("rollout."+c.Name+".touched", report.UnitCount, float64(c.Touched))
		aborted++
		most = max(most, intervals)
		if c.TakenBack {
			back++
		}
	}
	r.Add(report.RolloutAborted, report.UnitCount, float64(aborted))
	r.Add(report.RolloutMissed, report.UnitCount, float64(len(cases)-aborted))
	r.Add(report.RolloutLeft, report.UnitCount, float64(aborted-back))
	r.Add("rollout.played", report.UnitCount, float64(len(cases)))
	if aborted > 0 {
		r.Add(report.RolloutIntervals, report.UnitCount, most)
	} else {
		r.Miss(report.RolloutIntervals, "no rollout was stopped")
	}
}

// RecordHealthy puts what came of healthy rollouts into a report.
func RecordHealthy(r *report.Report, h Healthy) {
	r.Add("rollout.healthy", report.UnitCount, float64(h.Rollouts))
	r.Add("rollout.healthy_steps", report.UnitCount, float64(h.Steps))
	r.Add(report.RolloutFalse, report.UnitCount, float64(len(h.Aborted)))
	if h.Unfinished > 0 {
		r.Miss("rollout.finished", fmt.Sprintf("%d healthy rollouts did not end within %s", h.Unfinished, rolloutWithin))
	}
}

// Table is what came of the cases, for people.
func Table(cases []Case) report.Table {
	t := report.Table{Head: []string{"regression", "stopped after", "intervals", "taken back", "pods touched", "by"}, Left: []int{5}}
	for _, c := range cases {
		row := []string{c.Name, "–", "–", "–", strconv.Itoa(c.Touched), c.Why}
		switch {
		case c.Err != nil:
			row[5] = c.Err.Error()
		case c.Aborted:
			row[1], row[2] = fmt.Sprintf("%.1f s", c.After.Seconds()), fmt.Sprintf("%.1f", c.After.Seconds()/Interval.Seconds())
			row[3] = map[bool]string{true: "yes", false: "no"}[c.TakenBack]
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
