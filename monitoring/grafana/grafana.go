// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package grafana is as much of Grafana's dashboards as is used here, as plain values that
// are written as the JSON that Grafana reads.
//
// A dashboard is rows of panels, each with a width and a height; where they come to lie
// follows from that. Nothing is of one installation: the data source is a variable, and
// people may edit what was provisioned.
package grafana

import "slices"

// Dashboard is one page.
type Dashboard struct {
	// UID is its address and stays what it is; others link to it.
	UID, Title, Description string
	Tags                    []string
	// From is how far back it looks when it is opened, as in "6h".
	From string
	// Variables follow the data source, which each dashboard has.
	Variables   []Variable
	Annotations []Annotation
	Rows        []Row
}

// Variable is what a person chooses from, the values of a label.
type Variable struct {
	// Name is how expressions call it, Label how people do.
	Name, Label, Description string
	// Series and Of are the label whose values there are to choose from. In is a selector's
	// matchers without its braces.
	Series, Of, In string
	// Many is whether several or all can be chosen; else it is one.
	Many bool
}

// Annotation marks times in all panels: those at which an expression gives something.
type Annotation struct {
	Name, Expr, Title, Text, Color string
}

// Row is a heading and the panels below it.
type Row struct {
	Title  string
	Panels []Panel
}

// Kind is what a panel looks like.
type Kind string

// The kinds of panels.
const (
	Stat          Kind = "stat"
	Timeseries    Kind = "timeseries"
	Table         Kind = "table"
	StateTimeline Kind = "state-timeline"
	BarGauge      Kind = "bargauge"
)

// The units that are used.
const (
	Ratio     = "percentunit"
	Seconds   = "s"
	Bytes     = "bytes"
	ByteRate  = "Bps"
	Rate      = "reqps"
	Count     = "short"
	Minutes   = "suffix: min"
	Seats     = "suffix: seats"
	Cores     = "suffix: cores"
	Times     = "suffix:×"
	PerHour   = "suffix: /h"
	State     = "none"
	WaitedFor = "suffix: s/s"
)

// Panel is one picture.
type Panel struct {
	Kind               Kind
	Title, Description string
	Unit               string
	// Width is of 24, Height in units of 30 pixels.
	Width, Height int
	Targets       []Target
	// Thresholds color values.
	Thresholds Thresholds
	// Min and Max bound the axis, where they are known.
	Min, Max *float64
	// Decimals are shown, where Grafana's own choice tells too little or too much.
	Decimals *int
	// States are the names and colors of values.
	States []Named
	// Look is how a time series is drawn.
	Look Look
	// Columns are a table's, in their order; those without are not shown.
	Columns []Column
	// Links go elsewhere from a value.
	Links []Link
}

// Look is how a time series is drawn.
type Look struct {
	// Bars are drawn instead of lines, Stacked on top of each other. Line draws the
	// thresholds as lines.
	Bars, Stacked, Steps, Line bool
}

// Target is one expression.
type Target struct {
	Expr, Legend string
	// Now asks for one value, at the end of the time that is shown.
	Now bool
	// Buckets are a histogram's, each by itself.
	Buckets bool
}

// Thresholds are colors from values on, lowest first.
type Thresholds struct {
	// Base is the color below all.
	Base  string
	Steps []Step
}

// Step is the color from a value on.
type Step struct {
	From  float64
	Color string
}

// Below begins thresholds with the color of everything below the first value.
func Below(color string) Thresholds { return Thresholds{Base: color} }

// From adds the color from a value on.
func (t Thresholds) From(value float64, color string) Thresholds {
	t.Steps = append(slices.Clip(t.Steps), Step{From: value, Color: color})
	return t
}

// Named is what a value means.
type Named struct {
	Value, Text, Color string
}

// Column is a column of a table: a label, or the values of a target.
type Column struct {
	// Label is the label that is shown, or else Target the index of the target.
	Label  string
	Target int
	// Title is the column's, Unit its values' where it is not the panel's.
	Title, Unit string
	Thresholds  Thresholds
	// Links go elsewhere from the column's values.
	Links []Link
	// Sort is whether the table is sorted by this column, downwards with Down.
	Sort, Down bool
}

// Link is an address and what it is called.
type Link struct{ Title, URL string }

// To is a link to another dashboard that has these variables, at the same times.
func To(title, uid, variables string) Link {
	return Link{Title: title, URL: "/d/" + uid + "?var-datasource=${datasource}&" + variables + "&${__url_time_range}"}
}
