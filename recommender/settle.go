// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"slices"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// settle notes when a sentence's grade came into force everywhere, and when the
// client's requests from before had run to their end.
func (d *pass) settle(s plane.Sentence) plane.Sentence {
	if s.InForce.IsZero() {
		s.InForce = d.seenInForce(s)
	}
	if s.InForce.IsZero() || !s.Drained.IsZero() {
		return s
	}
	for _, r := range d.seen.Replicas {
		if !r.Ready {
			continue
		}
		if r.Dumped.Before(s.InForce) {
			return s
		}
		for _, h := range r.Held {
			if s.Client.Covers(h.Client) && h.Level != "exempt" && !strings.HasPrefix(h.Level, plane.JailPrefix) {
				return s
			}
		}
	}
	s.Drained = d.now
	return s
}

// seenInForce is when every ready replica was seen to give the sentence's level
// the limit that belongs to its grade: the way to know after a restart.
func (d *pass) seenInForce(s plane.Sentence) time.Time {
	var last time.Time
	for _, r := range d.seen.Replicas {
		if !r.Ready {
			continue
		}
		i := slices.IndexFunc(r.Levels, func(l plane.LevelLoad) bool { return l.Name == s.Name })
		if i < 0 || r.Observed.Before(s.Regraded) || (r.Levels[i].Nominal == 0) != (s.Grade.Kind != plane.GradeSeats) {
			return time.Time{}
		}
		if r.Observed.After(last) {
			last = r.Observed
		}
	}
	return last
}

// settling is true while a sentence may still turn out to be too mild. Whoever
// else has many requests open then may simply be its victim: the next client is
// judged when this one can do no more harm.
func (d *pass) settling() bool {
	for _, s := range d.memory.Offenders {
		if !s.Active() || s.Manual || !s.Relieved.IsZero() {
			continue
		}
		// Many are held harder only for what is late for long: others are not let off meanwhile.
		if _, harder := offender.Harder(s.Client, s.Grade); harder && !s.Client.Many() || offender.Settled(s, d.now).IsZero() {
			return true
		}
	}
	return false
}
