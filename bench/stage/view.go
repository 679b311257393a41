// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"math"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/live"
	"evenkeel.dev/evenkeel/bench/load"
)

// Seconds are the victims' percentiles, a second at a time, for the live view.
type Seconds struct {
	victims *Victims
	// next is the next second; done are those before it.
	next time.Time
	done []float64
}

// SecondsOf begins with the first whole second after now.
func SecondsOf(v *Victims, now time.Time) Seconds {
	return Seconds{victims: v, next: now.Truncate(time.Second).Add(time.Second)}
}

// View brings the percentiles up to now; entered is when the present phase began.
func (s *Seconds) View(now, entered time.Time) live.Victims {
	for s.next.Add(time.Second).Before(now) {
		s.done = append(s.done, milliseconds(s.victims.Between(s.next, s.next.Add(time.Second))))
		s.next = s.next.Add(time.Second)
	}
	last := s.victims.Live(2 * time.Second)
	phase := s.victims.Between(entered, now)
	return live.Victims{
		PerSecond: s.done, P50: float64(last.P50.Microseconds()) / 1000, P99: milliseconds(last),
		Failed: phase.Failed + phase.Rejected,
	}
}

func milliseconds(s load.Stats) float64 {
	if s.Count == 0 && s.Pending == 0 || s.P99 == 0 {
		return math.NaN()
	}
	return float64(s.P99.Microseconds()) / 1000
}

// Show puts what the profile says into the live view.
func Show(v *live.State, seen v1alpha1.ControlPlaneProfile) {
	if line := seen.Status.LoadLine; line != nil {
		v.LoadLine, v.Ceiling = int(line.Seats), int(line.Ceiling)
	}
	for _, r := range seen.Status.Replicas {
		v.Used = max(v.Used, int(r.UsedSeats))
	}
	for _, o := range seen.Status.Offenders {
		switch o.Phase {
		case v1alpha1.OffenderJailed, v1alpha1.OffenderParole:
			v.Jailed = append(v.Jailed, o.Client+" "+o.Grade)
			v.OffenderName = o.Client
		case v1alpha1.OffenderRecommended, v1alpha1.OffenderCannotBeJailed:
			v.OffenderName = o.Client
		case v1alpha1.OffenderReleased:
		}
	}
	if len(seen.Status.Decisions) > 0 {
		d := seen.Status.Decisions[0]
		v.Decision = live.Decision{At: d.Time.Time, Reason: d.Reason, Message: d.Message}
	}
}
