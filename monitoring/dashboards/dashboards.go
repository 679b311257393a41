// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package dashboards are the Grafana dashboards of Evenkeel. Their expressions are made from
// the names of monitoring/series, so that none is on a series that is not told; bench/panels
// parses each, and has it answer.
package dashboards

import (
	"evenkeel.dev/evenkeel/monitoring/grafana"
	"evenkeel.dev/evenkeel/monitoring/series"
)

// The addresses of the dashboards.
const (
	FleetUID        = "evenkeel-fleet"
	ControlPlaneUID = "evenkeel-control-plane"
	EtcdUID         = "evenkeel-etcd"
	DecisionsUID    = "evenkeel-decisions"
)

// Tag is on all of them; they link to each other by it.
const Tag = "evenkeel"

// All are the dashboards.
func All() []grafana.Dashboard {
	return []grafana.Dashboard{fleet(), controlPlane(), etcd(), decisions()}
}

const (
	// full, half and so on are the widths of panels, and small that of a number. On a page of
	// 1,280 pixels a quarter is 300 of them.
	full, half, third, quarter, small = 24, 12, 8, 6, 4
	// high is a picture's height, and low a number's.
	high, low = 8, 4
)

// byPlane is the legend of a series for each control plane.
const byPlane = "{{namespace}}/{{name}}"

// The colors of what is well, what asks for a look, and what is wrong.
const (
	good, warn, bad, plain, unknown = "green", "orange", "red", "blue", "purple"
)

// asItIs colors nothing: there is no level from which on the value is wrong.
var asItIs = grafana.Below(plain)

// none is for what there should be nothing of.
var none = grafana.Below(good).From(1, bad)

// burns are the rates at which a budget of 30 days is gone in five days, and in two.
var burns = grafana.Below(good).From(1, warn).From(6, bad)

// budgets color what is left.
var budgets = grafana.Below(bad).From(0, warn).From(.25, good)

// toPlane is a link from a value of a control plane, and toRow one from a table's line, whose
// columns must keep the labels' names for it.
var (
	toPlane = grafana.To("Its control plane", ControlPlaneUID, "var-namespace=${__field.labels.namespace}&var-name=${__field.labels.name}")
	toRow   = grafana.To("Its control plane", ControlPlaneUID, "var-namespace=${__data.fields.namespace}&var-name=${__data.fields.name}")
)

// namespaces, and planes in them, are chosen from those that have a profile.
func namespaces(many bool) grafana.Variable {
	return grafana.Variable{Name: "namespace", Label: "Namespace", Series: series.Target, Of: "namespace", Many: many}
}

func planes(many bool) grafana.Variable {
	v := grafana.Variable{Name: "name", Label: "Control plane", Series: series.Target, Of: "name", Many: many, In: `namespace="$namespace"`}
	if many {
		v.In = string(everywhere)
	}
	return v
}

// marks are Evenkeel's own decisions in all of a dashboard's pictures.
func (s scope) marks() grafana.Annotation {
	q := s.of(series.Decisions, `applied="true"`).and("step", "reason")
	return grafana.Annotation{
		Name: "Decisions that were carried out", Expr: "(" + q.happened("2m") + ") > 0.5", Color: plain,
		Title: "{{step}} of " + byPlane, Text: "{{reason}}",
	}
}

// number is a panel with one value.
func number(title, description, unit, expr string, t grafana.Thresholds) grafana.Panel {
	return grafana.Panel{
		Kind: grafana.Stat, Title: title, Description: description, Unit: unit, Width: small, Height: low, Thresholds: t,
		Targets: []grafana.Target{{Expr: expr, Legend: title}},
	}
}

// once has a number asked for at the end of what is shown alone, without the curve behind
// it: what looks back for 30 days is dear at each of many times.
func once(p grafana.Panel) grafana.Panel {
	p.Targets[0].Now = true
	return p
}

// picture is a panel with lines.
func picture(title, description, unit string, width int, targets ...grafana.Target) grafana.Panel {
	return grafana.Panel{
		Kind: grafana.Timeseries, Title: title, Description: description, Unit: unit, Width: width, Height: high, Thresholds: asItIs,
		Targets: targets, Min: new(0.0),
	}
}

// line is one target of a picture.
func line(expr, legend string) grafana.Target { return grafana.Target{Expr: expr, Legend: legend} }

// stacked has a picture drawn as bars on top of each other.
func stacked(p grafana.Panel) grafana.Panel {
	p.Look = grafana.Look{Bars: true, Stacked: true}
	return p
}

// steps has a picture's lines stay until the next value, as what is set does.
func steps(p grafana.Panel) grafana.Panel {
	p.Look.Steps = true
	return p
}

// limits draws the levels from which on a picture's values are wrong.
func limits(p grafana.Panel, t grafana.Thresholds) grafana.Panel {
	p.Thresholds, p.Look.Line = t, true
	return p
}

// bars is a panel with a bar for each value, as they are now.
func bars(title, description, unit string, width int, t grafana.Thresholds, expr, legend string) grafana.Panel {
	return grafana.Panel{
		Kind: grafana.BarGauge, Title: title, Description: description, Unit: unit, Width: width, Height: high, Thresholds: t,
		Targets: []grafana.Target{{Expr: expr, Legend: legend, Now: true}},
	}
}
