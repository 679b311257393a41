// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/monitoring/series"
	"evenkeel.dev/evenkeel/operator/history"
)

// question is one query, and where its answer belongs.
type question struct {
	query string
	// into is the place for a series of the answer, by its name, component and resource; it
	// does nothing with one that was not asked for.
	into func(s *history.Sample, labels map[string]string, v float64)
}

// gauges are the series that are taken as they are.
var gauges = map[string]func(*history.Sample, float64){
	series.Used:          func(s *history.Sample, v float64) { s.Used = float32(v) },
	series.LoadLine:      func(s *history.Sample, v float64) { s.LoadLine = float32(v) },
	series.Ceiling:       func(s *history.Sample, v float64) { s.Ceiling = float32(v) },
	series.Waiting:       func(s *history.Sample, v float64) { s.Waiting = float32(v) },
	series.ReplicasReady: func(s *history.Sample, v float64) { s.Ready = int16(max(-1, min(v, math.MaxInt8))) },
	series.Unseen: func(s *history.Sample, v float64) {
		if s.Verdict = history.Up; v > 0 {
			s.Verdict = history.Blind
		}
	},
}

// down is where any operator replica sees it down and whoever leads does not see it up: a replica
// that is cut off may be the only one that does not get through. That it is up only the leader
// says; the 0 of another is what it tells while it knows nothing, too.
func down(selector string) question {
	of := func(name string) string { return name + "{" + selector + "}" }
	query := fmt.Sprintf("(max(%s) > 0) unless max(%s)", of(series.Down), series.SeenUp(of(series.Down), of(series.Unseen)))
	return question{query, func(s *history.Sample, _ map[string]string, _ float64) { s.Verdict = history.Down }}
}

// questions are all that a page asks. Of several operator replicas, and of one that has
// moved, a store has a series each: max takes them for one.
func questions(selector string, step time.Duration) []question {
	names := make([]string, 0, len(gauges))
	for name := range gauges {
		names = append(names, name)
	}
	slices.Sort(names)
	window := fmt.Sprintf("%ds", int(max(2*step, 2*time.Minute).Seconds()))
	rate := func(name string) string { return fmt.Sprintf("max(rate(%s{%s}[%s]))", name, selector, window) }
	return []question{
		{fmt.Sprintf("max by (__name__) ({__name__=~%q,%s})", strings.Join(names, "|"), selector), func(s *history.Sample, labels map[string]string, v float64) {
			if set := gauges[labels["__name__"]]; set != nil {
				set(s, v)
			}
		}},
		down(selector), // after the gauges, over what they say
		{rate(series.Requests), func(s *history.Sample, _ map[string]string, v float64) { s.Requests = float32(v) }},
		{rate(series.Failed), func(s *history.Sample, _ map[string]string, v float64) { s.Failed = float32(v) }},
		{rate(series.Shed), func(s *history.Sample, _ map[string]string, v float64) { s.Shed = float32(v) }},
		{
			fmt.Sprintf("max by (resource) (%s{%s,component=\"kube-apiserver\"}) * on () group_left () max(%s{%s})", series.Size, selector, series.ReplicasReady, selector),
			func(s *history.Sample, labels map[string]string, v float64) {
				switch labels["resource"] {
				case "cpu":
					s.CPURequested = float32(v)
				case "memory":
					s.MemoryRequested = float32(v)
				}
			},
		},
		{
			fmt.Sprintf("histogram_quantile(0.99, sum by (le) (rate(%s_bucket{%s}[%s])))", series.ProbeSeconds, selector, window),
			func(s *history.Sample, _ map[string]string, v float64) { s.Probe = float32(v) },
		},
	}
}

// fill puts an answer into the points of its times. What is no number is not seen.
func (q question) fill(points []history.Point, m matrix, step time.Duration) {
	for _, v := range m {
		for _, one := range v.values {
			i := int(math.Round(float64(one.at.Sub(points[0].At)) / float64(step)))
			if i >= 0 && i < len(points) && !math.IsNaN(one.is) && !math.IsInf(one.is, 0) {
				q.into(&points[i].Sample, v.labels, one.is)
			}
		}
	}
}
