// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"sync"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Look reads the page, and the debug dump if asked to, of every replica at once,
// and returns when the last has answered or failed: after the longer of PageTimeout
// and DumpTimeout at the latest. The replicas are sorted by name.
//
// With a dump it does not wait for pages that are slow to come. In a storm a page
// takes seconds and a dump a fraction of one, and it is the dumps that name the
// client: a page that is on its way is seen by a later look.
//
// A replica that fails has a Fault, and the Levels, Flows, Observed and Window of
// the last page that could be read: in a storm a page may take longer than its
// deadline, and then old loads with their age are more than none. After a failure
// the replica is left alone for a second, then for longer, up to half a minute;
// until then its Fault is repeated. Held is never old: it is there only when
// Dumped is not zero, and a dump may have come where the page has not.
//
// now is when the look begins, and what Observed and Dumped are set to: what they
// stand for is that old at the most.
func (p *Plane) Look(ctx context.Context, now time.Time, dump bool) []plane.Replica {
	replicas := p.all()
	seen := make([]plane.Replica, len(replicas))
	var all sync.WaitGroup
	for i, r := range replicas {
		all.Go(func() { seen[i] = r.look(ctx, now, dump) })
	}
	all.Wait()
	return seen
}

// pageGrace is how much longer than for the dump a look waits for the page.
const pageGrace = 50 * time.Millisecond

func (r *replica) look(ctx context.Context, now time.Time, dump bool) plane.Replica {
	if r.door == nil {
		return r.snapshot()
	}
	r.looking.Lock()
	defer r.looking.Unlock()
	if !dump {
		<-r.fetchPage(ctx, now) // within PageTimeout
		return r.snapshot()
	}
	var page <-chan struct{}
	if !r.fresh(now) {
		page = r.fetchPage(context.WithoutCancel(ctx), now)
	}
	var dumped dumped
	if r.reachable() {
		dumped = r.readDump(ctx, now)
	}
	if page != nil {
		wait(ctx, page, pageGrace)
	}
	out := r.snapshot()
	out.Dumped, out.Held = dumped.at, dumped.held
	if out.Fault == nil {
		out.Fault = dumped.fault
	}
	return out
}

// fetchPage has the page read, unless one is on its way already, and returns a
// channel that closes when it is in, after PageTimeout at the latest.
func (r *replica) fetchPage(ctx context.Context, now time.Time) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.paging != nil {
		return r.paging
	}
	done := make(chan struct{})
	if fault := r.pageFail.holds(now); fault != nil {
		r.seen.Fault = fault
		close(done)
		return done
	}
	r.paging = done
	go func() {
		defer close(done)
		fault := r.readPage(ctx, now)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen.Fault, r.paging = fault, nil
	}()
	return done
}

// reachable is false while the page is not asked for because the replica cannot
// be spoken to at all; one that is merely slow may still give a dump.
func (r *replica) reachable() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen.Fault == nil || r.seen.Fault.Reason == v1alpha1.ReasonReplicaTimeout || r.paging != nil
}

// wait waits for a channel to close, for a time at the most.
func wait(ctx context.Context, done <-chan struct{}, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// fresh is true when the last look brought a page, and only just.
func (r *replica) fresh(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	age := now.Sub(r.seen.Observed)
	return r.seen.Fault == nil && age >= 0 && age < r.options.PageFresh
}

// settle keeps count of failures. One that was our own doing, by ending the
// look, is none of the replica's.
func (b *backoff) settle(ctx context.Context, err error, fault *plane.Fault, now time.Time) {
	switch {
	case err == nil:
		*b = backoff{}
	case errors.Is(ctx.Err(), context.Canceled):
	default:
		b.failed(fault, now)
	}
}
