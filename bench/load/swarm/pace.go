// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package swarm

import "time"

// Step is a stretch of a timetable: Rate requests a second for so long.
type Step struct {
	Rate float64
	For  time.Duration
}

// Pace is a timetable: its steps one after another, then the last one's rate for good,
// or all of them again and again.
type Pace struct {
	Steps  []Step
	Repeat bool
}

// Steady is the same rate for good.
func Steady(rate float64) Pace { return Pace{Steps: []Step{{Rate: rate, For: time.Second}}} }

// Due is when request n is due, from 0, after the start. It is the inverse of the
// integral of the rate. A pace of no requests at all has none due.
func (p Pace) Due(n int) (at time.Duration, ok bool) {
	left := float64(n)
	whole, length := p.whole()
	if p.Repeat {
		if whole <= 0 {
			return 0, false
		}
		rounds := int(left / whole)
		left -= float64(rounds) * whole
		at = time.Duration(rounds) * length
	}
	for _, s := range p.Steps {
		requests := s.Rate * s.For.Seconds()
		if left < requests {
			return at + seconds(left/s.Rate), true
		}
		left -= requests
		at += s.For
	}
	if len(p.Steps) == 0 || p.Steps[len(p.Steps)-1].Rate <= 0 {
		return 0, false
	}
	return at + seconds(left/p.Steps[len(p.Steps)-1].Rate), true
}

// whole is how many requests all steps have, and how long they last.
func (p Pace) whole() (requests float64, length time.Duration) {
	for _, s := range p.Steps {
		requests += s.Rate * s.For.Seconds()
		length += s.For
	}
	return requests, length
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
