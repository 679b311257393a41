// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import (
	"math"
	"slices"
	"time"
)

// hours is how many parts of a day are told apart.
const hours = 24

// peak is the highest ratio of one hour of the day: of the day of its last sample, in days
// since 1970, and of the three days before that, the last first.
type peak struct {
	day    int32
	today  float32
	before [3]float32
}

// How many of the last three days have to have needed as much: what comes every day is
// told from what came once and has gone.
const (
	anyDay   = 1
	mostDays = 2
)

// expected is what so many of the last three days before needed at this hour.
func (p *peak) expected(day int32, of int) float64 {
	days := p.before
	if day > p.day {
		days = p.moved(day).before
	}
	slices.Sort(days[:])
	return float64(days[len(days)-of])
}

// moved is the peak on a later day.
func (p *peak) moved(day int32) peak {
	next := peak{day: day}
	for ago := range next.before {
		switch of := p.day - (day - 1 - int32(ago)); {
		case of == 0:
			next.before[ago] = p.today
		case of > 0 && int(of) <= len(p.before):
			next.before[ago] = p.before[of-1]
		}
	}
	return next
}

func dayOf(at time.Time) int32 {
	return int32(at.Unix() / (24 * 60 * 60)) //nolint:gosec // some ten thousands
}

// rise keeps the peak of the hour, by what the last minutes show together: CPU that only
// one minute took is no need.
func (h *History) rise(at time.Time) {
	p, day := &h.day[at.UTC().Hour()], dayOf(at)
	if day < p.day {
		return
	}
	if day > p.day {
		*p = p.moved(day)
	}
	p.today = max(p.today, float32(h.now(at)))
}

// ahead is what is expected of this time of the day, and of half an hour from it, by so
// many of the last days.
func (h *History) ahead(at time.Time, of int) float64 {
	const lead = 30 * time.Minute
	var most float64
	for _, t := range []time.Time{at, at.Add(lead)} {
		most = max(most, h.day[t.UTC().Hour()].expected(dayOf(t), of))
	}
	return most
}

// swings tells whether yesterday had hours that needed much less than others: then what it
// needed at this hour may come back today. A plateau of a day does not.
func (h *History) swings(at time.Time) bool {
	const much = 1.3
	least, most := math.Inf(1), 0.0
	for i := range h.day {
		if v := float64(h.day[i].moved(dayOf(at)).before[0]); v > 0 {
			least, most = min(least, v), max(most, v)
		}
	}
	return most > much*least
}
