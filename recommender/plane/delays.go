// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"math"
	"slices"
)

// Delays is how long the requests of one scope took, in a window: a histogram as the
// apiserver has it.
type Delays struct {
	// Scope is resource, namespace or cluster, as in Class.
	Scope string
	// Upper are bounds in seconds, ascending, Within how many requests took no longer
	// than each, and Requests how many there were.
	Upper, Within []float64
	Requests      float64
}

// Plus is both together; what has other bounds is left out.
func (d Delays) Plus(o Delays) Delays {
	if d.Upper == nil {
		return o
	}
	if !slices.Equal(d.Upper, o.Upper) || len(d.Within) != len(o.Within) {
		return d
	}
	d.Within = slices.Clone(d.Within)
	for i := range d.Within {
		d.Within[i] += o.Within[i]
	}
	d.Requests += o.Requests
	return d
}

// Part is the part of the requests, 0 to 1, that took no longer than so many seconds,
// interpolated within a bucket. It is 1 where that cannot be told.
func (d Delays) Part(seconds float64) float64 {
	lower, below := 0.0, 0.0
	if !(d.Requests > 0) || math.IsInf(d.Requests, 0) || len(d.Within) != len(d.Upper) {
		return 1
	}
	for i, upper := range d.Upper {
		within := max(d.Within[i], below)
		if math.IsInf(upper, 0) || !(upper >= lower) || !(within <= d.Requests) {
			break
		}
		if upper >= seconds && upper > lower {
			return (below + (within-below)*max(seconds-lower, 0)/(upper-lower)) / d.Requests
		}
		lower, below = upper, within
	}
	return below / d.Requests
}

// Quantile is the time within which so great a part of the requests ended, 0 to 1, in
// seconds: interpolated within a bucket as Prometheus' histogram_quantile does, and
// what took longer than all bounds counts as the highest. It is 0 where that cannot be
// told.
func (d Delays) Quantile(part float64) float64 {
	rank, lower, below := part*d.Requests, 0.0, 0.0
	if !(d.Requests > 0) || math.IsInf(d.Requests, 0) || len(d.Within) != len(d.Upper) {
		return 0
	}
	for i, upper := range d.Upper {
		if math.IsInf(upper, 0) || !(upper >= lower) {
			break
		}
		if within := d.Within[i]; within >= rank && within > below {
			return lower + (upper-lower)*max(rank-below, 0)/(within-below)
		}
		lower, below = upper, max(d.Within[i], below)
	}
	return lower
}
