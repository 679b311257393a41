// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package checker

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/bench/load"
)

const (
	// renewed is how many objects a writer updates in turn, and every createEvery-th write
	// is an object of its own instead, which nothing follows.
	renewed     = 4
	createEvery = 5
	// readEvery is after how many writes a writer reads back what it updates.
	readEvery = 40
	// readAgain is how long after a read that failed the next is tried in ReadBack.
	readAgain = 250 * time.Millisecond
)

// ack is a write that was acknowledged.
type ack struct{ sent, at time.Time }

// writer writes and reads, one request after the other.
type writer struct {
	options     Options
	name        string
	write, read *load.Conn
	ledger      *Ledger
	// versions are the resource versions of the objects as they are known to be; those of
	// objects with an open write are not.
	versions map[string]string
	turn     int

	mu     sync.Mutex
	counts Counts
	acks   []ack // in the order they were sent
}

// run writes at the rate, or as fast as it is answered where that is slower: a write that
// was late is not made up for.
func (w *writer) run(ctx context.Context) {
	tick := time.NewTicker(time.Duration(float64(time.Second) / w.options.Rate))
	defer tick.Stop()
	for ctx.Err() == nil {
		w.step(ctx)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// step makes one write, and the reads that are due.
func (w *writer) step(ctx context.Context) {
	w.turn++
	if w.turn%readEvery == 0 {
		for i := range renewed {
			_ = w.judge(ctx, w.object(i)) // it is read again by and by, and at the end
		}
	}
	if w.turn%createEvery == 0 {
		w.put(ctx, fmt.Sprintf("%s-n%06d", w.name, w.turn))
		return
	}
	object := w.object(w.turn % renewed)
	if _, sure := w.versions[object]; !sure && w.ledger.objects[object] != nil {
		if w.judge(ctx, object) != nil {
			return // of what cannot be read nobody knows what to follow
		}
	}
	w.put(ctx, object)
}

func (w *writer) object(i int) string { return fmt.Sprintf("%s-k%d", w.name, i) }

// put sends a write and notes what came of it.
func (w *writer) put(ctx context.Context, object string) {
	n := w.ledger.Next(object)
	sent := time.Now()
	a := w.send(ctx, object, w.versions[object], n)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts.Writes++
	delete(w.versions, object)
	switch a.outcome {
	case acknowledged:
		w.ledger.Acknowledged(object, n)
		w.versions[object] = a.version
		w.counts.Acknowledged++
		w.acks = append(w.acks, ack{sent, time.Now()})
	case refused:
		w.ledger.Refused(object, n)
		w.counts.Refused++
	case unknown:
		w.counts.Unknown++
	}
}

// judge reads an object, and counts what is not as it was promised.
func (w *writer) judge(ctx context.Context, object string) error {
	value, version, found, err := w.get(ctx, object)
	if err != nil {
		return err
	}
	v := w.ledger.Read(object, value, found)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.versions[object] = version // empty for an object that is to be created
	w.counts.Reads++
	w.counts.Lost += len(v.Lost)
	if v.Strange {
		w.counts.Strange++
	}
	return nil
}

// readBack reads every object that was promised, each until it can be read.
func (w *writer) readBack(ctx context.Context) error {
	var objects []string
	for object := range w.ledger.objects {
		if w.ledger.Promised(object) {
			objects = append(objects, object)
		}
	}
	slices.Sort(objects)
	for _, object := range objects {
		for {
			err := w.judge(ctx, object)
			if err == nil {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("reading back ConfigMap %s/%s: %w", w.options.Namespace, object, err)
			case <-time.After(readAgain):
			}
		}
	}
	return nil
}

// resumed is when the first write was acknowledged that was sent after a time.
func (w *writer) resumed(after time.Time) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := sort.Search(len(w.acks), func(i int) bool { return w.acks[i].sent.After(after) })
	if i == len(w.acks) {
		return time.Time{}, false
	}
	return w.acks[i].at, true
}
