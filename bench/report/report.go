// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package report is the form of every measured figure: named values with their
// unit and spread, the machine and the commit they were taken on, and the
// figures that could not be taken with the reason why.
//
// A Report is filled by Add and Miss, written as one JSON object by WriteFile and
// shown to people by the tables made from it: Demo for the storm of `make demo`,
// Compare for two reports of the same target. Picture draws a storm as SVG. What
// people see is always made from the figures in the report, so a table can be
// made again from its JSON file.
package report

import (
	"fmt"
	"math"
	"slices"
)

// Figure is one measured value: the median over Runs samples, of which Min and
// Max are the extremes.
type Figure struct {
	// Name is stable: dots separate what it is about, as in
	// victims.evenkeel.p99_ms.
	Name string `json:"name"`
	// Value is the median of the samples, in Unit.
	Value float64 `json:"value"`
	// Unit is one of the Unit constants.
	Unit string `json:"unit"`
	// Runs counts the samples.
	Runs int     `json:"runs"`
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
}

// Missing is a figure that could not be taken.
type Missing struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// The units of figures.
const (
	UnitMilliseconds = "ms"
	UnitSeconds      = "s"
	UnitCount        = ""
	UnitPerSecond    = "/s"
	UnitCores        = "cores"
	UnitMiB          = "MiB"
)

// Report is what one measuring target found.
type Report struct {
	// Target is the target of the Makefile, as in demo.
	Target string `json:"target"`
	// Commit is the commit that was measured, "-dirty" with changes, or
	// "unknown" outside a checkout.
	Commit  string    `json:"commit"`
	Machine Machine   `json:"machine"`
	Figures []Figure  `json:"figures"`
	Missing []Missing `json:"missing"`
}

// Add records a figure from its samples, one per run; a name that was recorded
// before is replaced. Without samples, or with one that is no number, the figure
// is missing: it is never written as 0.
func (r *Report) Add(name, unit string, samples ...float64) {
	if len(samples) == 0 {
		r.Miss(name, "no sample was taken")
		return
	}
	for i, sample := range samples {
		if math.IsNaN(sample) || math.IsInf(sample, 0) {
			r.Miss(name, fmt.Sprintf("sample %d of %d is not a number (%v)", i+1, len(samples), sample))
			return
		}
	}
	r.forget(name)
	r.Figures = append(r.Figures, Figure{
		Name: name, Unit: unit, Runs: len(samples),
		Value: median(samples), Min: slices.Min(samples), Max: slices.Max(samples),
	})
}

// Adopt takes over a figure that was taken elsewhere.
func (r *Report) Adopt(f Figure) {
	r.forget(f.Name)
	r.Figures = append(r.Figures, f)
}

// Miss records that a figure could not be taken, and why.
func (r *Report) Miss(name, why string) {
	r.forget(name)
	r.Missing = append(r.Missing, Missing{Name: name, Why: why})
}

// Figure is the figure of this name; ok is false where there is none.
func (r *Report) Figure(name string) (f Figure, ok bool) {
	i := slices.IndexFunc(r.Figures, func(f Figure) bool { return f.Name == name })
	if i < 0 {
		return Figure{}, false
	}
	return r.Figures[i], true
}

func (r *Report) forget(name string) {
	r.Figures = slices.DeleteFunc(r.Figures, func(f Figure) bool { return f.Name == name })
	r.Missing = slices.DeleteFunc(r.Missing, func(m Missing) bool { return m.Name == name })
}

// median of at least one sample; between the middle two of an even number.
func median(samples []float64) float64 {
	sorted := slices.Sorted(slices.Values(samples))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	// Halves first: the sum of two large samples may not fit a float.
	return sorted[middle-1]/2 + sorted[middle]/2
}
