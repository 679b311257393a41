// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

const (
	// A pulse is slow over slowPulse and over slowTimes the replica's own median.
	slowPulse = 50 * time.Millisecond
	slowTimes = 8
	// keptPulses are what the median is of. At four a second a storm has to last
	// two and a half minutes before its own pulses are the measure.
	keptPulses = 1200
	// leastPulses are needed for a median.
	leastPulses = 8
)

// pulses are the last pulses of a replica, in a ring and in their order: four times a
// second, with every replica of a fleet, is too often to sort them.
type pulses struct {
	last         time.Duration
	at           time.Time
	ring, sorted []time.Duration
	next         int
}

// slow compares a pulse with those before it.
func (p *pulses) slow(took time.Duration) bool {
	limit := slowPulse
	if len(p.ring) >= leastPulses {
		limit = max(limit, slowTimes*p.median())
	}
	return took > limit
}

func (p *pulses) median() time.Duration { return p.sorted[len(p.sorted)/2] }

func (p *pulses) add(took time.Duration, at time.Time) {
	p.last, p.at = took, at
	if len(p.ring) == keptPulses {
		oldest, _ := slices.BinarySearch(p.sorted, p.ring[p.next])
		p.sorted = slices.Delete(p.sorted, oldest, oldest+1)
	}
	place, _ := slices.BinarySearch(p.sorted, took)
	p.sorted = slices.Insert(p.sorted, place, took)
	if len(p.ring) < keptPulses {
		p.ring = append(p.ring, took)
		return
	}
	p.ring[p.next] = took
	p.next = (p.next + 1) % keptPulses
}

// Pulse asks every ready replica for the smallest answer, at once, and tells
// whether one is slow: over 50 ms and over eight times its own median, or without
// an answer in PulseTimeout. Replicas that cannot be reached or fail otherwise
// are left to Look.
//
// The suggested flow schema probes exempts all below /livez, as paths in flow
// schemas match what is below them too. So a pulse neither waits in a queue nor is
// refused: it shows how busy the process is, and the page shows the queues.
func (p *Plane) Pulse(ctx context.Context) (slow bool) {
	var (
		all  sync.WaitGroup
		some atomic.Bool
	)
	for _, r := range p.all() {
		if r.pulsing() {
			all.Go(func() {
				if r.pulse(ctx) {
					some.Store(true)
				}
			})
		}
	}
	all.Wait()
	return some.Load()
}

// pulsing is true for a replica that is ready and that the last look got an
// answer from, if only too late.
func (r *replica) pulsing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	fault := r.seen.Fault
	return r.door != nil && r.target.Ready && (fault == nil || fault.Reason == v1alpha1.ReasonReplicaTimeout)
}

func (r *replica) pulse(ctx context.Context) (slow bool) {
	begun := time.Now()
	err := r.door.get(ctx, pulsePath, "text/plain", r.options.PulseTimeout, func(response *http.Response) error {
		_, err := io.CopyN(io.Discard, response.Body, 4096)
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	})
	took := time.Since(begun)
	_, answered := errors.AsType[statusError](err)
	switch {
	case err == nil || answered:
	case ctx.Err() == nil && timedOut(err):
		took = max(took, r.options.PulseTimeout)
	default:
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	slow = r.pulses.slow(took) || err != nil && !answered
	r.pulses.add(took, begun.Add(took))
	r.vitals.Pulses++
	return slow
}
