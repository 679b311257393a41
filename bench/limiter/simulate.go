// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"math/rand/v2"
	"time"
)

// limiter decides how many requests run at once.
type limiter interface {
	limit() int
	// enter asks for a permit for one request; false is a refusal.
	enter() (permit, bool)
	// elapse lets time pass, in which so many requests run.
	elapse(d time.Duration, running int)
}

// permit is one running request's; it is told when the request is done.
type permit interface {
	done(list bool, took time.Duration)
}

// second is what happened in one second of the plant.
type second struct {
	// limit is the one at its end.
	limit int
	// work is in seconds of a calm day, and pace is the mean over time.
	work, pace float64
	// done are the requests answered.
	done int
}

// simulation plays a plant request by request. Requests share the replica: each goes
// on at the pace that their number allows.
type simulation struct {
	limiter limiter
	random  *rand.Rand
	now     time.Duration
	// progress is how far a request would have come that ran from the beginning, in
	// seconds of a calm day.
	progress float64
	running  requests
	seconds  []second
	this     second
}

// request is one that runs: it is done when progress is at end.
type request struct {
	end    float64
	began  time.Duration
	list   bool
	permit permit
}

// play has the limiter see a calm plant and then the load; it returns the seconds of
// the load.
func play(p plant, l limiter, seed uint64, load time.Duration) []second {
	s := simulation{limiter: l, random: rand.New(rand.NewPCG(seed, 0))} //nolint:gosec // a run is to be repeatable
	s.run(p.before(), calmFor)
	s.seconds = nil
	s.run(p, load)
	return s.seconds
}

// run plays the plant for a while.
func (s *simulation) run(p plant, d time.Duration) {
	for until := s.now + d; s.now < until; {
		s.admit(p)
		s.step(p)
	}
}

// admit lets requests in until there are no more, or one is refused.
func (s *simulation) admit(p plant) {
	for len(s.running) < p.demand {
		permit, ok := s.limiter.enter()
		if !ok {
			return
		}
		r := request{began: s.now, permit: permit, list: s.random.Float64() < p.lists}
		takes := p.takes
		if r.list {
			takes *= listTimes
		}
		r.end = s.progress + takes*(0.5+s.random.Float64())
		s.running.push(r)
	}
}

// step goes to the next request that is done, or to the end of the second.
func (s *simulation) step(p plant) {
	n := len(s.running)
	pace := p.pace(n)
	d := time.Second - s.now%time.Second
	if n > 0 {
		d = min(d, time.Duration(math.Ceil(max(s.running[0].end-s.progress, 0)*pace*1e9)))
	}
	s.limiter.elapse(d, n)
	s.now += d
	s.progress += d.Seconds() / pace
	s.this.work += float64(n) * d.Seconds() / pace
	s.this.pace += pace * d.Seconds()
	const nearly = 1e-9
	for len(s.running) > 0 && s.running[0].end <= s.progress+nearly {
		r := s.running.pop()
		r.permit.done(r.list, s.now-r.began)
		s.this.done++
	}
	if s.now%time.Second == 0 && d > 0 {
		s.this.limit = s.limiter.limit()
		s.seconds = append(s.seconds, s.this)
		s.this = second{}
	}
}

// requests are a heap: what is done next comes first. It is written out because
// container/heap allocates for every request, of which there are millions.
type requests []request

func (r *requests) push(x request) {
	h := append(*r, x)
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if h[up].end <= h[i].end {
			break
		}
		h[up], h[i] = h[i], h[up]
		i = up
	}
	*r = h
}

// pop takes the first one; there must be one.
func (r *requests) pop() request {
	h := *r
	first, last := h[0], len(h)-1
	h[0], h[last] = h[last], request{}
	h = h[:last]
	for i := 0; ; {
		least := i
		for down := 2*i + 1; down <= 2*i+2 && down < last; down++ {
			if h[down].end < h[least].end {
				least = down
			}
		}
		if least == i {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	*r = h
	return first
}
