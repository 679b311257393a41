// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"net/http"
	"sync"
	"time"
)

// event is one list that ended.
type event struct {
	// begun and at are when it was asked for and when it ended.
	begun, at time.Time
	status    int
	bytes     int64
	failed    bool
}

// tally keeps every list raw, so that windows can be cut afterwards.
type tally struct {
	mu     sync.Mutex
	events []event
	// open are the lists that have not ended, by when they were asked for.
	open map[int]time.Time
}

// begin notes that a client asks for a list.
func (t *tally) begin(client int, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[int]time.Time{}
	}
	t.open[client] = at
}

// end notes what became of a client's list.
func (t *tally) end(client int, e event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.begun = t.open[client]
	delete(t.open, client)
	t.events = append(t.events, e)
}

// Drained is when the last list that was asked for before a time had ended; ok is
// false while one is still open, or was when the agent stopped. An apiserver runs
// what it has begun to its end, whatever limits are set meanwhile.
func (f *Offender) Drained(before time.Time) (last time.Time, ok bool) {
	f.tally.mu.Lock()
	defer f.tally.mu.Unlock()
	for _, begun := range f.tally.open {
		if begun.Before(before) {
			return time.Time{}, false
		}
	}
	for _, e := range f.tally.events {
		if e.begun.Before(before) && e.at.After(last) {
			last = e.at
		}
	}
	return last, true
}

// Counts is what the agent got in a window.
type Counts struct {
	// OK are complete lists; Rejected refusals with status 429; Failed the rest.
	OK       int `json:"ok"`
	Rejected int `json:"rejected"`
	Failed   int `json:"failed"`
	// Bytes are those of all answers.
	Bytes int64 `json:"bytes"`
	// Rate is complete lists a second.
	Rate float64 `json:"rate"`
}

// Window counts the lists that ended in [from, to).
func (f *Offender) Window(from, to time.Time) Counts {
	f.tally.mu.Lock()
	defer f.tally.mu.Unlock()
	var c Counts
	for _, e := range f.tally.events {
		if e.at.Before(from) || !e.at.Before(to) {
			continue
		}
		c.Bytes += e.bytes
		switch {
		case e.failed:
			c.Failed++
		case e.status == http.StatusOK:
			c.OK++
		case e.status == http.StatusTooManyRequests:
			c.Rejected++
		default:
			c.Failed++
		}
	}
	if d := to.Sub(from); d > 0 {
		c.Rate = float64(c.OK) / d.Seconds()
	}
	return c
}
