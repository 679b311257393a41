// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"evenkeel.dev/evenkeel/monitoring/dashboards"
	"evenkeel.dev/evenkeel/monitoring/series"
)

// counting are the functions that a counter must stand in: its value says nothing.
var counting = []string{"rate", "increase", "min_over_time"}

// ofTargets are labels that a scrape gives.
var ofTargets = []string{"instance", "job"}

// byName finds the series that a selector is of, be it a part of a histogram.
func byName(name string) (s series.Series, known bool) {
	for _, s := range series.List() {
		if s.Name == name && s.Kind != series.Histogram {
			return s, true
		}
		rest, ok := strings.CutPrefix(name, s.Name)
		if ok && s.Kind == series.Histogram && slices.Contains([]string{"_bucket", "_sum", "_count"}, rest) {
			return s, true
		}
	}
	return series.Series{}, false
}

// labelsOf are the labels that a selector's series have, with their values where these are
// fixed.
func labelsOf(s series.Series) map[string][]string {
	all := map[string][]string{}
	for _, name := range ofTargets {
		all[name] = nil
	}
	if !s.Operator {
		for _, name := range series.Of {
			all[name] = nil
		}
	}
	for _, l := range s.Labels {
		all[l.Name] = l.Values
	}
	if s.Kind == series.Histogram {
		all["le"] = nil
	}
	return all
}

// expressions are those of panels and of annotations, and where they stand.
func expressions() map[string]string {
	all := map[string]string{}
	for _, q := range questions() {
		all[q.String()] = q.Expr
	}
	for _, d := range dashboards.All() {
		for _, a := range d.Annotations {
			all[d.UID+": the annotation "+a.Name] = a.Expr
		}
		for _, v := range d.Variables {
			all[d.UID+": the variable "+v.Name] = "group by (" + v.Of + ") (" + v.Series + "{" + v.In + "})"
		}
	}
	return all
}

// Every expression is one that Prometheus reads, on series that are told, by labels and
// values that they have; counters are counted, and gauges are not.
func TestExpressionsAreOnSeriesThatAreTold(t *testing.T) {
	reads := parser.NewParser(parser.Options{})
	used := map[string]bool{}
	for where, text := range expressions() {
		if filled := one.fill(text); strings.Contains(filled, "$") {
			t.Errorf("%s has a variable that nobody fills: %s", where, filled)
		}
		expr, err := reads.ParseExpr(one.fill(text))
		if err != nil {
			t.Errorf("%s does not parse: %v\n%s", where, err, text)
			continue
		}
		parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
			switch n := node.(type) {
			case *parser.VectorSelector:
				if s, known := byName(n.Name); known {
					used[s.Name] = true
					selects(t, where, s, n, path)
				} else {
					t.Errorf("%s is on %q, which nobody tells", where, n.Name)
				}
			case *parser.AggregateExpr:
				groups(t, where, n)
			}
			return nil
		})
	}
	for _, s := range series.List() {
		if !used[s.Name] {
			t.Errorf("no dashboard shows %s", s.Name)
		}
	}
}

// selects checks the labels and values of a selector, and what it stands in.
func selects(t *testing.T, where string, s series.Series, n *parser.VectorSelector, path []parser.Node) {
	t.Helper()
	has := labelsOf(s)
	for _, m := range n.LabelMatchers {
		values, known := has[m.Name]
		if m.Name == model.MetricNameLabel {
			continue
		}
		if !known {
			t.Errorf("%s selects %s by the label %s, which it has not", where, s.Name, m.Name)
		}
		if values != nil && (!slices.ContainsFunc(values, m.Matches) || !slices.ContainsFunc(values, func(v string) bool { return !m.Matches(v) })) {
			t.Errorf("%s selects %s by %s, which all of its values match, or none: %q", where, s.Name, m, values)
		}
	}
	counted := false
	for _, p := range path {
		if call, ok := p.(*parser.Call); ok && slices.Contains(counting, call.Func.Name) {
			counted = true
		}
	}
	// What was there before is asked for by name alone.
	if n.OriginalOffset != 0 {
		return
	}
	if counted != (s.Kind != series.Gauge) {
		t.Errorf("%s has %s, a %s, within a function of counters: %t", where, s.Name, s.Kind, counted)
	}
}

// groups checks that what is aggregated has the labels that are kept.
func groups(t *testing.T, where string, n *parser.AggregateExpr) {
	t.Helper()
	parser.Inspect(n.Expr, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		s, _ := byName(selector.Name)
		has := labelsOf(s)
		for _, name := range n.Grouping {
			if _, ok := has[name]; !ok {
				t.Errorf("%s keeps the label %s of %s, which has it not", where, name, s.Name)
			}
		}
		return nil
	})
}
