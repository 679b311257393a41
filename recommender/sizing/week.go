// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	// wakeAhead is how far ahead the clock is looked at.
	wakeAhead   = 30 * time.Minute
	hoursOfWeek = 7 * hours
)

// Week is the most that a control plane carried in each hour of the week, in UTC, so that
// the load that comes back at its hour is met before it does: the morning on which a
// hibernated one is woken. Its zero value knows nothing. It is never changed in place.
type Week struct {
	// Last is when something was seen last.
	Last time.Time
	// Hours are from Sunday's first on; none is known of one that is zero.
	Hours []Drivers
	// Before is what was known of the hour under way before it began; zero when nothing was.
	Before Drivers
}

// Seen is the week after one more look at what is carried.
func (w Week) Seen(d Drivers, now time.Time) Week {
	i := hourOfWeek(now)
	next := Drivers{}
	switch again := now.Truncate(time.Hour).Equal(w.Last.Truncate(time.Hour)); {
	case len(w.Hours) == 0:
		w.Hours = make([]Drivers, hoursOfWeek)
	case again:
		next = w.Hours[i]
	default:
		w.Before = w.known(now)
	}
	next = next.most(d)
	if w.Last = now; w.Hours[i] == next {
		return w
	}
	w.Hours = slices.Clone(w.Hours)
	w.Hours[i] = next
	return w
}

// Empty tells whether nothing is known.
func (w Week) Empty() bool { return len(w.Hours) == 0 }

// Expected is what will be carried in half an hour, where another hour has come by then:
// as a week ago, and as the day before where nothing is known of that. It is zero where
// nothing is, and where less is carried than was known of the hour under way: what has
// shrunk since then is not expected back.
func (w Week) Expected(d Drivers, now time.Time) Drivers {
	then := now.Add(wakeAhead)
	if w.Empty() || then.Truncate(time.Hour).Equal(now.Truncate(time.Hour)) || d.shrunk(w.Before) {
		return Drivers{}
	}
	return w.known(then)
}

// known is what is known of an hour.
func (w Week) known(at time.Time) Drivers {
	if d := w.Hours[hourOfWeek(at)]; d != (Drivers{}) {
		return d
	}
	return w.Hours[hourOfWeek(at.Add(-24*time.Hour))]
}

// shrunkTo is the part of a count below which it is not what it was.
const shrunkTo = 0.75

// shrunk tells whether any count is well below what it was. Requests are a rate, which
// tells less.
func (d Drivers) shrunk(was Drivers) bool {
	for _, pair := range [][2]float64{{d.Nodes, was.Nodes}, {d.Pods, was.Pods}, {d.Objects, was.Objects}, {d.Bytes, was.Bytes}} {
		if pair[0] < shrunkTo*pair[1] {
			return true
		}
	}
	return false
}

func hourOfWeek(at time.Time) int {
	at = at.UTC()
	return hours*int(at.Weekday()) + at.Hour()
}

// most is the larger of each, and of o what is no number is left out.
func (d Drivers) most(o Drivers) Drivers {
	return Drivers{
		Nodes: max(d.Nodes, positive(o.Nodes)), Pods: max(d.Pods, positive(o.Pods)), Objects: max(d.Objects, positive(o.Objects)),
		Bytes: max(d.Bytes, positive(o.Bytes)), Requests: max(d.Requests, positive(o.Requests)),
	}
}

type keptWeek struct {
	Last time.Time `json:"last"`
	// Hours are the drivers of each hour, in the order of Drivers; null where nothing is known.
	Hours [][]float64 `json:"hours"`
}

// Save is the week as JSON.
func (w Week) Save() ([]byte, error) {
	k := keptWeek{Last: w.Last}
	for _, d := range w.Hours {
		var one []float64
		if d != (Drivers{}) {
			one = []float64{d.Nodes, d.Pods, d.Objects, d.Bytes, math.Round(100*d.Requests) / 100}
		}
		k.Hours = append(k.Hours, one)
	}
	raw, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("writing down the hours of a week: %w", err)
	}
	return raw, nil
}

// LoadWeek is a week that was saved. What no control plane carries is refused.
func LoadWeek(raw []byte) (w Week, err error) {
	var k keptWeek
	if err := json.Unmarshal(raw, &k); err != nil {
		return Week{}, fmt.Errorf("reading the hours of a week: %w", err)
	}
	if len(k.Hours) == 0 {
		return Week{}, nil
	}
	if len(k.Hours) != hoursOfWeek {
		return Week{}, fmt.Errorf("reading the hours of a week: there are %d", len(k.Hours))
	}
	w = Week{Last: k.Last, Hours: make([]Drivers, hoursOfWeek)}
	for i, one := range k.Hours {
		switch {
		case len(one) == 0:
			continue
		case len(one) != 5, slices.ContainsFunc(one, func(v float64) bool { return !(v >= 0 && v < most) }):
			return Week{}, fmt.Errorf("reading the hours of a week: hour %d is none that a control plane has", i)
		}
		w.Hours[i] = Drivers{Nodes: one[0], Pods: one[1], Objects: one[2], Bytes: one[3], Requests: one[4]}
	}
	return w, nil
}

// Outlook is what a control plane carries, what it will carry soon and in half an hour if
// what has grown goes on so, and what the clock lets expect by then, zero where that is
// nothing.
type Outlook struct{ Now, Soon, Grown, Expected Drivers }

// Look is the outlook from a load by its trend and its week.
func Look(d Drivers, t Trend, w Week, now time.Time) Outlook {
	return Outlook{Now: d, Soon: t.Soon(d, now), Grown: t.Grown(d), Expected: w.Expected(d, now)}
}
