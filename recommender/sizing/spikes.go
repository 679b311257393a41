// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import (
	"math"
	"slices"
	"time"
)

const (
	// above is how far over the usual a minute is part of a spike.
	above = 1.12
	// heavy is from which part of the usual on a spike is reserved for also where it comes
	// every day: who lists everything at night can do so by day.
	heavy = 1.5
	// longest is how long a spike lasts at the most: what lasts longer is a need that the
	// histogram knows.
	longest = 30 * time.Minute
	// once and often are how long a single spike is reserved for, and several.
	once, often = 3 * 24 * time.Hour, 7 * 24 * time.Hour
	// mostSpikes is how many are kept.
	mostSpikes = 16
	// kin is by how much spikes of one kind differ at the most, as a part of the highest.
	kin = 0.1
)

// spikes are the times at which memory rose for minutes and fell again: lists of
// everything, restarts, defragmentation. They come back when nobody expects them, and what
// CPU would only take longer for kills where memory is short.
type spikes struct {
	known []spike
	// began is when the one under way did, zero while there is none; usual is what was so
	// before it, top its highest, and expected whether all of it comes every day.
	began      time.Time
	usual, top float64
	expected   bool
}

type spike struct {
	at  time.Time
	top float64
}

// after are the spikes after one more minute, where so much is usual, and so much was
// expected of this time of the day: what comes every day is met by that.
func (s spikes) after(m minute, usual, expected float64) spikes {
	if s.began.IsZero() && usual > 0 && m.ratio > above*usual {
		s.began, s.usual, s.top, s.expected = m.at, usual, 0, true
	}
	switch {
	case s.began.IsZero():
	case m.at.Sub(s.began) > longest:
		s.began = time.Time{} // a need, and no spike
	case m.ratio > above*s.usual:
		s.top, s.expected = max(s.top, m.ratio), s.expected && m.ratio <= expected*above
	default:
		if s.expected && s.top < heavy*s.usual { // what came at this hour before was of the same kind
			s.known = slices.DeleteFunc(slices.Clone(s.known), func(k spike) bool { return k.at.UTC().Hour() == m.at.UTC().Hour() })
		} else {
			s.known = append(append([]spike(nil), s.known...), spike{m.at, s.top})
			s.known = s.known[max(0, len(s.known)-mostSpikes):]
		}
		s.began = time.Time{}
	}
	return s
}

// reserve is the ratio that the next spike is met with: a single one as it was, of several
// the highest and a fifth more. The more there have been that were alike, the less more.
func (s spikes) reserve(now time.Time) float64 {
	least, top, n, last := math.Inf(1), 0.0, 0, time.Time{}
	for _, k := range s.known {
		if now.Sub(k.at) < often {
			least, top, n, last = min(least, k.top), max(top, k.top), n+1, k.at
		}
	}
	switch more := healed - 1; {
	case n > 1 && top-least < kin*top:
		return top * (1 + max(2*more/float64(n), kin/2))
	case n > 1:
		return top * (1 + more)
	case n == 1 && now.Sub(last) < once:
		return top
	}
	return 0
}
