// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"slices"
	"time"
)

const (
	// Alive is for how long a vantage point that says nothing is still taken for one that
	// looks: it says something every ten seconds, of rounds up to seventeen seconds old.
	Alive = 35 * time.Second
	// heard is how long a round waits for what the others saw at its time.
	heard = 32 * time.Second
)

// Settle says what all vantage points together saw at the times of one's own rounds, which
// are in their order. What another saw before such a time does not contradict it: an outage
// begins for everybody, and is seen by one first. A round waits for the others to have
// looked after it, but not for long; rest are those that wait. others are the last that
// each other vantage point has said.
func Settle(own, others []Look, now time.Time) (settled, rest []Look) {
	alive := slices.DeleteFunc(slices.Clone(others), func(l Look) bool { return now.Sub(l.At) > Alive || l.At.After(now.Add(Alive)) })
	for i, l := range own {
		waits := now.Sub(l.At) < heard && !l.At.After(now)
		if l.Verdict != Up && waits && slices.ContainsFunc(alive, func(o Look) bool { return o.Verdict == Up && o.At.Before(l.At) }) {
			return settled, slices.Clone(own[i:])
		}
		l.Verdict, l.Why = Agree(append([]Look{l}, alive...), l.At, Alive)
		settled = append(settled, l)
	}
	return settled, nil
}

// Now is what all vantage points say together by the last that each has said.
func Now(own Look, others []Look, now time.Time) (v Verdict, why string) {
	return Agree(append([]Look{own}, others...), now, Alive)
}
