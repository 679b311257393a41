// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import "evenkeel.dev/evenkeel/recommender/plane"

// overloaded is how many times their calm mean requests take when it is the load that
// makes them late (the tolerance of Netflix's Gradient2).
const overloaded = 1.5

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
	// strain is how long the slowest hundredth takes, in parts of what the SLO allows: 1
	// is as late as it may be. It is that of the heartbeats where there are enough of
	// them, for they are what has to live with everybody else's load; else others.
	strain float64
	// others is the same of all requests, of the scope that is worst.
	others float64
	// known tells that calm times have shown how long requests take.
	known bool
	// beats tells that strain is that of the heartbeats.
	beats bool
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
	var p pace
	if n >= leastKnown && calm > 0 && w.Length > 0 {
		p = pace{slow: took / calm, known: true}
	}
	for _, d := range w.Delays {
		if strain, known := w.strain(d); known {
			p.others = max(p.others, strain)
		}
	}
	if p.strain, p.beats = w.strain(w.Heartbeats); !p.beats {
		p.strain = p.others
	}
	return p
}

// strain is how long the slowest hundredth took, in parts of what the SLO allows. Of
// fewer than a hundred the slowest is left out: it may be chance.
func (w Window) strain(d plane.Delays) (strain float64, known bool) {
	if !(d.Requests >= leastKnown) {
		return 0, false
	}
	return (d.Quantile(min(0.99, 1-1.5/d.Requests)) + pulses*w.Pulse) / slo(d.Scope), true
}

// late tells whether requests are later than they may be, and by the load: what is slow
// on a calm day too is not. Of heartbeats that is taken for granted where no calm day has
// been seen: they take milliseconds, and an operator may begin in the middle of a storm.
func (p pace) late() bool {
	return p.strain >= 1 && (p.slow >= overloaded || p.beats && !p.known)
}

// othersLate tells the same of requests that are no heartbeats.
func (p pace) othersLate() bool { return p.others >= 1 && p.slow >= overloaded }
