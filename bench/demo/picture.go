// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/bench/report"
)

// picture gathers what the run is drawn from: its phases on one axis of time.
type picture struct {
	marks  []moment
	phases []stretch
}

type moment struct {
	label string
	at    time.Time
}

type stretch struct {
	label string
	window
}

func (p *picture) mark(label string, at time.Time) {
	p.marks = append(p.marks, moment{label, at})
}

func (p *picture) phase(label string, w window) {
	p.phases = append(p.phases, stretch{label, w})
}

// draw writes the run as an SVG.
func (p *run) draw(path string) error {
	if len(p.picture.phases) == 0 {
		return nil
	}
	start := p.picture.phases[0].from
	end := p.picture.phases[len(p.picture.phases)-1].to
	var series []report.Point
	// A second that is not wholly in the picture is left out: the next storm may
	// have begun in it.
	for at := start; !at.Add(time.Second).After(end); at = at.Add(time.Second) {
		s := p.victims.Between(at, at.Add(time.Second))
		point := report.Point{At: at.Sub(start), P50: math.NaN(), P99: math.NaN(), Failed: s.Failed + s.Rejected}
		if s.P99 > 0 {
			point.P50, point.P99 = float64(s.P50.Microseconds())/1000, float64(s.P99.Microseconds())/1000
		}
		series = append(series, point)
	}
	var marks []report.Mark
	for _, m := range p.picture.marks {
		marks = append(marks, report.Mark{At: m.at.Sub(start), Label: m.label})
	}
	var phases []report.Phase
	for _, s := range p.picture.phases {
		phase := report.Phase{From: s.from.Sub(start), To: s.to.Sub(start), Label: s.label}
		switch {
		case strings.HasSuffix(s.label, "default"):
			phase.Tone = report.ToneHarm
		case strings.HasSuffix(s.label, "Evenkeel"):
			phase.Tone = report.ToneShield
		}
		phases = append(phases, phase)
	}
	var svg bytes.Buffer
	if err := report.Picture(&svg, series, marks, phases); err != nil {
		return err
	}
	if err := os.WriteFile(path, svg.Bytes(), 0o600); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	return nil
}
