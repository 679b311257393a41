// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"

	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// Fitted is a curve and how far off it is.
type Fitted struct {
	// Component is apiserver or etcd, Kind cpu or memory.
	Component, Kind string
	sizing.Curve
	// Residuals are (curve − measured) / measured, of each point.
	Residuals []float64
}

// kinds are what is fitted.
var kinds = []struct {
	component, kind string
	need            func(Point) float64
}{
	{"apiserver", "cpu", func(p Point) float64 { return p.APIServer.CPU }},
	{"apiserver", "memory", func(p Point) float64 { return p.APIServer.Memory }},
	{"etcd", "cpu", func(p Point) float64 { return p.Etcd.CPU }},
	// What is mapped of the database file is memory that a member needs, whether or not
	// it was touched in the window.
	{"etcd", "memory", func(p Point) float64 { return max(p.Etcd.Memory, p.File) }},
}

// FitAll fits the curves of a ResourceProfile: CPU in cores, the mean of the busiest
// replica over the window; memory in bytes, the peak in it.
func FitAll(points []Point) (all []Fitted, err error) {
	for _, k := range kinds {
		needs := make([]float64, len(points))
		for i, p := range points {
			needs[i] = k.need(p)
		}
		curve, residuals, err := Fit(loads(points), needs)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", k.kind, k.component, err)
		}
		all = append(all, Fitted{Component: k.component, Kind: k.kind, Curve: curve, Residuals: residuals})
	}
	return all, nil
}

// parts are a curve's coefficients, by their names in figures.
func parts(c sizing.Curve) []struct {
	name  string
	value float64
} {
	return []struct {
		name  string
		value float64
	}{
		{"base", c.Base}, {"per_node", c.Each.Nodes}, {"per_pod", c.Each.Pods}, {"per_object", c.Each.Objects},
		{"per_stored_byte", c.Each.Bytes}, {"per_request", c.Each.Requests},
	}
}

// Record adds the figures: profile.COMPONENT.KIND.PART, in cores or bytes, its error as
// a part of one, and the largest load that was measured.
func Record(r *report.Report, points []Point, fits []Fitted) {
	for _, f := range fits {
		name, unit := "profile."+f.Component+"."+f.Kind+".", report.UnitCores
		if f.Kind == "memory" {
			unit = "B"
		}
		for _, p := range parts(f.Curve) {
			r.Add(name+p.name, unit, p.value)
		}
		r.Add(name+"error", report.UnitCount, f.Error)
	}
	most := Most(loads(points))
	for _, p := range parts(sizing.Curve{Each: most})[1:] {
		r.Add("profile.measured."+map[string]string{
			"per_node": "nodes", "per_pod": "pods", "per_object": "objects", "per_stored_byte": "stored_bytes", "per_request": "requests",
		}[p.name], report.UnitCount, p.value)
	}
}
