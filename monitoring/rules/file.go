// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"maps"

	"sigs.k8s.io/yaml"
)

// written says of a file where it comes from.
const written = "# Written by make generate from monitoring/rules; do not edit.\n"

// fileGroups are the rules in the form of a rule file.
type fileGroups struct {
	Groups []fileGroup `json:"groups"`
}

type fileGroup struct {
	Name     string     `json:"name"`
	Interval string     `json:"interval"`
	Rules    []fileRule `json:"rules"`
}

type fileRule struct {
	Record      string            `json:"record,omitempty"`
	Alert       string            `json:"alert,omitempty"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	KeepFor     string            `json:"keep_firing_for,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// File is the rules as a file that Prometheus loads.
func File() ([]byte, error) {
	return marshal(inFile(Groups()))
}

// Resource is the rules as a PrometheusRule of the Prometheus operator.
func Resource() ([]byte, error) {
	return marshal(map[string]any{
		"apiVersion": "monitoring.coreos.com/v1",
		"kind":       "PrometheusRule",
		"metadata": map[string]any{
			"name": "evenkeel", "namespace": "evenkeel-system",
			"labels": map[string]string{"app.kubernetes.io/name": "evenkeel"},
		},
		"spec": inFile(Groups()),
	})
}

func inFile(groups []Group) (out fileGroups) {
	for _, g := range groups {
		one := fileGroup{Name: g.Name, Interval: span(g.Every)}
		for _, r := range g.Recordings {
			one.Rules = append(one.Rules, fileRule{Record: r.Name, Expr: r.Expr, Labels: maps.Clone(r.Labels)})
		}
		for _, a := range g.Alerts {
			r := fileRule{
				Alert: a.Name, Expr: a.Expr, Labels: map[string]string{"severity": string(a.Severity)},
				Annotations: map[string]string{"summary": a.Summary, "description": a.Description, "runbook_url": a.Runbook()},
			}
			if a.For > 0 {
				r.For = span(a.For)
			}
			if a.KeepFor > 0 {
				r.KeepFor = span(a.KeepFor)
			}
			one.Rules = append(one.Rules, r)
		}
		out.Groups = append(out.Groups, one)
	}
	return out
}

func marshal(what any) ([]byte, error) {
	raw, err := yaml.Marshal(what)
	if err != nil {
		return nil, fmt.Errorf("writing the rules as YAML: %w", err)
	}
	return append([]byte(written), raw...), nil
}
