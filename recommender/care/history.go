// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package care

import (
	"slices"
	"time"
)

const (
	// historyEvery is how far the revisions that are kept are apart, and historyKept how
	// many are: twelve minutes.
	historyEvery = 30 * time.Second
	historyKept  = 24
)

// History is which revision the store had when. Its zero value has seen none; it is never
// changed in place.
type History struct{ Revisions []Revision }

// Revision is the store's at a time.
type Revision struct {
	At     time.Time
	Number int64
}

// Seen is the history with one more look, which counts when the last one is old enough.
func (h History) Seen(revision int64, at time.Time) History {
	n := len(h.Revisions)
	if revision <= 0 || n > 0 && at.Sub(h.Revisions[n-1].At) < historyEvery {
		return h
	}
	kept := slices.Clone(h.Revisions[max(0, n-historyKept+1):])
	return History{Revisions: append(kept, Revision{At: at, Number: revision})}
}

// Before is the last revision that is known to have been there at a time; 0 when none is.
func (h History) Before(at time.Time) int64 {
	for _, r := range slices.Backward(h.Revisions) {
		if !r.At.After(at) {
			return r.Number
		}
	}
	return 0
}
