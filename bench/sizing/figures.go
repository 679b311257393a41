// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// The units of figures that other reports do not have.
const (
	unitMinutes = "min"
	unitHours   = "h"
	unitPercent = "%"
	unitBytes   = "B"
	unitTimes   = "×"
)

func figure(who, name string) string { return "sizing." + who + "." + name }

func addSteps(r *report.Report) error {
	for _, who := range players {
		for _, calm := range []int{days, 1} {
			p, err := newPlayer(who.name, sizing.APIServer, flatProfile())
			if err != nil {
				return err
			}
			s, suffix := playStep(calm, p), ""
			if calm == 1 {
				suffix = "_after_a_day"
			}
			addStep(r, figure(who.name, "step_cpu_minutes"+suffix), unitMinutes, s.cpu)
			addStep(r, figure(who.name, "step_memory_minutes"+suffix), unitMinutes, s.memory)
			addStep(r, figure(who.name, "release_hours"+suffix), unitHours, s.back)
		}
	}
	return nil
}

func addStep(r *report.Report, name, unit string, value float64) {
	if value < 0 {
		r.Miss(name, "not within the trace")
		return
	}
	r.Add(name, unit, value)
}

func addSet(r *report.Report, played result) {
	for _, who := range players {
		s := played.all[who.name].mean()
		r.Add(figure(who.name, "slack_cpu"), unitPercent, 100*s.slackCPU)
		r.Add(figure(who.name, "slack_memory"), unitPercent, 100*s.slackMemory)
		r.Add(figure(who.name, "covered"), unitPercent, 100*s.covered())
		r.Add(figure(who.name, "covered_cpu"), unitPercent, 100*s.coveredCPU)
		r.Add(figure(who.name, "covered_memory"), unitPercent, 100*s.coveredMemory)
		r.Add(figure(who.name, "ooms"), report.UnitCount, float64(s.ooms))
		r.Add(figure(who.name, "changes_per_day"), report.UnitCount, played.steady[who.name].mean().changes)
		r.Add(figure(who.name, "changes_per_day_all"), report.UnitCount, s.changes)
	}
}

// bar is what the figures are held against.
type bar struct {
	title, figure, target string
	// most or least is the bound of Evenkeel's; of a part of upstream's, its part.
	most, least, ofUpstream float64
}

func aims() []bar {
	return []bar{
		{title: "a step of CPU is covered after", figure: "step_cpu_minutes", target: "at most 2 min", most: 2},
		{title: "a step of memory is covered after", figure: "step_memory_minutes", target: "at most 2 min", most: 2},
		{title: "and given back after", figure: "release_hours", target: "at most 6 h", most: 6},
		{title: "CPU requested and not used", figure: "slack_cpu", target: "at most 23 %", most: 23},
		{title: "memory requested and not used", figure: "slack_memory", target: "at most 23 %", most: 23},
		{title: "minutes whose use was covered", figure: "covered", target: "at least 99 %", least: 99},
		{title: "killed for memory", figure: "ooms", target: "a tenth of upstream's", ofUpstream: 0.1},
		{title: "changes a day when steady", figure: "changes_per_day", target: "at most 2", most: 2},
		{title: "one loop over 4,000 VPAs", figure: "loop_seconds", target: "at most 1 s", most: 1},
		{title: "a cold start", figure: "cold_start_seconds", target: "at most 3 s", most: 3},
		{title: "heap for each VPA", figure: "bytes_per_vpa", target: "at most 8 KiB", most: 8 << 10},
		{title: "heap after ten rollouts, more", figure: "rollouts_percent", target: "at most 10 %", most: 10},
		{title: "cost of 1,000 against 100", figure: "growth_100_to_1000", target: "at most 12 ×", most: 12},
	}
}

// named is the figure of a player that a bar is about.
func (b bar) named(who string) string {
	for _, name := range []string{"loop_seconds", "cold_start_seconds", "bytes_per_vpa", "rollouts_percent", "growth_100_to_1000"} {
		if b.figure == name {
			return "recommender." + who + "." + name
		}
	}
	return figure(who, b.figure)
}

func (b bar) verdict(r *report.Report) string {
	f, ok := r.Figure(b.named(byEvenkeel))
	most := b.most
	if b.ofUpstream > 0 {
		u, known := r.Figure(b.named(byUpstream))
		if !known {
			return string(report.Unknown)
		}
		most = b.ofUpstream * u.Value
	}
	switch {
	case !ok:
		return string(report.Unknown)
	case b.least > 0 && f.Value < b.least, b.least == 0 && f.Value > most:
		return string(report.Missed)
	}
	return string(report.Met)
}

// bars are the figures beside what they are held against.
func bars(r *report.Report) report.Table {
	t := report.Table{Head: []string{"", "Evenkeel", "without a profile", "upstream", "bar", ""}, Left: []int{4, 5}}
	for _, b := range aims() {
		row := []string{b.title}
		for _, who := range players {
			row = append(row, words(r, b.named(who.name)))
		}
		t.Rows = append(t.Rows, append(row, b.target, b.verdict(r)))
	}
	return t
}

// words is a figure for people; what could not be taken is a dash.
func words(r *report.Report, name string) string {
	f, ok := r.Figure(name)
	if !ok {
		return "–"
	}
	number := fmt.Sprintf("%.3g", f.Value)
	if f.Value >= 1000 {
		number = fmt.Sprintf("%.0f", f.Value)
	}
	if f.Unit == unitPercent && f.Value > 90 {
		number = fmt.Sprintf("%.2f", f.Value)
	}
	if f.Unit == "" {
		return number
	}
	return number + " " + f.Unit
}

// details are the figures of each shape.
func details(played result) report.Table {
	t := report.Table{
		Head: []string{"trace", "", "CPU slack", "memory slack", "CPU covered", "memory covered", "kills", "changes a day"}, Left: []int{1},
	}
	for _, name := range played.names {
		for i, who := range players {
			s := played.byTrace[name][who.name].mean()
			first := name
			if i > 0 {
				first = ""
			}
			t.Rows = append(t.Rows, []string{
				first, who.title, percent(s.slackCPU, 1), percent(s.slackMemory, 1), percent(s.coveredCPU, 2), percent(s.coveredMemory, 2),
				fmt.Sprint(s.ooms), fmt.Sprintf("%.1f", s.changes),
			})
		}
	}
	return t
}

func percent(part float64, digits int) string { return fmt.Sprintf("%.*f %%", digits, 100*part) }
