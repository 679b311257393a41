// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"slices"
	"time"
)

// Window is a time of the week at which what can wait may disturb.
type Window struct {
	// Days on which it opens; none is every day.
	Days []time.Weekday
	// From is the time of the day at which it opens, Length how long it is open.
	From, Length time.Duration
	// Zone is where that time is told; nil is UTC.
	Zone *time.Location
}

// Open tells whether one of the windows is open now, and else when the next opens. Without
// windows it always is. Next is zero where none ever opens.
func Open(windows []Window, now time.Time) (open bool, next time.Time) {
	if len(windows) == 0 {
		return true, time.Time{}
	}
	for _, w := range windows {
		// The one of the day before may still be open; a week on, each has opened again.
		for day := -1; day <= 7; day++ {
			from := w.opens(now, day)
			switch {
			case from.IsZero() || !now.Before(from.Add(w.Length)):
			case !now.Before(from):
				return true, time.Time{}
			case next.IsZero() || from.Before(next):
				next = from
			}
		}
	}
	return false, next
}

// opens is when the window opens so many days after now's; zero when it does not that day.
// The clock of the day counts: where it is set forward over the time, time.Date opens it
// by as much later.
func (w Window) opens(now time.Time, days int) time.Time {
	zone := w.Zone
	if zone == nil {
		zone = time.UTC
	}
	year, month, day := now.In(zone).Date()
	from := time.Date(year, month, day+days, int(w.From/time.Hour), int(w.From%time.Hour/time.Minute), 0, 0, zone)
	if len(w.Days) > 0 && !slices.Contains(w.Days, from.Weekday()) {
		return time.Time{}
	}
	return from
}
