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
