// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"maps"
	"slices"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// Class is a kind of request whose execution times are alike.
type Class struct {
	Verb, Group, Resource, Scope string
}

// Served is what was served of one class in a window.
type Served struct {
	Class Class
	// Requests counts them, Seconds is their execution time, added up.
	Requests, Seconds float64
}

// Window is what one replica did between two pages.
type Window struct {
	Replica string
	Length  time.Duration
	// Used are the seats in use, on average.
	Used float64
	// Refused counts the requests refused; Wait is the mean time in queue of those
	// that were served, in seconds.
	Refused, Wait float64
	Served        []Served
}

const (
	// leastRequests make a mean of a class worth learning.
	leastRequests = 5
	// leastWeight is how many windows a baseline must have been learnt from.
	leastWeight = 3
	// mostClasses bounds the baselines of one control plane.
	mostClasses = 1000
	// limitedUse and limitedWait tell that a replica is held back by its line: most of
	// the seats are in use, or requests wait for one (20 ms on average is what WeChat's
	// DAGOR takes for overload).
	limitedUse, limitedWait = 0.8, 0.020
	// calmUse is up to which part of the line a replica's times are its own.
	calmUse = 0.5
)

// slowness is how many times its baseline a window's requests took: Σ n·mean over
// Σ n·base, of what was served in it, so that another mix is not read as another pace.
// work is that lower sum for a second of the window: what was served, in seconds of a
// calm day. known is false while less than half of the time served has a baseline.
func (w Window) slowness(base map[Class]plane.Baseline) (slow, work float64, known bool) {
	var took, calm, all float64
	for _, s := range w.Served {
		all += s.Seconds
		if b := base[s.Class]; b.Weight >= leastWeight && b.Mean > 0 && s.Requests > 0 {
			took += s.Seconds
			calm += s.Requests * b.Mean
		}
	}
	if calm <= 0 || took < all/2 || w.Length <= 0 {
		return 0, 0, false
	}
	return took / calm, calm / w.Length.Seconds(), true
}

// limited tells whether the line holds the replica back.
func (w Window) limited(line int) bool {
	return w.Used >= limitedUse*float64(line) || w.Refused > 0 || w.Wait > limitedWait
}

// learn moves the baselines by a window in which nothing was short.
func (w Window) learn(base map[Class]plane.Baseline, line int) {
	if w.Used > calmUse*float64(line) || w.limited(line) {
		return
	}
	for _, s := range w.Served {
		if s.Requests < leastRequests {
			continue
		}
		if before, ok := base[s.Class]; ok || len(base) < mostClasses {
			base[s.Class] = before.Moved(s.Seconds/s.Requests, 0)
		}
	}
}

// load is what the windows of all replicas say together.
type load struct {
	// slow is the median of the replicas' slowness, 0 while it is not known; work is
	// the sum of theirs.
	slow, work float64
	// used are the seats in use on the busiest replica.
	used    float64
	limited bool
	// outliers are replicas that are far slower than the median: the fault is theirs.
	outliers []string
}

// outlying is how many times the median a replica's slowness must be.
const outlying = 1.5

func weigh(windows []Window, base map[Class]plane.Baseline, line int) load {
	var l load
	paces := map[string]float64{}
	for _, w := range windows {
		if w.Used > l.used { // which what is no number is not
			l.used = w.Used
		}
		l.limited = l.limited || w.limited(line)
		if slow, work, known := w.slowness(base); known {
			paces[w.Replica] = slow
			l.work += work
		}
	}
	if len(paces) == 0 {
		return l
	}
	sorted := slices.Sorted(maps.Values(paces))
	l.slow = sorted[(len(sorted)-1)/2]
	for _, w := range windows {
		if len(sorted) > 2 && paces[w.Replica] > outlying*max(l.slow, 1) {
			l.outliers = append(l.outliers, w.Replica)
		}
	}
	return l
}
