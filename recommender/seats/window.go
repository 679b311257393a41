// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"maps"
	"slices"
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
	// overloaded is how many times their calm mean requests take when it is the load
	// that makes them late (the tolerance of Netflix's Gradient2).
	overloaded = 1.5
)

// pulses is how many times the smallest request's time is added to what requests are
// executed for. The SLO is for what a client sees; what a busy process makes it wait
// before and after is in that, not in what the apiserver measures, and the smallest
// request is nothing else.
const pulses = 3

// slo is within how many seconds the Kubernetes SLO wants 99 % of the requests of a
// scope answered (sig-scalability, api_call_latency).
func slo(scope string) float64 {
	switch scope {
	case "resource":
		return 1
	case "namespace":
		return 5
	default:
		return 30
	}
}

// pace is how fast a window's requests were.
type pace struct {
	// slow is how many times their calm means they took, all together: what was served
	// counts with its own mean, so that another mix is no other pace.
	slow float64
	// strain is how long the slowest hundredth takes, in parts of what the SLO allows, of
	// the scope that is worst: 1 is as late as they may be.
	strain float64
	known  bool
}

func (w Window) pace(base map[plane.Class]plane.Baseline) pace {
	var took, calm, n float64
	for _, s := range w.Served {
		if b := base[s.Class]; sane(s) && b.Weight >= plane.TrustedWindows {
			n += s.Requests
			took += s.Seconds
			calm += s.Requests * b.Mean
		}
	}
	if n < leastKnown || calm <= 0 || w.Length <= 0 {
		return pace{}
	}
	p := pace{slow: took / calm, known: true}
	for _, d := range w.Delays {
		// Of fewer than a hundred the slowest is left out: it may be chance.
		if part := min(0.99, 1-1.5/d.Requests); d.Requests >= leastKnown {
			p.strain = max(p.strain, (d.Quantile(part)+pulses*w.Pulse)/slo(d.Scope))
		}
	}
	return p
}

// late tells whether requests are later than they may be, and by the load: what is slow
// on a calm day too is not.
func (p pace) late() bool { return p.strain >= 1 && p.slow >= overloaded }

// sane tells whether something was served, in numbers that can be reckoned with: more
// than a window can hold comes of a page that is not right.
func sane(s plane.Served) bool {
	const most = 1e9
	return s.Requests > 0 && s.Requests < most && s.Seconds > 0 && s.Seconds < most
}

// work is what was served in a second, in seconds of a calm day.
func (w Window) work(base map[plane.Class]plane.Baseline) float64 {
	var sum float64
	for _, s := range w.Served {
		if sane(s) {
			sum += s.Requests * base[s.Class].Mean
		}
	}
	if w.Length <= 0 {
		return 0
	}
	return sum / w.Length.Seconds()
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

// load is what the windows of all replicas say together.
type load struct {
	// pace is that of the replica in the middle.
	pace

	// work is the sum of the replicas' work.
	work float64
	// used are the seats in use on the busiest replica.
	used float64
	// limited tells that the line holds a replica back, idle that none comes near it.
	limited, idle bool
	// outliers are replicas that are far slower than the one in the middle: the fault
	// is theirs. breathless have no CPU left.
	outliers, breathless []string
}

// outlying is how many times the middle's slowness and strain a replica's must be, and
// lateAlone its least strain: below it nobody feels the difference.
const outlying, lateAlone = 1.5, 0.1

func weigh(windows []Window, base map[plane.Class]plane.Baseline, line int) load {
	l := load{idle: true}
	paces := map[string]pace{}
	for _, w := range windows {
		if w.Used > l.used { // which what is no number is not
			l.used = w.Used
		}
		l.limited = l.limited || w.limited(line)
		l.idle = l.idle && w.calm(line)
		if w.Breathless {
			l.breathless = append(l.breathless, w.Replica)
		}
		if p := w.pace(base); p.known {
			paces[w.Replica] = p
		}
		l.work += w.work(base)
	}
	if len(paces) == 0 {
		return l
	}
	sorted := slices.SortedFunc(maps.Values(paces), func(a, b pace) int {
		if a.slow < b.slow {
			return -1
		}
		return 1
	})
	l.pace = sorted[(len(sorted)-1)/2]
	for _, w := range windows {
		if p := paces[w.Replica]; len(sorted) > 2 && p.slow > outlying*max(l.slow, 1) && p.strain > max(outlying*l.strain, lateAlone) {
			l.outliers = append(l.outliers, w.Replica)
		}
	}
	return l
}
