// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"math"
	"strconv"
	"time"
)

// span is the time that charts show: one for all of them, so that what is above each other
// was at the same time.
type span struct {
	since, until time.Time
}

// step is what the end of a span is rounded to: charts stand still in between, and are not
// sent again.
const step = 30 * time.Second

// ranges are the spans that can be chosen.
var ranges = []struct {
	Name   string
	length time.Duration
	tick   time.Duration
	// past is whether it takes a store.
	past bool
}{
	{"2h", 2 * time.Hour, 20 * time.Minute, false}, {"24h", 24 * time.Hour, 4 * time.Hour, false}, {"7d", 7 * 24 * time.Hour, 24 * time.Hour, true},
}

func spanOf(now time.Time, length time.Duration) span {
	until := now.UTC().Truncate(step).Add(step)
	return span{since: until.Add(-length), until: until}
}

// share is where a time is in the span, from 0 to 1.
func (s span) share(t time.Time) float64 {
	return float64(t.Sub(s.since)) / float64(s.until.Sub(s.since))
}

func (s span) holds(t time.Time) bool { return !t.Before(s.since) && !t.After(s.until) }

// percent is a share for an attribute.
func percent(share float64) string {
	return strconv.FormatFloat(math.Round(1e4*share)/100, 'f', -1, 64) + "%"
}

// tick is a time that is named below charts.
type tick struct {
	at   time.Time
	text string
}

func (s span) ticks() (all []tick) {
	every, layout := 20*time.Minute, "15:04"
	for _, r := range ranges {
		if s.until.Sub(s.since) >= r.length {
			every = r.tick
		}
	}
	if every >= 24*time.Hour {
		layout = "01-02"
	}
	for t := s.since.Truncate(every).Add(every); t.Before(s.until); t = t.Add(every) {
		if x := s.share(t); x > .04 && x < .97 {
			all = append(all, tick{t, t.Format(layout)})
		}
	}
	return all
}
