// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"math"
	"time"
)

// inARun is how many bad minutes after each other are an outage by the stricter reading of
// the agreements of hosted Kubernetes: five.
const inARun = 5

// Totals are what is known of the minutes of a period.
type Totals struct {
	// Minutes are those of the period that are over, Seen those that are known, and Bad the
	// bad ones; InRuns are those bad ones that are in runs of five or more.
	Minutes, Seen, Bad, InRuns int
	// Slow and Shedding minutes were good, and did not serve everybody in time.
	Slow, Shedding int
	// By are the bad minutes by cause.
	By map[Letter]int
	// Sums are those of the days of the period.
	Sums Sums
}

// Totals adds up the minutes from one to another, without the latter. A run that begins
// before the period counts with what is within it.
func (l Ledger) Totals(from, to Minute) Totals {
	t := Totals{Minutes: max(0, int(to-from)), By: map[Letter]int{}}
	run, within := 0, 0 // of bad minutes up to here, and those of them in the period
	flush := func() {
		if run >= inARun {
			t.InRuns += within
		}
		run, within = 0, 0
	}
	for _, d := range l.Days {
		at := Minute(d.Day * minutesADay)
		if at+minutesADay > from && at < to {
			t.Sums = t.Sums.Plus(d.Sums)
		}
		for _, r := range d.Runs {
			n := int(max(0, min(at+Minute(r.Minutes), to)-max(at, from)))
			t.count(r.Letter, n)
			if r.Letter.Bad() {
				run, within = run+r.Minutes, within+n
			} else {
				flush()
			}
			at += Minute(r.Minutes)
		}
	}
	flush()
	return t
}

func (t *Totals) count(l Letter, n int) {
	if n == 0 {
		return
	}
	if l.Seen() {
		t.Seen += n
	}
	switch {
	case l.Bad():
		t.Bad += n
		t.By[l] += n
	case l == Slow:
		t.Slow += n
	case l == Shedding:
		t.Shedding += n
	}
}

// Unseen are the minutes of which nothing is known.
func (t Totals) Unseen() int { return t.Minutes - t.Seen }

// Availability by its three definitions, each from 0 to 1, over what is known; false
// without anything that is.
type Availability struct {
	// Minutes is by bad minutes, Runs by those in runs of five or more, and Requests by
	// requests that failed.
	Minutes, Runs, Requests float64
	// Known tells whether the first two are, and Asked whether the third is.
	Known, Asked bool
}

// Availability is what was kept.
func (t Totals) Availability() (a Availability) {
	if t.Seen > 0 {
		a.Known = true
		a.Minutes = 1 - float64(t.Bad)/float64(t.Seen)
		a.Runs = 1 - float64(t.InRuns)/float64(t.Seen)
	}
	if t.Sums.Requests > 0 {
		a.Asked = true
		a.Requests = 1 - min(1, t.Sums.Failed/t.Sums.Requests)
	}
	return a
}

// Budget is what a target leaves of a period, in minutes.
type Budget struct {
	// Allowed is how long may be bad of the whole period, Used how long was, and Unseen how
	// long nobody looked.
	Allowed float64
	Used    int
	Unseen  int
}

// BudgetOf is the budget of a period of so many minutes, of which t is what is over, for a
// target from 0 to 1.
func BudgetOf(t Totals, target float64, period int) Budget {
	return Budget{Allowed: (1 - min(1, max(0, target))) * float64(period), Used: t.Bad, Unseen: t.Unseen()}
}

// Left is how much of the budget is left, from 1 to below 0 where more was bad than is
// allowed: (A - T) / (1 - T) of the whole period. A target of 1 leaves none: then it is 1
// until the first bad minute and 0 after it.
func (b Budget) Left() float64 { return b.left(b.Used) }

// Worst is Left if all that nobody saw was bad.
func (b Budget) Worst() float64 { return b.left(b.Used + b.Unseen) }

func (b Budget) left(used int) float64 {
	switch {
	case b.Allowed > 0:
		return 1 - float64(used)/b.Allowed
	case used == 0:
		return 1
	default:
		return 0
	}
}

// Percent is an availability for people, from 0 to 1: cut and not rounded, as 99.95 %
// that were not reached are not 99.95 %.
func Percent(a float64) string {
	const parts = 1000 // of a percent
	return fmt.Sprintf("%.3f%%", math.Floor(100*parts*min(1, max(0, a))+1e-6)/parts)
}

// Month is the calendar month of UTC that a moment is in: its first minute, and the first
// of the next.
func Month(t time.Time) (from, to Minute) {
	t = t.UTC()
	first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	return MinuteOf(first), MinuteOf(first.AddDate(0, 1, 0))
}

// ThirtyDays are the thirty days before a moment.
func ThirtyDays(t time.Time) (from, to Minute) {
	to = MinuteOf(t)
	return to - 30*minutesADay, to
}
