// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package checker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load"
)

// Deadline is how long a writer waits for an answer.
const Deadline = 10 * time.Second

// Options describe the writers.
type Options struct {
	// Config may create, get and update ConfigMaps of Namespace, which exists.
	Config    *rest.Config
	Namespace string
	// Writers is how many there are, each with a connection to write on and another to
	// read on, and Rate how many writes a second each of them makes at most.
	Writers int
	Rate    float64
}

// Counts are what the writers have seen.
type Counts struct {
	// Writes were sent. Acknowledged of them were answered with success, Refused were not
	// carried out, and of Unknown it was not known.
	Writes, Acknowledged, Refused, Unknown int
	// Reads are those that were judged, Lost the acknowledged writes that one of them did
	// not find, and Strange the values that nobody wrote.
	Reads, Lost, Strange int
}

// Checker is the load.
type Checker struct{ writers []*writer }

// New prepares the connections; nothing is sent.
func New(o Options) (*Checker, error) {
	if o.Writers < 1 || o.Rate <= 0 {
		return nil, errors.New("preparing a checker: it needs writers and a rate")
	}
	c := &Checker{}
	for i := range o.Writers {
		w := &writer{options: o, name: fmt.Sprintf("checker-%02d", i), ledger: NewLedger(), versions: map[string]string{}}
		var err error
		for _, conn := range []**load.Conn{&w.write, &w.read} {
			if *conn, err = load.NewConn(o.Config); err != nil {
				return nil, fmt.Errorf("preparing a checker: %w", err)
			}
		}
		c.writers = append(c.writers, w)
	}
	return c, nil
}

// Run writes and reads until ctx ends.
func (c *Checker) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, w := range c.writers {
		all.Go(func() { w.run(ctx) })
	}
	all.Wait()
}

// Resumed tells when the first write was acknowledged that was sent after a time, and when
// that was so of every writer. They are zero while it has not happened.
func (c *Checker) Resumed(after time.Time) (first, every time.Time) {
	missing := false
	for _, w := range c.writers {
		at, ok := w.resumed(after)
		if !ok {
			missing = true
			continue
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(every) {
			every = at
		}
	}
	if missing {
		every = time.Time{}
	}
	return first, every
}

// Counts are those so far, of all writers.
func (c *Checker) Counts() (sum Counts) {
	for _, w := range c.writers {
		w.mu.Lock()
		n := w.counts
		w.mu.Unlock()
		sum.Writes += n.Writes
		sum.Acknowledged += n.Acknowledged
		sum.Refused += n.Refused
		sum.Unknown += n.Unknown
		sum.Reads += n.Reads
		sum.Lost += n.Lost
		sum.Strange += n.Strange
	}
	return sum
}

// ReadBack reads every object with an acknowledged write once more, after Run has
// returned. The error says that something could not be read until ctx ended: then nothing
// is known of it.
func (c *Checker) ReadBack(ctx context.Context) error {
	failed := make([]error, len(c.writers))
	var all sync.WaitGroup
	for i, w := range c.writers {
		all.Go(func() { failed[i] = w.readBack(ctx) })
	}
	all.Wait()
	return errors.Join(failed...)
}

// Close ends the connections.
func (c *Checker) Close() {
	for _, w := range c.writers {
		w.write.Close()
		w.read.Close()
	}
}
