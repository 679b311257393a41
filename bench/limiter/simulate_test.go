// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// held is a limiter with a limit of its own.
type held struct{ most, used int }

type heldPermit struct{ *held }

func (h *held) limit() int                    { return h.most }
func (*held) elapse(time.Duration, int)       {}
func (p heldPermit) done(bool, time.Duration) { p.used-- }

func (h *held) enter() (permit, bool) {
	if h.used >= h.most {
		return nil, false
	}
	h.used++
	return heldPermit{h}, true
}

// Request by request a plant does what the closed form says.
func TestSimulationDoesWhatThePlantDoes(t *testing.T) {
	for _, p := range plants() {
		for _, limit := range []int{20, 60, 200} {
			seconds := play(p, &held{most: limit}, 1, 90*time.Second)
			if len(seconds) != 90 {
				t.Fatalf("%s: 90 seconds of load come as %d", p.name, len(seconds))
			}
			work, pace := means(seconds[30:])
			if want := p.goodput(limit); math.Abs(work-want) > 0.01*want {
				t.Errorf("%s at %d: %.4g is served, want %.4g", p.name, limit, work, want)
			}
			if want := p.pace(min(limit, p.demand)); math.Abs(pace-want) > 0.01*want {
				t.Errorf("%s at %d: the pace is %.4g, want %.4g", p.name, limit, pace, want)
			}
		}
	}
}

// The requests that are answered are as many as the work says.
func TestSimulationAnswersRequests(t *testing.T) {
	p := plants()[0]
	done, work := 0, 0.0
	for _, s := range play(p, &held{most: 40}, 1, 5*time.Minute) {
		done, work = done+s.done, work+s.work
	}
	mean := p.takes * (1 - p.lists + listTimes*p.lists)
	if got := float64(done) * mean; math.Abs(got-work) > 0.03*work {
		t.Errorf("%d requests of %.3g s are %.4g s of work, want %.4g", done, mean, got, work)
	}
}

func TestBest(t *testing.T) {
	for name, want := range map[string]float64{"knee40": 40, "knee120_steep": 120, "sick40": 5, "mix": 75} {
		for _, p := range plants() {
			if p.name == name && math.Abs(p.best()-want) > 1e-6 {
				t.Errorf("the best of %s is %v, want %v", name, p.best(), want)
			}
		}
	}
}

// Either limiter moves its limit under load, keeps its bounds, and leaves no permit
// behind that was given back.
func TestLimitersAreDriven(t *testing.T) {
	p := plants()[0]
	check := func(t *testing.T, l limiter) {
		t.Helper()
		begin := l.limit()
		moved := false
		for _, s := range play(p, l, 1, 2*time.Minute) {
			moved = moved || s.limit != begin
			if s.limit < floor || s.limit > ceiling {
				t.Fatalf("the limit is %d", s.limit)
			}
		}
		if !moved {
			t.Errorf("the limit stays at %d", begin)
		}
	}
	t.Run("evenkeel", func(t *testing.T) { check(t, newFinder()) })
	t.Run("failsafe", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			begin, l := time.Now(), newFailsafe()
			check(t, l)
			if passed := time.Since(begin); passed != calmFor+2*time.Minute {
				t.Errorf("the library has seen %v", passed)
			}
			if l.Inflight() > ceiling {
				t.Errorf("%d permits are out", l.Inflight())
			}
		})
	})
}

func TestRequestsComeInOrder(t *testing.T) {
	var r requests
	for _, end := range []float64{5, 3, 8, 1, 9, 2, 7, 1, 6} {
		r.push(request{end: end})
	}
	last := 0.0
	for len(r) > 0 {
		if end := r.pop().end; end < last {
			t.Fatalf("%v comes after %v", end, last)
		} else {
			last = end
		}
	}
	if last != 9 {
		t.Errorf("the last is %v, want 9", last)
	}
}
