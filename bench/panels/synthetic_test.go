// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"evenkeel.dev/evenkeel/monitoring/series"
)

// line is one series as synthetic data has it: what it begins with, and what it rises by in
// a minute.
type line struct {
	name        string
	labels      map[string]string
	begin, rise float64
}

// String is the line as promqltest loads it.
func (l line) String() string {
	return fmt.Sprintf("%s %g+%gx%d", l.selector(), l.begin, l.rise, minutes)
}

// selector is the name and the labels, as Prometheus reads them.
func (l line) selector() string {
	pairs := make([]string, 0, len(l.labels))
	for _, name := range slices.Sorted(maps.Keys(l.labels)) {
		pairs = append(pairs, fmt.Sprintf("%s=%q", name, l.labels[name]))
	}
	return l.name + "{" + strings.Join(pairs, ",") + "}"
}

// anything are values of labels whose values are not fixed.
var anything = []string{"One", "Two"}

// lines are all series of the list, with all values of their labels, of two control planes,
// as each of these operator pods tells them.
func lines(pods ...string) []line {
	var all []line
	for _, pod := range pods {
		for _, s := range series.List() {
			sets := []map[string]string{{"job": "evenkeel", "instance": pod}}
			if !s.Operator {
				sets = cross(cross(sets, series.Label{Name: "namespace", Values: []string{"tenant-a", "tenant-b"}}), series.Label{Name: "name", Values: []string{"main"}})
			}
			for _, l := range s.Labels {
				sets = cross(sets, l)
			}
			for _, labels := range sets {
				all = append(all, of(s, labels)...)
			}
		}
	}
	return all
}

// cross gives each set each value of a label.
func cross(sets []map[string]string, l series.Label) []map[string]string {
	values := l.Values
	if values == nil {
		values = anything
	}
	var all []map[string]string
	for _, set := range sets {
		for _, v := range values {
			all = append(all, with(set, l.Name, v))
		}
	}
	return all
}

func with(set map[string]string, name, value string) map[string]string {
	set = maps.Clone(set)
	set[name] = value
	return set
}

// of are the lines of one series: a gauge that rises, by its unit, a counter that counts, or
// a histogram that fills evenly.
func of(s series.Series, labels map[string]string) []line {
	if s.Kind == series.Counter {
		return []line{{s.Name, labels, 0, 1}}
	}
	if s.Kind == series.Histogram {
		all := []line{{s.Name + "_sum", labels, 0, 1}, {s.Name + "_count", labels, 0, float64(len(s.Buckets) + 1)}}
		for i, bound := range s.Buckets {
			all = append(all, line{s.Name + "_bucket", with(labels, "le", strconv.FormatFloat(bound, 'g', -1, 64)), 0, float64(i + 1)})
		}
		return append(all, line{s.Name + "_bucket", with(labels, "le", "+Inf"), 0, float64(len(s.Buckets) + 1)})
	}
	switch {
	case s.Name == series.EtcdQuota:
		return []line{{s.Name, labels, 2 << 30, 0}}
	case strings.HasSuffix(s.Name, "_ratio"):
		return []line{{s.Name, labels, .99, 0}}
	case strings.HasSuffix(s.Name, "_bytes"):
		return []line{{s.Name, labels, 1 << 30, 1 << 10}}
	default:
		return []line{{s.Name, labels, 1, 0}}
	}
}

// quiet are the same when nothing has ever happened, as the exporter tells it from the first
// pass on: counters and gauges are 0, but for what is promised, what there is, and what the
// operator itself is. What has no fixed values has not been.
func quiet(pod string) []line {
	there := []string{
		series.Target, series.Available, series.BudgetLeft, series.LoadLine, series.Ceiling, series.Replicas, series.ReplicasReady,
		series.LastPass, series.Points, series.Leading, series.EtcdMembers, series.EtcdMembersReady, series.EtcdSeen, series.EtcdHasLeader,
		series.EtcdDatabase, series.EtcdInUse, series.EtcdQuota, series.Expires,
	}
	var all []line
	for _, l := range lines(pod) {
		if l.labels["step"] != "" {
			continue
		}
		if !slices.Contains(there, l.name) {
			l.begin, l.rise = 0, 0
		}
		all = append(all, l)
	}
	return all
}
