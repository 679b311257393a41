// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import "fmt"

const (
	// leastRequests are those of a minute that a share of them says something of.
	leastRequests = 30
	// badShare is the share of requests that fail from which a minute is bad, lateShare and
	// shedShare those from which it is slow or sheds: a percentile of 99 is late when more
	// than one in a hundred is.
	badShare, lateShare, shedShare = 0.05, 0.01, 0.01
	// half is half a minute, in seconds, and enough a third: how much must have been seen, and
	// have been down, of a minute of which nothing was seen to be up.
	half, enough = 30.0, 20.0
)

// Seen is what was seen in one minute.
type Seen struct {
	// Up and Down are the seconds of which rounds of probes said so, and Why what the last
	// that was down said. What nobody saw is in neither.
	Up, Down float64
	Why      string
	// Sums are the requests that were answered in it.
	Sums Sums
}

// Letter is what a minute was: bad when it was down for half of it, or for a third and nothing
// else was seen, or more than one request in twenty failed; then why. The cause is still to be
// found. Where less was seen it could have been either, and is unseen.
func (s Seen) Letter() (l Letter, why string) {
	asked := s.Sums.Requests >= leastRequests
	switch {
	case s.Up+s.Down <= 0:
		// Requests alone are not enough to call a minute good: what was turned away on the
		// way is not among them. They are enough to call it bad.
		if asked && s.Sums.Failed > badShare*s.Sums.Requests {
			return ByUnknown, s.failed()
		}
		return Unseen, ""
	case s.down():
		return ByUnknown, s.Why
	case asked && s.Sums.Failed > badShare*s.Sums.Requests:
		return ByUnknown, s.failed()
	case s.Down > 0 && s.Up < half:
		return Unseen, ""
	case asked && s.Sums.Shed > shedShare*s.Sums.Requests:
		return Shedding, ""
	case asked && s.Sums.Slow > lateShare*s.Sums.Requests:
		return Slow, ""
	default:
		return Good, ""
	}
}

// down tells whether it was down for so long that it is bad.
func (s Seen) down() bool { return s.Down >= half || s.Down >= enough && s.Up <= 0 }

func (s Seen) failed() string {
	return fmt.Sprintf("%.0f of %.0f requests failed", s.Sums.Failed, s.Sums.Requests)
}
