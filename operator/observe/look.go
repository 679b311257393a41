// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// lookWithin bounds a look. What has not come by then is seen by a later one.
	lookWithin = 3 * time.Second
	// grace is how long a look waits for the rest once the first dump is in.
	grace = 100 * time.Millisecond
)

// Look asks every replica at once for its page and, if asked to, for its debug
// dump, and returns what is known by lookWithin at the latest. The replicas are
// sorted by name.
//
// With a dump it returns soon after the first has come. In a storm one replica
// answers in a tenth of a second and the next, as busy, in two, and it is the dumps
// that name the client. A page or a dump that is still on its way is seen by a later
// look, so a replica never has more than one request of each kind to answer.
//
// A replica that fails has a Fault, and the Levels, Flows, Observed and Window of
// the last page that could be read: in a storm a page may take longer than its
// deadline, and then old loads with their age are more than none. After a failure
// the replica is left alone for a second, then for longer, up to half a minute;
// until then its Fault is repeated.
//
// now is when the look begins. Observed and Dumped are the beginning of the look
// that asked: what they stand for is that old at the most.
func (p *Plane) Look(ctx context.Context, now time.Time, dump bool) []plane.Replica {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	replicas := p.all()
	var pages, dumps []<-chan struct{}
	for _, r := range replicas {
		if !dump || !r.fresh(now) {
			pages = append(pages, r.fetchPage(now))
		}
		if dump {
			dumps = append(dumps, r.fetchDump(now))
		}
	}
	if dump {
		waitFirst(ctx, dumps)
		ctx, cancel = context.WithTimeout(ctx, grace)
		defer cancel()
	}
	waitAll(ctx, append(pages, dumps...))
	seen := make([]plane.Replica, len(replicas))
	for i, r := range replicas {
		seen[i] = r.snapshot()
		if dump {
			r.addDump(&seen[i], now)
		}
	}
	return seen
}

// waitFirst waits until one of the channels that are not nil has closed.
func waitFirst(ctx context.Context, dones []<-chan struct{}) {
	first := make(chan struct{}, len(dones))
	none := true
	for _, done := range dones {
		if done == nil {
			continue
		}
		none = false
		go func() {
			waitAll(ctx, []<-chan struct{}{done})
			first <- struct{}{}
		}()
	}
	if !none {
		<-first
	}
}

// waitAll waits until all of the channels that are not nil have closed, or ctx ends.
func waitAll(ctx context.Context, dones []<-chan struct{}) {
	for _, done := range dones {
		if done == nil {
			continue
		}
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
	}
}

// fetchPage has the page read, unless one is on its way already, and returns a
// channel that closes when it is in; nil when the replica is left alone.
func (r *replica) fetchPage(now time.Time) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.door == nil || r.paging != nil {
		return r.paging
	}
	if fault := r.pageFail.holds(now); fault != nil {
		r.seen.Fault = fault
		return nil
	}
	done := make(chan struct{})
	r.paging = done
	go func() {
		defer close(done)
		fault := r.readPage(context.Background(), now)
		if fault == nil {
			r.readFlags(context.Background(), now)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen.Fault, r.paging = fault, nil
		r.pageFail.settle(fault, now)
	}()
	return done
}

// fetchDump has the dump read, like fetchPage.
func (r *replica) fetchDump(now time.Time) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.door == nil || r.dumping != nil || !r.reachable() {
		return r.dumping
	}
	if fault := r.dumpFail.holds(now); fault != nil {
		r.dump.fault = fault
		return nil
	}
	done := make(chan struct{})
	r.dumping = done
	go func() {
		defer close(done)
		came := r.readDump(context.Background(), now)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.dump, r.dumping = came, nil
		r.dumpFail.settle(came.fault, now)
		if came.fault == nil {
			r.vitals.Dumps++
		}
	}()
	return done
}

// reachable is false while the page is not asked for because the replica cannot
// be spoken to at all; one that is merely slow may still give a dump.
func (r *replica) reachable() bool {
	return r.seen.Fault == nil || r.seen.Fault.Reason == v1alpha1.ReasonReplicaTimeout || r.paging != nil
}

// fresh is true when the last look brought a page, and only just.
func (r *replica) fresh(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	age := now.Sub(r.seen.Observed)
	return r.seen.Fault == nil && age >= 0 && age < r.options.PageFresh
}
