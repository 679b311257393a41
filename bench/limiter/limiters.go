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
	line    plane.Line
	at      time.Time
	bounds  seats.Bounds
	used    int
	writes  plane.Served
	lists   plane.Served
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
		Served: []plane.Served{f.writes, f.lists},
	}
	f.line, _ = seats.Find(f.line, []seats.Window{w}, nil, f.bounds, f.at)
	f.writes.Requests, f.writes.Seconds, f.lists.Requests, f.lists.Seconds = 0, 0, 0, 0
	f.refused, f.seatSeconds, f.elapsed = 0, 0, 0
}

// seat is a permit of the finder's.
type seat struct{ *finder }

func (s seat) done(list bool, took time.Duration) {
	s.used--
	served := &s.writes
	if list {
		served = &s.lists
	}
	served.Requests++
	served.Seconds += took.Seconds()
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
