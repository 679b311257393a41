// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"evenkeel.dev/evenkeel/monitoring/dashboards"
	"evenkeel.dev/evenkeel/monitoring/grafana"
)

// Question is one expression of one panel.
type Question struct {
	Dashboard string `json:"dashboard"`
	Panel     string `json:"panel"`
	Ref       string `json:"ref"`
	// Expr has its variables still in it.
	Expr string `json:"expr"`

	panel  grafana.Panel
	target grafana.Target
}

// String is where the question stands.
func (q Question) String() string { return fmt.Sprintf("%s: %s (%s)", q.Dashboard, q.Panel, q.Ref) }

// instant tells whether one value is asked for, at the end of what is shown.
func (q Question) instant() bool { return q.target.Now || q.panel.Kind == grafana.Table }

// questions are all expressions of the dashboards.
func questions() []Question {
	var all []Question
	for _, d := range dashboards.All() {
		for _, r := range d.Rows {
			for _, p := range r.Panels {
				for i, t := range p.Targets {
					all = append(all, Question{Dashboard: d.UID, Panel: p.Title, Ref: grafana.Ref(i), Expr: t.Expr, panel: p, target: t})
				}
			}
		}
	}
	return all
}

// chosen is what a person has chosen, and what Grafana makes of the times.
type chosen struct {
	namespace, name   string
	rateWindow, shown string
}

// fill puts values in the place of variables: where one control plane is to be chosen, that
// one, and all of them where many can be.
func (c chosen) fill(expr string) string {
	return strings.NewReplacer(
		`=~"$namespace"`, `=~".*"`, `=~"$name"`, `=~".*"`, `=~"$type"`, `=~".*"`,
		`="$namespace"`, `="`+c.namespace+`"`, `="$name"`, `="`+c.name+`"`,
		"$__rate_interval", c.rateWindow, "$__range", c.shown,
	).Replace(expr)
}
