// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"maps"
	"slices"

	"evenkeel.dev/evenkeel/recommender/plane"
)

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
		if p := w.pace(base); p.known || p.beats {
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
