// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"evenkeel.dev/evenkeel/monitoring/grafana"
	"evenkeel.dev/evenkeel/monitoring/series"
)

var inLegend = regexp.MustCompile(`{{\s*(\w+)\s*}}`)

// Every panel has something to show, with two operator pods that tell of the same control
// planes, as after a change of the leader: nothing is told twice then.
func TestEveryPanelAnswers(t *testing.T) {
	e := load(t, lines("pod-a:8080", "pod-b:8080"))
	for _, q := range questions() {
		a, err := e.ask(t.Context(), q)
		if err != nil {
			t.Errorf("%s fails: %v\n%s", q, err, q.Expr)
			continue
		}
		if a.numbers == 0 {
			t.Errorf("%s is empty: %s", q, q.Expr)
			continue
		}
		if !q.instant() && a.numbers < len(a.series)*7 {
			t.Errorf("%s has holes: %d numbers of %d series at 7 times: %s", q, a.numbers, len(a.series), q.Expr)
		}
		if q.panel.Kind == grafana.Table {
			columns(t, q, a.series)
		} else {
			legends(t, q, a.series)
		}
	}
}

// legends tells series apart by what the legend says of them.
func legends(t *testing.T, q Question, all []labels.Labels) {
	t.Helper()
	seen := map[string]bool{}
	for _, l := range all {
		text := inLegend.ReplaceAllStringFunc(q.target.Legend, func(field string) string {
			name := inLegend.FindStringSubmatch(field)[1]
			if l.Get(name) == "" {
				t.Errorf("%s: the legend %q has a label that is not there: %s", q, q.target.Legend, l)
			}
			return l.Get(name)
		})
		if seen[text] {
			t.Errorf("%s: two series are called %q, one of them is %s", q, text, l)
		}
		seen[text] = true
	}
}

// columns finds the labels of a table's columns in each of its lines.
func columns(t *testing.T, q Question, all []labels.Labels) {
	t.Helper()
	for _, c := range q.panel.Columns {
		for _, l := range all {
			if c.Label != "" && l.Get(c.Label) == "" {
				t.Errorf("%s: the column %s is not in %s", q, c.Label, l)
			}
		}
	}
}

// A control plane to which nothing has ever happened has its numbers too: a panel without
// any looks as if it were broken.
func TestNumbersOfWhatIsQuiet(t *testing.T) {
	e := load(t, quiet("pod-a:8080"))
	var empty []string
	for _, q := range questions() {
		a, err := e.ask(t.Context(), q)
		if err != nil {
			t.Errorf("%s fails: %v", q, err)
		} else if a.numbers == 0 && !strings.Contains(q.Expr, series.Decisions) && !strings.Contains(q.Expr, series.InForce) {
			empty = append(empty, q.String())
		}
	}
	// A size that is not known to be wanted, and times that nobody has taken.
	want := []string{
		"evenkeel-fleet: Time of one look (A)", "evenkeel-fleet: Time of one look (B)",
		"evenkeel-control-plane: How long probes took (A)", "evenkeel-control-plane: How long probes took (B)",
		"evenkeel-control-plane: CPU of one pod (B)", "evenkeel-control-plane: Memory of one pod (B)",
	}
	if !slices.Equal(empty, want) {
		t.Errorf("these are empty:\n%s\nand should be:\n%s", strings.Join(empty, "\n"), strings.Join(want, "\n"))
	}
}
