// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math"
	"strconv"
)

// Words are the figure for people: its value with its unit, and the extremes
// where there was more than one run.
func (f Figure) Words() string {
	words := amount(f.Value, f.Unit)
	if f.Runs > 1 {
		words += fmt.Sprintf(" (%s to %s, %d runs)", digits(f.Min, f.Unit), digits(f.Max, f.Unit), f.Runs)
	}
	return words
}

// amount is a value with its unit.
func amount(value float64, unit string) string {
	switch unit {
	case UnitCount, UnitPerSecond:
		return digits(value, unit) + unit
	default:
		return digits(value, unit) + " " + unit
	}
}

// digits are as many as mean something: three of a small value, all that stand
// before the point of a large one.
func digits(value float64, unit string) string {
	size := math.Abs(value)
	switch {
	case size == 0:
		return "0"
	case unit == UnitCount && value == math.Trunc(value), size >= 100:
		return grouped(value)
	case size >= 10:
		return strconv.FormatFloat(value, 'f', 1, 64)
	case size >= 1:
		return strconv.FormatFloat(value, 'f', 2, 64)
	default:
		return strconv.FormatFloat(value, 'f', 3, 64)
	}
}

// exact is a limit as it was set.
func exact(limit float64) string {
	if limit == math.Trunc(limit) {
		return grouped(limit)
	}
	return strconv.FormatFloat(limit, 'f', -1, 64)
}

// grouped is the rounded value with a comma every three digits.
func grouped(value float64) string {
	text := strconv.FormatFloat(math.Abs(math.Round(value)), 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	if math.Round(value) < 0 {
		return "-" + text
	}
	return text
}

// Times is a ratio for people.
func Times(ratio float64) string {
	if ratio >= 100 {
		return grouped(ratio) + "×"
	}
	return strconv.FormatFloat(ratio, 'g', 3, 64) + "×"
}
