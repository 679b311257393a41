// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/evenkeel/monitoring/rules"
	"evenkeel.dev/evenkeel/monitoring/series"
)

var played = sync.OnceValues(func() (map[string]verdict, error) {
	verdicts, err := judgeAll(file)
	all := map[string]verdict{}
	for _, v := range verdicts {
		all[v.fixture.Key] = v
	}
	return all, err
})

// told are the labels, with their values, of all series that an expression may use: those of
// the operator, and what is recorded.
func told() map[string]map[string][]string {
	all := map[string]map[string][]string{}
	for _, s := range series.List() {
		all[s.Name] = map[string][]string{}
		if !s.Operator {
			for _, l := range series.Of {
				all[s.Name][l] = nil
			}
		}
		for _, l := range s.Labels {
			all[s.Name][l.Name] = l.Values
		}
	}
	for _, g := range rules.Groups() {
		for _, r := range g.Recordings {
			if all[r.Name] == nil {
				all[r.Name] = map[string][]string{"namespace": nil, "name": nil, "sli": {"rounds", "requests", "served"}, "window": nil}
			}
			if w := r.Labels["window"]; w != "" {
				all[r.Name]["window"] = append(all[r.Name]["window"], w)
			}
		}
	}
	return all
}

// The rule file is one that Prometheus loads, and its expressions use the series that there
// are, with their labels and their values, and nothing else.
func TestSeriesOfTheContract(t *testing.T) {
	groups, errs := rulefmt.ParseFile(file, false, model.UTF8Validation, reader, nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	there := told()
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			expr, err := reader.ParseExpr(r.Expr)
			if err != nil {
				t.Fatal(err)
			}
			parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
				if s, ok := n.(*parser.VectorSelector); ok {
					objections(t, r.Alert+r.Record, s, there)
				}
				return nil
			})
		}
	}
}

func objections(t *testing.T, rule string, s *parser.VectorSelector, there map[string]map[string][]string) {
	t.Helper()
	has, ok := there[s.Name]
	if !ok {
		t.Errorf("%s uses %s, which is no series of the operator and not recorded", rule, s.Name)
		return
	}
	for _, m := range s.LabelMatchers {
		values, ok := has[m.Name]
		switch {
		case m.Name == model.MetricNameLabel:
		case !ok:
			t.Errorf("%s: %s has no label %s, only %v", rule, s.Name, m.Name, slices.Sorted(maps.Keys(has)))
		case len(values) > 0:
			for one := range strings.SplitSeq(m.Value, "|") {
				if !slices.Contains(values, one) {
					t.Errorf("%s: the label %s of %s is never %q", rule, m.Name, s.Name, one)
				}
			}
		}
	}
}

// What the Prometheus operator is given are the same rules.
func TestSameRulesInTheResource(t *testing.T) {
	raw, err := os.ReadFile("../../manifests/monitoring/prometheusrule.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var resource struct {
		Spec any `json:"spec"`
	}
	if err := yaml.Unmarshal(raw, &resource); err != nil {
		t.Fatal(err)
	}
	spec, err := yaml.Marshal(resource.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, errs := rulefmt.Parse(spec, false, model.UTF8Validation, reader, nil); len(errs) > 0 {
		t.Fatal(errs)
	}
	plain, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, body, _ := strings.Cut(string(plain), "\n"); body != string(spec) {
		t.Error("the rules of the resource are not those of the file")
	}
}

// A rule whose expression names what is not there is found.
func TestObjections(t *testing.T) {
	for expr, wrong := range map[string]bool{
		"evenkeel_down": false, "evenkeel_dwon": true, `evenkeel_down{door="x"}`: true,
		`evenkeel_probe_rounds_total{verdict="down"}`: false, `evenkeel_probe_rounds_total{verdict="sideways"}`: true,
	} {
		parsed, err := reader.ParseExpr(expr)
		if err != nil {
			t.Fatal(err)
		}
		probe := &testing.T{}
		objections(probe, "a rule", parsed.(*parser.VectorSelector), told())
		if probe.Failed() != wrong {
			t.Errorf("%s: found wrong is %t, want %t", expr, probe.Failed(), wrong)
		}
	}
}
