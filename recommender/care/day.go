// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package care

import (
	"math"
	"time"
)

const (
	// smooth is the time constant of the load: one burst of requests is no rush hour.
	smooth = 5 * time.Minute
	// loadStale is after how long without a look the load is not known.
	loadStale = 10 * time.Minute
	// hoursNeeded is how many hours must be known for one of them to be told quiet.
	hoursNeeded = 6
	// quietBelow is how much of the day's most the load is below in a quiet hour.
	quietBelow = 0.60
	// wholeDay is how many hours a flat day must have been seen for.
	wholeDay = 12
)

// Day is how much a tenant asked for in each of the last 24 hours. Its zero value has seen
// nothing.
type Day struct {
	// Load is the smoothed load when it was last seen, in requests a second.
	Load float64
	Seen time.Time
	// Hours are by the hour of the day, in UTC.
	Hours [24]Hour
}

// Hour is the most of the smoothed load in the hour that began then.
type Hour struct {
	Began time.Time
	Most  float64
}

// Calm says what a time of the day is.
type Calm int

// The times of a day.
const (
	// Unknown: too little has been seen, or the load is much the same all day.
	Unknown Calm = iota
	// Busy: there are quieter hours.
	Busy
	// Quiet: the load is well below the most of the day.
	Quiet
)

// Took is the day with one more look at the load, in requests a second.
func (d Day) Took(load float64, at time.Time) Day {
	if math.IsNaN(load) || math.IsInf(load, 0) || load < 0 || !at.After(d.Seen) {
		return d
	}
	if since := at.Sub(d.Seen); d.Seen.IsZero() || since > loadStale {
		d.Load = load
	} else {
		d.Load += (load - d.Load) * (1 - math.Exp(-since.Seconds()/smooth.Seconds()))
	}
	d.Seen = at
	began := at.UTC().Truncate(time.Hour)
	h := &d.Hours[began.Hour()]
	if !h.Began.Equal(began) {
		*h = Hour{Began: began}
	}
	h.Most = max(h.Most, d.Load)
	return d
}

// Now says what the time of the day is, by the load of the last 24 hours.
func (d Day) Now(now time.Time) Calm {
	if d.Seen.IsZero() || now.Sub(d.Seen) > loadStale {
		return Unknown
	}
	known, most, least := 0, 0.0, math.Inf(1)
	for _, h := range d.Hours {
		if h.Began.IsZero() || now.Sub(h.Began) > day {
			continue
		}
		known++
		most, least = max(most, h.Most), min(least, h.Most)
	}
	switch {
	case known < hoursNeeded:
		return Unknown
	case d.Load < quietBelow*most:
		return Quiet
	case known >= wholeDay && least >= quietBelow*most:
		return Unknown // no hour is quieter than another: to wait for one is in vain
	default:
		return Busy
	}
}
