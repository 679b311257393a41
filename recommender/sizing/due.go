// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import (
	"math"
	"time"
)

const (
	// looseFor is how long a request must be more than is worth having before it is given
	// back, and apart how far two such changes are at the least.
	looseFor, apart = time.Hour, 3 * time.Hour
)

// Applied is what a container requests, and since when.
type Applied struct {
	Request float64
	Changed time.Time
	// Loose is since when the request has been above the upper bound; zero while it is
	// not.
	Loose time.Time
}

// Due tells whether the request is to change, and to what: at once where it is below the
// need, and after an hour where it is above what is worth having.
func (a Applied) Due(s Size, now time.Time) (next Applied, due bool) {
	next = a
	switch {
	case a.Request < s.Lower:
		return Applied{Request: s.Target, Changed: now}, true
	case a.Request <= s.Upper:
		next.Loose = time.Time{}
		return next, false
	case a.Loose.IsZero():
		next.Loose = now
		return next, false
	case now.Sub(a.Loose) < looseFor || now.Sub(a.Changed) < apart:
		return next, false
	}
	return Applied{Request: s.Target, Changed: now}, true
}

// Round is what can be requested: whole millicores and mebibytes, rounded up.
func Round(k Kind, v float64) float64 {
	if k == CPU {
		return math.Ceil(v*1000-1e-6) / 1000
	}
	return math.Ceil(v/(1<<20)-1e-6) * (1 << 20)
}
