// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// Point is the latency of the victims' requests that were sent within one
// second, in milliseconds; NaN where none was answered.
type Point struct {
	// At is the second's start, since the start of the picture.
	At       time.Duration
	P50, P99 float64
	// Failed counts the requests that failed or were rejected.
	Failed int
}

// Mark is a moment to point out with a vertical line.
type Mark struct {
	At    time.Duration
	Label string
}

// Tone says how a phase is tinted.
type Tone string

// The tones of phases; the zero Tone is not tinted.
const (
	ToneHarm   Tone = "harm"
	ToneShield Tone = "shield"
)

// Phase is a stretch of the run.
type Phase struct {
	From, To time.Duration
	Label    string
	Tone     Tone
}

// The picture in pixels: its size and the frame of the plot within it.
const (
	pictureWidth, pictureHeight = 960.0, 440.0
	plotLeft, plotRight         = 64.0, pictureWidth - 16
	plotTop, plotBottom         = 112.0, pictureHeight - 48
	// phaseRow is the baseline of the phases' labels, which may take two rows;
	// markRow that of the lowest row of marks' labels, just above the plot.
	phaseRow, markRow = 24.0, plotTop - 8
	rowHeight         = 14.0
	// letter is how wide a letter of the labels is, at most on average.
	letter = 6.2
)

// Picture draws the victims' latency over time as SVG, on a logarithmic scale:
// the 50th and the 99th percentile of each second with the space between them
// filled, the phases as tinted stretches, and the marks. It reads in a dark and
// in a light page. Points outside the phases are left out.
func Picture(w io.Writer, series []Point, marks []Mark, phases []Phase) error {
	x, err := timeScale(phases)
	if err != nil {
		return fmt.Errorf("drawing the picture: %w", err)
	}
	series = within(series, x)
	y, err := latencyScale(series)
	if err != nil {
		return fmt.Errorf("drawing the picture: %w", err)
	}
	d := &drawing{}
	d.open("Victims' latency over the run", describe(series, phases))
	d.phases(phases, x)
	d.grid(x, y)
	d.latencies(series, x, y)
	d.failures(series, x)
	d.marks(marks, x)
	d.legend()
	d.printf("</svg>\n")
	if _, err := io.WriteString(w, d.String()); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	return nil
}

// scale maps values from low to high onto pixels from start to end.
type scale struct {
	low, high, start, end float64
	log                   bool
}

func (s scale) at(value float64) float64 {
	low, high := s.low, s.high
	value = min(max(value, low), high)
	if s.log {
		low, high, value = math.Log10(low), math.Log10(high), math.Log10(value)
	}
	return s.start + (value-low)/(high-low)*(s.end-s.start)
}

func (s scale) second(at time.Duration) float64 { return s.at(at.Seconds()) }

// timeScale spans the phases, in seconds.
func timeScale(phases []Phase) (scale, error) {
	s := scale{low: math.Inf(1), high: math.Inf(-1), start: plotLeft, end: plotRight}
	for _, p := range phases {
		if p.To < p.From {
			return scale{}, fmt.Errorf("the phase %q ends before it begins", p.Label)
		}
		s.low, s.high = min(s.low, p.From.Seconds()), max(s.high, p.To.Seconds())
	}
	if s.high-s.low < 1 {
		return scale{}, errors.New("the phases take less than a second together")
	}
	return s, nil
}

// latencyScale spans the points by whole powers of ten, at least two of them.
func latencyScale(series []Point) (scale, error) {
	low, high := math.Inf(1), 0.0
	for _, p := range series {
		if p.P50 > 0 && p.P99 > 0 && !math.IsInf(p.P99, 1) {
			low, high = min(low, p.P50, p.P99), max(high, p.P50, p.P99)
		}
	}
	if high == 0 {
		return scale{}, errors.New("no second of any phase has an answered request")
	}
	bottom, top := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	return scale{
		low: math.Pow(10, bottom), high: math.Pow(10, max(top, bottom+2)),
		start: plotBottom, end: plotTop, log: true,
	}, nil
}

func within(series []Point, x scale) []Point {
	var inside []Point
	for _, p := range series {
		if s := p.At.Seconds(); s >= x.low && s <= x.high {
			inside = append(inside, p)
		}
	}
	return inside
}

// describe says in words what the picture shows, for those who cannot see it.
func describe(series []Point, phases []Phase) string {
	var worsts []string
	for _, phase := range phases {
		worst := 0.0
		for _, p := range series {
			if p.At >= phase.From && p.At < phase.To && p.P99 > worst {
				worst = p.P99
			}
		}
		if worst > 0 {
			worsts = append(worsts, phase.Label+" "+amount(worst, UnitMilliseconds))
		}
	}
	return "The 99th percentile of each second, at its worst: " + strings.Join(worsts, "; ") + "."
}
