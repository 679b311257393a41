// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"math"
	"time"
)

const (
	// shareHalf is the half-life of what counts as the usual share of errors, peakHalf
	// that of the usual highest percentile: a minute that was slow is remembered for
	// longer than one that failed.
	shareHalf, peakHalf = 5 * time.Minute, 10 * time.Minute
	// before is how many requests without an error stand for what is not known: a control
	// plane that has just been met has a share of next to nothing.
	before = 1000
)

// Usual is how things were while nothing was under way: sums that fade, and peaks that do.
type Usual struct {
	At                        time.Time
	Requests, Errors, Refused float64
	Seconds, Ends             float64
	Delays                    [Scopes]float64
	Fsync                     float64
}

// seen brings what is usual up to the new looks.
func (u Usual) seen(anew looks, now time.Time) Usual {
	if len(anew) == 0 {
		return u
	}
	share, peak := fade(now.Sub(u.At), shareHalf), fade(now.Sub(u.At), peakHalf)
	s := anew.of(func(Subject) bool { return true })
	u.At = now
	u.Requests, u.Errors, u.Refused = u.Requests*share+s.requests, u.Errors*share+s.errors, u.Refused*share+s.refused
	u.Seconds, u.Ends = u.Seconds*share+s.seconds, u.Ends*share+s.ends
	for i, d := range s.delays {
		u.Delays[i] *= peak
		if d.Requests >= enough {
			u.Delays[i] = max(u.Delays[i], d.P99)
		}
	}
	u.Fsync *= peak
	for _, one := range anew {
		if one.Fsyncs >= enoughFsyncs {
			u.Fsync = max(u.Fsync, one.Fsync)
		}
	}
	return u
}

func fade(age, half time.Duration) float64 {
	return math.Exp2(-max(age, 0).Seconds() / half.Seconds())
}

// share is what part of the requests usually are so many.
func (u Usual) share(count float64) float64 { return (count + 0.5) / (u.Requests + before) }
