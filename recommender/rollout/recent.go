// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"slices"
	"time"
)

// Interval is what one judgement is about: three looks when all is calm.
const Interval = 15 * time.Second

// looks are what subjects did in the windows of the last interval; they are not changed in
// place.
type looks []Subject

// fresh are the subjects that have told something new.
func (l looks) fresh(subjects []Subject, now time.Time) (anew looks) {
	for _, s := range subjects {
		known := slices.ContainsFunc(l, func(o Subject) bool { return o.UID == s.UID && !s.At.After(o.At) })
		if s.Window > 0 && !known && now.Sub(s.At) <= Interval {
			anew = append(anew, s)
		}
	}
	return anew
}

// with adds what is new, and drops what is older than an interval.
func (l looks) with(anew looks, now time.Time) looks {
	kept := make(looks, 0, len(l)+len(anew))
	for _, one := range l {
		if now.Sub(one.At) <= Interval {
			kept = append(kept, one)
		}
	}
	return append(kept, anew...)
}

// sum is what some subjects did together.
type sum struct {
	// looks counts the windows that it is made of, seconds how long they are together.
	looks                     int
	seconds                   float64
	requests, errors, refused float64
	delays                    [Scopes]Delay
	ends                      float64
	fsyncs, fsync             float64
}

// of adds up the looks that are wanted. A percentile is the mean of the windows' own, each
// by its requests.
func (l looks) of(wanted func(Subject) bool) (s sum) {
	for _, o := range l {
		if !wanted(o) {
			continue
		}
		s.looks, s.seconds = s.looks+1, s.seconds+o.Window.Seconds()
		s.requests, s.errors, s.refused = s.requests+o.Requests, s.errors+o.Errors, s.refused+o.Refused
		s.ends += o.Ends
		for i, d := range o.Delays {
			s.delays[i].P99 += d.P99 * d.Requests
			s.delays[i].Requests += d.Requests
		}
		s.fsync += o.Fsync * o.Fsyncs
		s.fsyncs += o.Fsyncs
	}
	for i := range s.delays {
		s.delays[i].P99 /= max(s.delays[i].Requests, 1)
	}
	s.fsync /= max(s.fsyncs, 1)
	return s
}
