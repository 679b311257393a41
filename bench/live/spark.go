// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"math"
	"strings"
)

// The sparkline's scale is logarithmic: its lowest bar is up to spark floor, its
// highest from spark top on, in milliseconds.
const (
	sparkFloor = 1.0
	sparkTop   = 10_000.0
)

var sparkBars = []rune("▁▂▃▄▅▆▇█")

// spark draws the last values, one column each, in the color of how bad they
// are; NaN is a blank.
func spark(milliseconds []float64, most int) line {
	if len(milliseconds) > most {
		milliseconds = milliseconds[len(milliseconds)-most:]
	}
	var out line
	for _, ms := range milliseconds {
		bar, tone := " ", plain
		if !math.IsNaN(ms) {
			bar, tone = string(sparkBars[sparkLevel(ms)]), toneOf(ms)
		}
		if n := len(out); n > 0 && out[n-1].color == tone {
			out[n-1].text += bar
			continue
		}
		out = append(out, span{bar, tone})
	}
	if blank := most - len(milliseconds); blank > 0 {
		out = append(out, span{strings.Repeat(" ", blank), plain})
	}
	return out
}

func sparkLevel(ms float64) int {
	if ms <= sparkFloor {
		return 0
	}
	if ms >= sparkTop { // a duration that is no finite number included
		return len(sparkBars) - 1
	}
	share := math.Log(ms/sparkFloor) / math.Log(sparkTop/sparkFloor)
	return int(share * float64(len(sparkBars)))
}

// toneOf tells a latency that people do not notice from one that they do and
// from one that hurts.
func toneOf(ms float64) color {
	switch {
	case math.IsNaN(ms):
		return faint
	case ms < 200:
		return green
	case ms < 1000:
		return yellow
	default:
		return red
	}
}
