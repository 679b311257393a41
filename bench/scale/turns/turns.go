// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package turns tells what oscillates: a change that takes back the one before it, too
// soon for both to have been right. It also holds the form in which a replay hands over
// what it saw.
package turns

import "time"

// The windows within which a change that is taken back is a turn too many. A replica takes
// a minute to come and minutes to get its share, and Gardener's autoscaler looks back half
// an hour before it removes one; a size is held for an hour before anything is given back.
const (
	Replicas = 30 * time.Minute
	Sizes    = 60 * time.Minute
)

// Change is one change of what is followed, at a time since the beginning.
type Change struct {
	At   time.Duration `json:"at"`
	From float64       `json:"from"`
	To   float64       `json:"to"`
}

// Up tells the direction of a change.
func (c Change) Up() bool { return c.To > c.From }

// Turn is a change and the one that took it back.
type Turn struct {
	// What is what was changed, as in "replicas" or a pod and a resource.
	What string `json:"what"`
	// First is the change, Back the next in the other direction.
	First Change `json:"first"`
	Back  Change `json:"back"`
}

// Follow keeps the changes of one thing.
type Follow struct {
	What    string
	Changes []Change
	last    float64
	known   bool
}

// See takes the value of now; the first is no change.
func (f *Follow) See(at time.Duration, v float64) {
	if f.known && v != f.last {
		f.Changes = append(f.Changes, Change{At: at, From: f.last, To: v})
	}
	f.last, f.known = v, true
}

// Directions counts the changes of direction, however far apart: a day has one.
func (f *Follow) Directions() (n int) {
	for i := 1; i < len(f.Changes); i++ {
		if f.Changes[i].Up() != f.Changes[i-1].Up() {
			n++
		}
	}
	return n
}

// Within are the changes that were taken back within so long.
func (f *Follow) Within(window time.Duration) (turns []Turn) {
	for i := 1; i < len(f.Changes); i++ {
		first, back := f.Changes[i-1], f.Changes[i]
		if first.Up() != back.Up() && back.At-first.At < window {
			turns = append(turns, Turn{What: f.What, First: first, Back: back})
		}
	}
	return turns
}
