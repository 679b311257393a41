// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/operator/history"
)

// charts are those of a control plane, in the order of the questions: is it full, is it
// slow, what is refused, and what does it use.
var charts = []chart{
	{"seats", "Seats of the busiest replica", number, 1, []line{
		{"in use", "a", false, func(s history.Sample) float32 { return s.Used }},
		{"load line", "b", true, func(s history.Sample) float32 { return s.LoadLine }},
		{"ceiling", "c", true, func(s history.Sample) float32 { return s.Ceiling }},
		{"waiting", "d", false, func(s history.Sample) float32 { return s.Waiting }},
	}},
	{"latency", "Latency, p99", seconds, 1, []line{
		{"one object (get, write)", "a", false, func(s history.Sample) float32 { return s.OneP99 }},
		{"lists", "b", false, func(s history.Sample) float32 { return s.ListP99 }},
		{"probe", "c", false, func(s history.Sample) float32 { return s.Probe }},
	}},
	{"requests", "Requests a second", number, 1, []line{
		{"all", "a", false, func(s history.Sample) float32 { return s.Requests }},
		{"failed (5xx)", "e", false, func(s history.Sample) float32 { return s.Failed }},
		{"shed (429), jailed left out", "d", false, func(s history.Sample) float32 { return s.Shed }},
	}},
	{"cpu", "CPU of all apiservers, cores", number, 1, []line{
		{"in use", "a", false, func(s history.Sample) float32 { return s.CPU }},
		{"requested", "b", true, func(s history.Sample) float32 { return s.CPURequested }},
	}},
	{"memory", "Memory of all apiservers", bytes, 1 << 30, []line{
		{"in use", "a", false, func(s history.Sample) float32 { return s.Memory }},
		{"requested", "b", true, func(s history.Sample) float32 { return s.MemoryRequested }},
	}},
}

// strip draws whether it served and what happened, over the time of the charts below it.
// Down is high, unseen is half as high, and up is a line: the color says no more than that.
func strip(points []history.Point, s span, marks []mark) template.HTML {
	var b strings.Builder
	b.WriteString(`<svg class="strip" height="46" role="img" aria-label="` + stripWords(points, s, marks) + `">`)
	for i := 0; i < len(points); {
		v, from := points[i].Verdict, points[i].At
		j := i
		for j < len(points) && points[j].Verdict == v {
			j++
		}
		until := points[j-1].At.Add(lengthOf(points, j-1))
		if until.After(s.until) {
			until = s.until
		}
		if from.Before(s.since) {
			from = s.since
		}
		if until.After(from) && v != history.Unknown {
			y, h := map[history.Verdict]int{history.Up: 40, history.Blind: 35, history.Down: 28}[v], map[history.Verdict]int{history.Up: 3, history.Blind: 8, history.Down: 15}[v]
			fmt.Fprintf(&b, `<rect class="was %s" x="%s" width="%s" y="%d" height="%d"/>`, v, percent(s.share(from)), percent(s.share(until)-s.share(from)), y, h)
		}
		i = j
	}
	for _, m := range marks {
		x := percent(s.share(m.At))
		fmt.Fprintf(&b, `<a href="#e%d" aria-label="event %s"><line class="mark %s" x1="%s" x2="%s" y1="20" y2="46"/><circle class="dot %s" cx="%s" cy="11" r="10"/><text class="nr" x="%s" y="15">%s</text></a>`, m.First, m.Label, m.Class(), x, x, m.Class(), x, x, m.Label)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // numbers and names from this package
}

// lengthOf is how long the step of a point is, by its neighbors: nothing is told of a time
// after it.
func lengthOf(points []history.Point, i int) time.Duration {
	before, after := time.Duration(0), time.Duration(0)
	if i > 0 {
		before = points[i].At.Sub(points[i-1].At)
	}
	if i+1 < len(points) {
		after = points[i+1].At.Sub(points[i].At)
	}
	switch {
	case before > 0 && after > 0:
		return min(before, after)
	case before > 0 || after > 0:
		return max(before, after)
	default:
		return step
	}
}

func stripWords(points []history.Point, s span, marks []mark) string {
	n := map[history.Verdict]int{}
	for _, p := range points {
		if s.holds(p.At) {
			n[p.Verdict]++
		}
	}
	return fmt.Sprintf("Of %d steps of time %d down, %d unseen; %d marks of events", len(points), n[history.Down], n[history.Blind], len(marks))
}
