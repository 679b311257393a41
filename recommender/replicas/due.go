// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"slices"
	"time"
)

const (
	// every is how far apart two points are at the least: looks come twice a second when
	// something is looked at closely.
	every = 4 * time.Second
	// over is what the trend is taken over, leastOver the shortest that makes one, and
	// ahead how far it is looked ahead: as long as a replica takes to be ordered, to
	// start and to be found by clients.
	over, leastOver, ahead = 3 * time.Minute, 2 * time.Minute, 2 * time.Minute
	// leastPoints make a trend, grows is by how much of what there was a load must have
	// grown meanwhile to have one: what moves by 5 % to either side has none.
	leastPoints = 9
	grows       = 0.12
	// median is of so many points: one noisy page moves nothing.
	median = 3
)

// Point is what all replicas together did at a time.
type Point struct {
	At         time.Time
	Seats, CPU float64
}

// Due is an amount as it is, and as it is due in two minutes.
type Due struct{ Now, Due float64 }

// more is the same amount, by so many times.
func (d Due) more(times float64) float64 { return d.Due * times }

// add keeps a point, unless the last is too near, and tells whether it does.
func add(points []Point, p Point) (kept []Point, added bool) {
	if n := len(points); n > 0 && p.At.Sub(points[n-1].At) < every {
		return points, false
	}
	for _, old := range points {
		if p.At.Sub(old.At) <= over {
			kept = append(kept, old)
		}
	}
	return append(kept, p), true
}

// due is what an amount is, as the median of the last points, and what it will be if it
// goes on growing: never less than it is, and at most twice that.
func due(points []Point, of func(Point) float64) Due {
	var last []float64
	for _, p := range points[max(len(points)-median, 0):] {
		last = append(last, of(p))
	}
	now := middle(last)
	return Due{Now: now, Due: min(now+pace(points, of)*ahead.Seconds(), 2*now)}
}

// pace is by how much an amount grows, a second. The time is cut in three, and what counts
// is the smaller of the two rises between the medians: a step is no ramp, and it is not
// expected to be taken again.
func pace(points []Point, of func(Point) float64) float64 {
	n := len(points)
	if n < leastPoints || points[n-1].At.Sub(points[0].At) < leastOver {
		return 0
	}
	third := points[n-1].At.Sub(points[0].At) / 3
	var parts [3][]float64
	for _, p := range points {
		i := min(int(p.At.Sub(points[0].At)/third), 2)
		parts[i] = append(parts[i], of(p))
	}
	was := middle(parts[0])
	rise := min(middle(parts[1])-was, middle(parts[2])-middle(parts[1]))
	if rise <= 0 || 2*rise < grows*was {
		return 0
	}
	return rise / third.Seconds()
}

// middle is the median, the lower one of two.
func middle(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return sorted[(len(sorted)-1)/2]
}
