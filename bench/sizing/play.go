// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// amounts are of CPU, in cores, and of memory, in bytes.
type amounts struct{ cpu, memory float64 }

// player decides what one component's pods request.
type player interface {
	// start is what they request before the first sample.
	start(now time.Time, load sizing.Drivers) amounts
	// minute takes what was used in a minute, and says what is requested from now on.
	minute(now time.Time, m *minute) amounts
	// killed takes a kill for memory of the busiest replica, which had so much.
	killed(now time.Time, had float64, m *minute) amounts
}

// outcome is what came of a trace.
type outcome struct {
	// slack sums the parts of the requests that were not used, of CPU and of memory;
	// covered counts the minutes, of both, in which nothing more was used, and minutes
	// those that were scored.
	slackCPU, slackMemory        float64
	coveredCPU, coveredMemory    int
	minutes, ooms, changes, days int
	// requests are what was requested in every minute.
	requests []amounts
}

// longestBackOff is the kubelet's.
const longestBackOff = 5

// play has a player size a trace. The limit of memory is the request: what uses more is
// killed, and comes back after a back-off that doubles while it is killed again.
func play(t *trace, p player) outcome {
	var o outcome
	has := p.start(begin, t.minutes[0].load)
	down, backOff := 0, 1
	for at := range t.minutes {
		m := &t.minutes[at]
		now := begin.Add(time.Duration(at+1) * time.Minute)
		o.requests = append(o.requests, has)
		if down > 0 {
			down--
			continue
		}
		cpu, memory := m.busiest()
		if at >= t.scored {
			o.score(has, cpu, memory)
		}
		before := has
		if memory > has.memory {
			if at >= t.scored {
				o.ooms++
			}
			has = p.killed(now, has.memory, m)
			down, backOff = backOff, min(2*backOff, longestBackOff)
		} else {
			has, backOff = p.minute(now, m), 1
		}
		if has != before && at >= t.scored {
			o.changes++
		}
	}
	if o.days = (len(t.minutes) - t.scored) / perDay; o.days == 0 {
		o.changes = 0 // what a part of a day would make of a day
	}
	return o
}

func (o *outcome) score(has amounts, cpu, memory float64) {
	o.minutes++
	o.slackCPU += max(has.cpu-cpu, 0) / has.cpu
	o.slackMemory += max(has.memory-memory, 0) / has.memory
	if cpu <= has.cpu {
		o.coveredCPU++
	}
	if memory <= has.memory {
		o.coveredMemory++
	}
}
