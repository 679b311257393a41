// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

// played is a run of two minutes as the demo records it.
func played() ([]Point, []Mark, []Phase) {
	at := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	var series []Point
	for s := range 190 {
		wobble := 1 + 0.4*math.Sin(float64(s)*1.7)
		p := Point{At: at(float64(s)), P50: 7 * wobble, P99: 60 * wobble}
		switch {
		case s == 12:
			p.P50, p.P99 = math.NaN(), math.NaN()
		case s >= 25 && s < 55:
			rise := min(float64(s-24)/8, 1)
			p.P50, p.P99 = 7+2200*rise*wobble, 60+5000*rise*wobble
		case s >= 70 && s < 73:
			p.P50, p.P99 = 300*wobble, 900*wobble
		}
		if s == 40 || s == 41 {
			p.Failed = 2
		}
		series = append(series, p)
	}
	return series, []Mark{
			{at(25), "storm begins"},
			{at(26.8), "offender named"},
			{at(70), "storm begins"},
			{at(72.3), "jailed"},
			{at(110), "storm over"},
			{at(168), "released"},
			{at(400), "after the end"},
		}, []Phase{
			{From: 0, To: at(25), Label: "quiet"},
			{From: at(25), To: at(55), Label: "storm, upstream default", Tone: ToneHarm},
			{From: at(70), To: at(110), Label: "storm, Evenkeel", Tone: ToneShield},
			{From: at(110), To: at(170), Label: "after"},
		}
}

func TestPictureGolden(t *testing.T) {
	series, marks, phases := played()
	var b strings.Builder
	if err := Picture(&b, series, marks, phases); err != nil {
		t.Fatal(err)
	}
	golden(t, "demo.svg", b.String())
	for _, unwanted := range []string{"NaN", "Inf", "after the end"} {
		if strings.Contains(b.String(), unwanted) {
			t.Errorf("the picture holds %q", unwanted)
		}
	}
}

func TestPictureIsWellFormed(t *testing.T) {
	series, _, phases := played()
	phases[0].Label = `quiet <script>&"`
	var b strings.Builder
	if err := Picture(&b, series, []Mark{{0, "</svg>"}}, phases); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<script>") {
		t.Error("a label became an element")
	}
	decoder := xml.NewDecoder(strings.NewReader(b.String()))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("the picture is not well-formed: %v", err)
		}
	}
}

func TestPictureRefuses(t *testing.T) {
	series, _, phases := played()
	for name, tt := range map[string]struct {
		series []Point
		phases []Phase
		want   string
	}{
		"no phase":          {series, nil, "less than a second"},
		"a phase backwards": {series, []Phase{{From: 2, To: 1, Label: "storm"}}, `the phase "storm" ends before it begins`},
		"no answers":        {[]Point{{P50: math.NaN(), P99: math.NaN()}}, phases, "no second of any phase has an answered request"},
		"none in a phase":   {[]Point{{At: time.Hour, P50: 1, P99: 2}}, phases, "no second of any phase has an answered request"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Picture(io.Discard, tt.series, nil, tt.phases)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Picture: %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestScaleIsLogarithmic(t *testing.T) {
	y, err := latencyScale([]Point{{P50: 7, P99: 5037}})
	if err != nil {
		t.Fatal(err)
	}
	if y.low != 1 || y.high != 10_000 {
		t.Fatalf("scale from %v to %v, want 1 to 10,000 ms", y.low, y.high)
	}
	if got, want := y.at(100), (plotTop+plotBottom)/2; math.Abs(got-want) > 1e-9 {
		t.Errorf("100 ms is at %v, want the middle %v", got, want)
	}
	if y.at(0) != plotBottom || y.at(1e9) != plotTop {
		t.Errorf("values outside are at %v and %v, want the edges", y.at(0), y.at(1e9))
	}
}
