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

// Window summarises the finished requests that were due in [from, to). Pending
// ones are counted only: wait for the requests' deadline after to before cutting
// a window that is to be reported.
func (r *Recorder) Window(from, to time.Time) Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, latencies := r.collect(from, to)
	s.fill(latencies)
	return s
}

// Live summarises the requests due in the last d before now. A pending request
// counts with the time it has waited so far: a live view of finished requests
// alone would look its best while the server hangs.
func (r *Recorder) Live(now time.Time, d time.Duration) Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := now.Add(-d)
	s, latencies := r.collect(from, now)
	for c := range r.pending {
		if within(c.at, from, now) {
			latencies = append(latencies, now.Sub(c.at))
		}
	}
	s.fill(latencies)
	return s
}

func (r *Recorder) collect(from, to time.Time) (Stats, []time.Duration) {
	var s Stats
	var latencies []time.Duration
	for i := range r.samples {
		if within(r.samples[i].At, from, to) {
			latencies = s.add(r.samples[i], latencies)
		}
	}
	for c := range r.pending {
		if within(c.at, from, to) {
			s.Pending++
		}
	}
	return s, latencies
}

func within(t, from, to time.Time) bool { return !t.Before(from) && t.Before(to) }
