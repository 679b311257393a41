// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// Look reads the page, and the debug dump if asked to, of every replica at once,
// and returns when the last has answered or failed: after the longer of PageTimeout
// and DumpTimeout at the latest. The replicas are sorted by name.
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

func (r *replica) look(ctx context.Context, now time.Time, dump bool) plane.Replica {
	if r.door == nil {
		return r.snapshot()
	}
	r.looking.Lock()
	defer r.looking.Unlock()

	var (
		both   sync.WaitGroup
		dumped dumped
	)
	alone := r.pageFail.holds(now) // leaves the replica alone altogether
	if dump && alone == nil {
		both.Go(func() { dumped = r.readDump(ctx, now) })
	}
	pageFault := alone
	if alone == nil && (!dump || !r.fresh(now)) {
		pageFault = r.readPage(ctx, now)
	}
	both.Wait()

	r.mu.Lock()
	r.seen.Fault = pageFault
	r.mu.Unlock()
	out := r.snapshot()
	out.Dumped, out.Held = dumped.at, dumped.held
	if out.Fault == nil {
		out.Fault = dumped.fault
	}
	return out
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
