// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Outcome is how a request ended.
type Outcome uint8

// The outcomes of a request.
const (
	// OK was answered with success.
	OK Outcome = iota
	// Rejected was refused by overload protection: status 429.
	Rejected
	// Failed was answered with another error, or the connection broke.
	Failed
	// TimedOut had no answer within its deadline.
	TimedOut
)

// Sample is one finished request.
type Sample struct {
	// At is when the request was due.
	At time.Time
	// Latency is the time from At to the end of the answer.
	Latency time.Duration
	// Outcome is how it ended.
	Outcome Outcome
	// Status is the HTTP status; 0 when there was no answer.
	Status int
}

// Recorder keeps every request of a load, so that any window can be cut out of
// it afterwards. It may be used by many goroutines.
type Recorder struct {
	mu      sync.Mutex
	samples []Sample
	pending map[*Call]struct{}
}

// Call is a request on its way.
type Call struct {
	recorder *Recorder
	at       time.Time
	ended    chan struct{}
}

// NewRecorder returns an empty recorder.
func NewRecorder() *Recorder {
	return &Recorder{pending: map[*Call]struct{}{}}
}

// Begin notes that a request was due at the given time. It stays pending until
// End or Drop.
func (r *Recorder) Begin(at time.Time) *Call {
	c := &Call{recorder: r, at: at, ended: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending[c] = struct{}{}
	return c
}

// End notes how the request ended. Only the first End or Drop of a call counts.
func (c *Call) End(now time.Time, outcome Outcome, status int) {
	r := c.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, open := r.pending[c]; !open {
		return
	}
	delete(r.pending, c)
	close(c.ended)
	r.samples = append(r.samples, Sample{At: c.at, Latency: now.Sub(c.at), Outcome: outcome, Status: status})
}

// Drop forgets the request: it was cut off by the end of the run, so that
// nothing can be said about it.
func (c *Call) Drop() {
	c.recorder.mu.Lock()
	defer c.recorder.mu.Unlock()
	delete(c.recorder.pending, c)
}

// Await returns when the call has ended or ctx has.
func (c *Call) Await(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-c.ended:
	}
}

// Samples returns a copy of all finished requests, in the order they ended.
func (r *Recorder) Samples() []Sample {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.samples)
}

// Window summarizes the requests that were due in [from, to). Pending ones are
// only counted: wait for the requests' deadline after to before cutting a window
// that is to be reported.
func (r *Recorder) Window(from, to time.Time) Stats { return Across(from, to, r) }

// Live summarizes the requests that were due in the last d before now. A pending
// request counts with the time it has waited so far: a live view of finished
// requests alone would look its best while the server hangs.
func (r *Recorder) Live(now time.Time, d time.Duration) Stats { return LiveAcross(now, d, r) }

// Across is Window over the requests of several recorders together.
func Across(from, to time.Time, recorders ...*Recorder) Stats {
	var s summary
	for _, r := range recorders {
		r.collect(&s, from, to)
	}
	return s.finish()
}

// LiveAcross is Live over the requests of several recorders together.
func LiveAcross(now time.Time, d time.Duration, recorders ...*Recorder) Stats {
	var s summary
	for _, r := range recorders {
		r.collect(&s, now.Add(-d), now)
	}
	for _, due := range s.pending {
		s.latencies = append(s.latencies, now.Sub(due))
	}
	return s.finish()
}

func (r *Recorder) collect(s *summary, from, to time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.samples {
		if within(r.samples[i].At, from, to) {
			s.add(r.samples[i])
		}
	}
	for c := range r.pending {
		if within(c.at, from, to) {
			s.pending = append(s.pending, c.at)
		}
	}
}

func within(t, from, to time.Time) bool { return !t.Before(from) && t.Before(to) }

// Served counts the requests that were answered with success in [from, to), not later
// than in after they were due.
func (r *Recorder) Served(from, to time.Time, in time.Duration) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for i := range r.samples {
		s := &r.samples[i]
		if s.Outcome == OK && s.Latency <= in && within(s.At.Add(s.Latency), from, to) {
			n++
		}
	}
	return n
}
