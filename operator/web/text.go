// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// plain is text from outside as a page shows it: on one line, and without the characters
// that turn the direction of what stands beside them.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u200e', r == '\u200f', r == '\u061c':
			return unicode.ReplacementChar
		default:
			return r
		}
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// iso is a time for machines; all times are of UTC.
func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// clock is a time of day.
func clock(t time.Time) string { return t.UTC().Format("15:04") }

// date is a time with its day.
func date(t time.Time) string { return t.UTC().Format("01-02 15:04") }

// number is a number with three digits that count, as 1.25k.
func number(f float64) string {
	if math.IsNaN(f) {
		return "–"
	}
	switch a := math.Abs(f); {
	case a >= 1e6:
		return short(f/1e6) + "M"
	case a >= 1e4:
		return short(f/1e3) + "k"
	case a >= 1000:
		return strconv.FormatFloat(f, 'f', 0, 64)
	default:
		return short(f)
	}
}

func short(f float64) string { return strconv.FormatFloat(f, 'g', 3, 64) }

// seconds is a duration.
func seconds(f float64) string {
	switch {
	case math.IsNaN(f):
		return "–"
	case f < .9995:
		return strconv.FormatFloat(math.Round(1000*f), 'f', -1, 64) + " ms"
	default:
		return short(f) + " s"
	}
}

// bytes is a size of memory.
func bytes(f float64) string {
	const gi, mi = 1 << 30, 1 << 20
	switch {
	case math.IsNaN(f):
		return "–"
	case f >= gi:
		return short(f/gi) + "Gi"
	default:
		return strconv.FormatFloat(f/mi, 'f', 0, 64) + "Mi"
	}
}

// percentOf is the number of a text as "61%"; NaN where it is none.
func percentOf(text string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), "%"), 64)
	if err != nil || math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

// whole is a count, in groups of three digits.
func whole(f float64) string {
	text := strconv.FormatFloat(f, 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
