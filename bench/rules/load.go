// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
)

// load reads the rules anew: what they knew of how long something holds is lost.
func (t *theater) load() error {
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: time.Minute, Parser: reader})
	manager := rules.NewManager(&rules.ManagerOptions{
		Context: context.Background(), Appendable: t.store, Queryable: t.store, QueryFunc: rules.EngineQueryFunc(engine, t.store),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {}, GroupLoader: loader{t.keep, t.bare},
	})
	groups, errs := manager.LoadGroups(15*time.Second, labels.EmptyLabels(), "", nil, false, t.files...)
	if len(errs) > 0 {
		return fmt.Errorf("reading the rules: %w", errs[0])
	}
	t.groups = nil
	for _, file := range t.files {
		for _, key := range slices.Sorted(maps.Keys(groups)) {
			if g := groups[key]; g.File() == file {
				t.groups = append(t.groups, g)
			}
		}
	}
	return nil
}

// loader reads rule files as Prometheus does, and leaves out alerts that are not kept, and
// what is recorded where they are bare.
type loader struct {
	keep func(group, severity, name string) bool
	bare bool
}

// Load reads a rule file.
func (l loader) Load(file string, unknown bool, names model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	all, errs := rulefmt.ParseFile(file, unknown, names, reader, nil)
	if len(errs) > 0 || l.keep == nil {
		return all, errs
	}
	for i, g := range all.Groups {
		all.Groups[i].Rules = slices.DeleteFunc(g.Rules, func(r rulefmt.Rule) bool {
			return r.Alert == "" && l.bare || r.Alert != "" && !l.keep(g.Name, r.Labels["severity"], r.Alert)
		})
	}
	return all, nil
}

// Parse reads an expression.
func (loader) Parse(query string) (parser.Expr, error) { return reader.ParseExpr(query) }
