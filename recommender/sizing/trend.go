// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import "time"

const (
	// lookAhead is how far a driver is looked ahead: as long as a change takes to be worth
	// it. trendOver is what its trend is taken over, and trendEvery how far apart the
	// points are that it is taken from.
	lookAhead  = 30 * time.Minute
	trendOver  = 40 * time.Minute
	trendEvery = time.Minute
	// atOnce is how long a change takes until it is in force on every pod and has been
	// measured by the next sample.
	atOnce = 3 * time.Minute
)

// Trend keeps what a control plane has carried lately.
type Trend struct{ Points []Point }

// Point is what was carried at a time.
type Point struct {
	At      time.Time
	Drivers Drivers
}

// Seen adds what is carried now, at most once a minute.
func (t Trend) Seen(d Drivers, now time.Time) Trend {
	points := t.Points
	if n := len(points); n > 0 && now.Sub(points[n-1].At) < trendEvery {
		return t
	}
	for len(points) > 0 && now.Sub(points[0].At) > trendOver {
		points = points[1:]
	}
	return Trend{Points: append(append([]Point(nil), points...), Point{now, d})}
}

// Grown is what will be carried in half an hour if what has grown goes on so: by the
// slope of least squares, and never less than now.
func (t Trend) Grown(d Drivers) Drivers {
	return Drivers{
		Nodes:    t.grown(d.Nodes, func(d Drivers) float64 { return d.Nodes }),
		Pods:     t.grown(d.Pods, func(d Drivers) float64 { return d.Pods }),
		Objects:  t.grown(d.Objects, func(d Drivers) float64 { return d.Objects }),
		Bytes:    t.grown(d.Bytes, func(d Drivers) float64 { return d.Bytes }),
		Requests: d.Requests, // a rate is no fact as a count is: what it was says little of what it will be
	}
}

// Soon is what will be carried when a change made now is in force, if it goes on as it has
// in the last minute or two: what grows so fast is not waited for until it is a trend.
func (t Trend) Soon(d Drivers, now time.Time) Drivers {
	i := len(t.Points) - 1
	for i >= 0 && now.Sub(t.Points[i].At) < trendEvery {
		i--
	}
	if i < 0 || now.Sub(t.Points[i].At) > atOnce {
		return d
	}
	was, times := t.Points[i].Drivers, atOnce.Seconds()/now.Sub(t.Points[i].At).Seconds()
	more := func(was, now float64) float64 { return now + max(now-positive(was), 0)*times }
	return Drivers{
		Nodes: more(was.Nodes, d.Nodes), Pods: more(was.Pods, d.Pods), Objects: more(was.Objects, d.Objects),
		Bytes: more(was.Bytes, d.Bytes), Requests: d.Requests,
	}
}

// leastPoints make a trend.
const leastPoints = 8

func (t Trend) grown(now float64, of func(Drivers) float64) float64 {
	n := float64(len(t.Points))
	if n < leastPoints {
		return now
	}
	var x, y, xx, xy float64
	for _, p := range t.Points {
		at, v := p.At.Sub(t.Points[0].At).Seconds(), positive(of(p.Drivers))
		x, y, xx, xy = x+at, y+v, xx+at*at, xy+at*v
	}
	spread := n*xx - x*x
	if spread <= 0 {
		return now
	}
	slope := (n*xy - x*y) / spread
	return now + max(slope, 0)*lookAhead.Seconds()
}
