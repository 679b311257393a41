// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"

	"evenkeel.dev/evenkeel/operator/history"
)

// line is one line of a chart. Its class is its color and dashes; there are no colors alone.
type line struct {
	Name, Class string
	// Stairs is whether it stays until it is set anew.
	Stairs bool
	of     func(history.Sample) float32
}

// chart is lines over the same time, with one scale.
type chart struct {
	ID, Title string
	format    func(float64) string
	// unit is what the scale is round in.
	unit  float64
	lines []line
}

// drawn is a chart as the page has it.
type drawn struct {
	ID, Title string
	Legend    []legend
	// Seen is whether there is anything to draw.
	Seen bool
	SVG  template.HTML
}

type legend struct {
	Name, Class, Now, Most string
	// Peaks is whether its highest matters: of what is set it does not.
	Peaks bool
}

// Pixels from the top: where the plot begins, how high it is, and where times are named.
const plotTop, plotHeight, ticksAt, chartHeight = 10, 116, 144, 150

// draw draws points as SVG: no script is needed to see them, and what stands in them is the
// server's. Places along the time are percentages, so that a chart is as wide as the page
// and its letters stay letters; lines are in a box of their own that is stretched.
func (c chart) draw(points []history.Point, s span, marks []mark) drawn {
	d := drawn{ID: c.ID, Title: c.Title}
	most := 0.
	for _, l := range c.lines {
		now, peak := l.ends(points, s)
		if !math.IsNaN(peak) {
			most, d.Seen = max(most, peak), true
		}
		d.Legend = append(d.Legend, legend{Name: l.Name, Class: l.Class, Now: c.format(now), Most: c.format(peak), Peaks: !l.Stairs && peak > 0})
	}
	top := c.unit * round(most/c.unit)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="plot" height="%d" role="img" aria-label="%s">`, chartHeight, html.EscapeString(d.words()))
	grid(&b, s)
	for _, m := range marks {
		x := percent(s.share(m.At))
		fmt.Fprintf(&b, `<line class="mark %s" x1="%s" x2="%s" y1="%d" y2="%d"/>`, m.Class(), x, x, plotTop, plotTop+plotHeight)
	}
	fmt.Fprintf(&b, `<svg y="%d" width="100%%" height="%d" viewBox="0 0 1000 100" preserveAspectRatio="none">`, plotTop, plotHeight)
	for _, l := range c.lines {
		if p := l.path(points, s, top); p != "" {
			fmt.Fprintf(&b, `<path class="line %s" d="%s"/>`, l.Class, p)
		}
	}
	b.WriteString("</svg>")
	for _, share := range []float64{.5, 1} { // over the lines: a number that is struck through is none
		fmt.Fprintf(&b, `<text class="scale" x="2" y="%g">%s</text>`, plotTop+plotHeight*(1-share)+12, html.EscapeString(c.format(share*top)))
	}
	b.WriteString("</svg>")
	d.SVG = template.HTML(b.String()) //nolint:gosec // numbers, names from this package, and one escaped text
	return d
}

// ends are the newest value of a line and its highest in a span. What was not seen for two
// steps is not told as if it were now.
func (l line) ends(points []history.Point, s span) (now, peak float64) {
	now, peak = math.NaN(), math.NaN()
	for i, p := range points {
		f := float64(l.of(p.Sample))
		if math.IsNaN(f) || math.IsInf(f, 0) || !s.holds(p.At) {
			continue
		}
		if peak = math.Max(f, peak); math.IsNaN(peak) {
			peak = f
		}
		if s.until.Sub(p.At) <= 2*lengthOf(points, i) {
			now = f
		}
	}
	return now, peak
}

// grid draws the times and what is at the half of the scale and at its ends.
func grid(b *strings.Builder, s span) {
	for _, share := range []float64{0, .5, 1} {
		y := plotTop + plotHeight*(1-share)
		fmt.Fprintf(b, `<line class="grid" x1="0" x2="100%%" y1="%g" y2="%g"/>`, y, y)
	}
	for _, t := range s.ticks() {
		x := percent(s.share(t.at))
		fmt.Fprintf(b, `<line class="grid" x1="%s" x2="%s" y1="%d" y2="%d"/>`, x, x, plotTop, plotTop+plotHeight)
		fmt.Fprintf(b, `<text class="tick" x="%s" y="%d">%s</text>`, x, ticksAt, t.text)
	}
}

// path is a line through what was seen; where nothing was it is broken.
func (l line) path(points []history.Point, s span, top float64) string {
	var b strings.Builder
	drawing := false
	for i, p := range points {
		f := float64(l.of(p.Sample))
		if math.IsNaN(f) || math.IsInf(f, 0) || !s.holds(p.At) {
			drawing = false
			continue
		}
		x, y := 1000*s.share(p.At), 100*(1-math.Max(0, f)/top)
		switch {
		case !drawing:
			b.WriteString("M" + coordinate(x) + " " + coordinate(y))
			if i+1 == len(points) || math.IsNaN(float64(l.of(points[i+1].Sample))) {
				b.WriteString("h1") // one alone is seen as well
			}
		case l.Stairs:
			b.WriteString("H" + coordinate(x) + "V" + coordinate(y))
		default:
			b.WriteString("L" + coordinate(x) + " " + coordinate(y))
		}
		drawing = true
	}
	return b.String()
}

func coordinate(f float64) string { return strconv.FormatFloat(math.Round(10*f)/10, 'f', -1, 64) }

// round is a scale's end above a value: 1, 2 or 5 times a power of ten.
func round(most float64) float64 {
	if most <= 0 || math.IsNaN(most) || math.IsInf(most, 0) {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(most)))
	for _, m := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8} {
		if m*unit >= most {
			return m * unit
		}
	}
	return 10 * unit
}

// words are a chart for who does not see it.
func (d drawn) words() string {
	if !d.Seen {
		return d.Title + ": nothing was seen in this time"
	}
	parts := make([]string, 0, len(d.Legend))
	for _, l := range d.Legend {
		parts = append(parts, fmt.Sprintf("%s now %s, at the most %s", l.Name, l.Now, l.Most))
	}
	return d.Title + ": " + strings.Join(parts, "; ")
}
