// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import "sync"

// mostQueued bounds what waits to be sent, in packed bytes.
const mostQueued = 32 << 20

// queue are requests that wait to be sent. Of too many the oldest go: what is newest is
// what somebody will look at when the store is back.
type queue struct {
	mu      sync.Mutex
	waiting []*batch
	bytes   int
	dropped int
	more    chan struct{}
}

func newQueue() *queue { return &queue{more: make(chan struct{}, 1)} }

func (q *queue) add(b *batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, b)
	q.bytes += len(b.packed)
	for q.bytes > mostQueued && len(q.waiting) > 1 {
		q.dropped += q.waiting[0].samples
		q.shift()
	}
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// close says that nothing comes after what waits.
func (q *queue) close() { close(q.more) }

// first is the oldest that waits; nil without any.
func (q *queue) first() *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return nil
	}
	return q.waiting[0]
}

// done takes out the oldest, where it still is the one; lost counts it for dropped.
func (q *queue) done(b *batch, lost bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) > 0 && q.waiting[0] == b {
		q.shift()
		if lost {
			q.dropped += b.samples
		}
	}
}

// losses is how many samples were dropped since it was last asked.
func (q *queue) losses() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.dropped
	q.dropped = 0
	return n
}

func (q *queue) shift() {
	q.bytes -= len(q.waiting[0].packed)
	q.waiting[0] = nil
	q.waiting = q.waiting[1:]
}
