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
	at     time.Time
	status int
	bytes  int64
	failed bool
}

// tally keeps every list raw, so that windows can be cut afterwards.
type tally struct {
	mu     sync.Mutex
	events []event
}

func (t *tally) add(e event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, e)
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
