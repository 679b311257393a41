// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"math"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// Window is what one replica did in a stretch of time.
type Window struct {
	Replica string
	Length  time.Duration
	// Used are the seats in use, on average.
	Used float64
	// Refused counts the requests refused; Wait is the mean time in queue of those
	// that were served, in seconds.
	Refused, Wait float64
	// Pulse is how long the smallest request took, on average, in seconds.
	Pulse float64
	// Breathless is true when the process used all the CPU that it may have and could
	// not answer the smallest request in time.
	Breathless bool
	Served     []plane.Served
	// Delays are how long that took, by scope.
	Delays []plane.Delays
	// Heartbeats are how long those took.
	Heartbeats plane.Delays
}

const (
	// leastRequests make a mean of a class worth learning, and leastKnown of classes
	// with a baseline make a slowness.
	leastRequests = 5
	leastKnown    = 10
	// mostClasses bounds the baselines of one control plane.
	mostClasses = 1000
	// limitedUse and limitedWait tell that a replica is held back by its line: most of
	// the seats are in use, or requests wait for one (20 ms on average is what WeChat's
	// DAGOR takes for overload).
	limitedUse, limitedWait = 0.8, 0.020
	// calmUse is up to which part of the line a replica's times are its own.
	calmUse = 0.5
)

// sane tells whether something was served, in numbers that can be reckoned with: more
// than a window can hold comes of a page that is not right.
func sane(s plane.Served) bool {
	const most = 1e9
	return s.Requests > 0 && s.Requests < most && s.Seconds > 0 && s.Seconds < most
}

// work is what was served in time in a second, in seconds of a calm day: what comes
// late is worth nothing to whoever has given up on it.
func (w Window) work(base map[plane.Class]plane.Baseline) float64 {
	inTime := map[string]float64{}
	for _, d := range w.Delays {
		inTime[d.Scope] = w.inTime(d)
	}
	var sum float64
	for _, s := range w.Served {
		part, told := inTime[s.Class.Scope]
		if !told {
			part = 1
		}
		if sane(s) {
			sum += s.Requests * base[s.Class].Mean * part
		}
	}
	if w.Length <= 0 {
		return 0
	}
	return sum / w.Length.Seconds()
}

// inTime is the part of the requests that a client had an answer to within the SLO: as
// the apiserver measures it, with what the smallest request shows besides, and with the
// time in a queue, of which only the mean is known and which is taken for exponential.
func (w Window) inTime(d plane.Delays) float64 {
	most := slo(d.Scope)
	part := d.Part(most - pulses*w.Pulse)
	if w.Wait > 0 {
		part *= 1 - math.Exp(-most/w.Wait)
	}
	return part
}

// limited tells whether the line holds the replica back.
func (w Window) limited(line int) bool {
	return w.Used >= limitedUse*float64(line) || w.Refused > 0 || w.Wait > limitedWait
}

// calm tells whether the replica's times are its own: nothing was short.
func (w Window) calm(line int) bool {
	return w.Used <= calmUse*float64(line) && !w.limited(line)
}

// learn moves the baselines by a window. What is served of a class at its quickest
// stands for its calm mean until calm times have shown it.
func (w Window) learn(base map[plane.Class]plane.Baseline, calm bool) {
	for _, s := range w.Served {
		before, known := base[s.Class]
		if s.Requests < leastRequests || !sane(s) || !known && len(base) >= mostClasses {
			continue
		}
		mean := s.Seconds / s.Requests
		switch {
		case calm:
			base[s.Class] = before.Moved(mean, 0)
		case before.Weight == 0 && (!known || mean < before.Mean):
			base[s.Class] = plane.Baseline{Mean: mean}
		}
	}
}
