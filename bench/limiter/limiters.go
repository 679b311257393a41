// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// window is how often Evenkeel's finder looks.
const window = 10 * time.Second

// finder is Evenkeel's load line: it is told sums by class every ten seconds.
type finder struct {
	line   plane.Line
	at     time.Time
	bounds seats.Bounds
	used   int
	writes plane.Served
	lists  plane.Served
	// delays are how long the writes and the lists took.
	delays  [2]plane.Delays
	refused float64
	// seatSeconds are the seats in use times how long, in this window.
	seatSeconds float64
	elapsed     time.Duration
}

func newFinder() *finder {
	return &finder{
		line:   plane.Line{Seats: ceiling},
		at:     time.Date(2026, 1, 2, 14, 0, 0, 0, time.UTC),
		bounds: seats.Bounds{Floor: floor, Ceiling: ceiling},
		writes: plane.Served{Class: plane.Class{Verb: "PATCH", Resource: "pods", Scope: "resource"}},
		lists:  plane.Served{Class: plane.Class{Verb: "LIST", Resource: "pods", Scope: "cluster"}},
		delays: noDelays(),
	}
}

// delayBounds are those of the apiserver's histogram of request times, in seconds
// (k8s.io/apiserver v0.36 pkg/endpoints/metrics).
func delayBounds() []float64 {
	return []float64{0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60}
}

func noDelays() [2]plane.Delays {
	bounds := delayBounds()
	return [2]plane.Delays{
		{Scope: "resource", Upper: bounds, Within: make([]float64, len(bounds))},
		{Scope: "cluster", Upper: bounds, Within: make([]float64, len(bounds))},
	}
}

func (f *finder) limit() int { return f.line.Seats }

func (f *finder) enter() (permit, bool) {
	if f.used >= f.line.Seats {
		f.refused++
		return nil, false
	}
	f.used++
	return seat{f}, true
}

func (f *finder) elapse(d time.Duration, running int) {
	f.seatSeconds += float64(running) * d.Seconds()
	if f.elapsed += d; f.elapsed < window {
		return
	}
	f.at = f.at.Add(f.elapsed)
	w := seats.Window{
		Replica: "r0", Length: f.elapsed, Used: f.seatSeconds / f.elapsed.Seconds(), Refused: f.refused,
		Served: []plane.Served{f.writes, f.lists}, Delays: f.delays[:],
	}
	f.line, _ = seats.Find(f.line, []seats.Window{w}, nil, f.bounds, f.at)
	f.writes.Requests, f.writes.Seconds, f.lists.Requests, f.lists.Seconds = 0, 0, 0, 0
	f.refused, f.seatSeconds, f.elapsed, f.delays = 0, 0, 0, noDelays()
}

// seat is a permit of the finder's.
type seat struct{ *finder }

func (s seat) done(list bool, took time.Duration) {
	s.used--
	served, delays := &s.writes, &s.delays[0]
	if list {
		served, delays = &s.lists, &s.delays[1]
	}
	served.Requests++
	served.Seconds += took.Seconds()
	delays.Requests++
	for i, upper := range delays.Upper {
		if took.Seconds() <= upper {
			delays.Within[i]++
		}
	}
}

// failsafe is failsafe-go's adaptive limiter as its documentation has it, but for the
// bounds. It is told when each request begins and ends, and reads the clock itself: it
// must run in a bubble of testing/synctest, where a sleep takes no time.
type failsafe struct {
	adaptivelimiter.AdaptiveLimiter[any]
}

func newFailsafe() failsafe {
	return failsafe{adaptivelimiter.NewBuilder[any]().WithLimits(floor, ceiling, floor).Build()}
}

func (f failsafe) limit() int { return f.Limit() }

func (f failsafe) enter() (permit, bool) {
	p, ok := f.TryAcquirePermit()
	return recorded{p}, ok
}

func (f failsafe) elapse(d time.Duration, _ int) { time.Sleep(d) }

// recorded is a permit of the library's.
type recorded struct{ adaptivelimiter.Permit }

func (r recorded) done(bool, time.Duration) { r.Record() }
