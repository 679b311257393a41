// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"cmp"
	"slices"
	"time"
)

// KeptDays is how many days a ledger keeps: the month before this one, whole.
const KeptDays = 62

const (
	// KeptOutages is how many outages it tells in words; the minutes of those before them
	// are kept all the same.
	KeptOutages = 60
	// farAhead is how far after its last minute a ledger believes a new one, in minutes. A
	// clock that is wrong by more would push everything that is kept out.
	farAhead = KeptDays * minutesADay
)

// Minute is a minute of UTC, counted from 1970.
type Minute int64

// MinuteOf is the minute of a moment.
func MinuteOf(t time.Time) Minute { return Minute(t.Unix() / 60) }

// Time is when the minute began.
func (m Minute) Time() time.Time { return time.Unix(int64(m)*60, 0).UTC() }

// day is the day of a minute, counted from 1970, and its place in it.
func (m Minute) day() (day, place int) { return int(m / minutesADay), int(m % minutesADay) }

// Sums are what became of requests, and what is left of a day of them.
type Sums struct {
	// Requests are all that were answered; of these Failed with a 5xx or not at all, Shed
	// with 429, and Slow later than their objective.
	Requests, Failed, Shed, Slow float64
	// Waited is how long they were in queues altogether, in seconds.
	Waited float64
}

// Plus is both together.
func (s Sums) Plus(o Sums) Sums {
	return Sums{Requests: s.Requests + o.Requests, Failed: s.Failed + o.Failed, Shed: s.Shed + o.Shed, Slow: s.Slow + o.Slow, Waited: s.Waited + o.Waited}
}

// Day is one day of UTC.
type Day struct {
	// Day is counted from 1970.
	Day  int
	Runs Runs
	Sums Sums
}

// Outage is bad minutes after each other that are put down to the same.
type Outage struct {
	From    Minute
	Minutes int
	Cause   Letter
	// Why is the evidence, as a sentence.
	Why string
}

// Ledger is what is known of the minutes of a control plane, in the order of time.
type Ledger struct {
	Days    []Day
	Outages []Outage
}

// Account is what is known of one minute, to be entered.
type Account struct {
	Minute Minute
	Letter Letter
	// Why is why it is put down to its cause; of bad minutes only.
	Why  string
	Sums Sums
}

// Through is the last minute of which there is an account; false without any.
func (l Ledger) Through() (Minute, bool) {
	if len(l.Days) == 0 {
		return 0, false
	}
	last := l.Days[len(l.Days)-1]
	return Minute(last.Day*minutesADay + last.Runs.Len() - 1), true
}

// Last is the letter of the last minute of which there is an account; Unseen without any.
func (l Ledger) Last() Letter {
	if len(l.Days) == 0 {
		return Unseen
	}
	if runs := l.Days[len(l.Days)-1].Runs; len(runs) > 0 {
		return runs[len(runs)-1].Letter
	}
	return Unseen
}

// First is the first minute of which there is an account; false without any.
func (l Ledger) First() (Minute, bool) {
	for _, d := range l.Days {
		at := Minute(d.Day * minutesADay)
		for _, r := range d.Runs {
			if r.Letter.Seen() {
				return at, true
			}
			at += Minute(r.Minutes)
		}
	}
	return 0, false
}

// KeptFrom is the first minute that a ledger of full length keeps. What was before it is no
// longer known, and neither is whether anybody was asked to look. It is false of a shorter
// ledger, which has dropped nothing: before its first account nobody was.
func (l Ledger) KeptFrom() (Minute, bool) {
	if len(l.Days) < KeptDays {
		return 0, false
	}
	return Minute(l.Days[0].Day * minutesADay), true
}

// BadMinutes are the accounts of those that were bad, with the evidence that is told.
func (l Ledger) BadMinutes() []Account { return l.accounts(0, Letter.Bad) }

// SeenMinutes are the accounts of all from one on that are known, with the evidence that is told.
// Sums are of days, and not in them.
func (l Ledger) SeenMinutes(from Minute) []Account { return l.accounts(from, Letter.Seen) }

func (l Ledger) accounts(from Minute, which func(Letter) bool) (all []Account) {
	for _, d := range l.Days {
		at := Minute(d.Day * minutesADay)
		for _, r := range d.Runs {
			end := at + Minute(r.Minutes)
			for m := max(at, from); m < end && which(r.Letter); m++ {
				all = append(all, Account{Minute: m, Letter: r.Letter, Why: l.why(m)})
			}
			at = end
		}
	}
	return all
}

// why is the evidence of the outage that a minute is of; empty where none is told.
func (l Ledger) why(m Minute) string {
	for _, o := range l.Outages {
		if m >= o.From && m < o.end() {
			return o.Why
		}
	}
	return ""
}

// Holds tells whether an account of a minute can be entered: it is neither older than what is
// kept, nor further ahead than all of it.
func (l Ledger) Holds(m Minute) bool {
	through, any := l.Through()
	day, _ := m.day()
	return m >= 0 && (!any || m <= through+farAhead && day >= l.Days[len(l.Days)-1].Day-KeptDays+1)
}

// Enter is the ledger with one more account. Minutes between the last one and this are
// unseen. Of a minute that has an account already the worse counts, and sums are added. An
// account that is older than what is kept, or further ahead than all of it, is passed
// over. l stays as it is.
func (l Ledger) Enter(a Account) Ledger {
	if !a.Letter.valid() || !l.Holds(a.Minute) {
		return l
	}
	day, place := a.Minute.day()
	out := Ledger{Days: slices.Clone(l.Days), Outages: l.Outages}
	out.fill(day)
	i, _ := slices.BinarySearchFunc(out.Days, day, func(d Day, day int) int { return cmp.Compare(d.Day, day) })
	out.Days[i].Runs = out.Days[i].Runs.set(place, a.Letter)
	out.Days[i].Sums = out.Days[i].Sums.Plus(a.Sums)
	if last := out.Days[len(out.Days)-1].Day; out.Days[0].Day < last-KeptDays+1 {
		out.Days = slices.DeleteFunc(out.Days, func(d Day) bool { return d.Day < last-KeptDays+1 })
	}
	if a.Letter.Bad() {
		out.Outages = tell(out.Outages, a)
	}
	return out
}

// fill makes the days up to this one, those between unseen, and those before the first.
func (l *Ledger) fill(day int) {
	if len(l.Days) == 0 {
		l.Days = []Day{{Day: day}}
		return
	}
	for first := l.Days[0].Day; first > day; first-- {
		l.Days = slices.Insert(l.Days, 0, Day{Day: first - 1, Runs: Runs{{Letter: Unseen, Minutes: minutesADay}}})
	}
	for last := l.Days[len(l.Days)-1].Day; last < day; last++ {
		d := &l.Days[len(l.Days)-1]
		d.Runs = slices.Clone(d.Runs).add(Unseen, minutesADay-d.Runs.Len())
		l.Days = append(l.Days, Day{Day: last + 1})
	}
}

// WithDay is the ledger with a day that was kept, after those that it has. Days between are
// unseen, and so is what a day before it lacks. A day that is not after the last is passed
// over.
func (l Ledger) WithDay(d Day) Ledger {
	if n := len(l.Days); n > 0 && (d.Day <= l.Days[n-1].Day || d.Day > l.Days[n-1].Day+KeptDays) {
		return l
	}
	out := Ledger{Days: slices.Clone(l.Days), Outages: l.Outages}
	out.fill(d.Day)
	out.Days[len(out.Days)-1] = d
	out.Days = out.Days[max(0, len(out.Days)-KeptDays):]
	return out
}

// Vouch is the ledger with the minutes after its last one, up to and with this, taken for
// good, or for unseen where that one is: who vouches had looked at them and would have entered
// what was not so.
func (l Ledger) Vouch(until Minute) Ledger {
	through, any := l.Through()
	if !any || until > through+farAhead {
		return l
	}
	like := Good
	if l.Last() == Unseen {
		like = Unseen
	}
	out := Ledger{Days: slices.Clone(l.Days), Outages: l.Outages}
	for m := through + 1; m <= until; {
		day, place := m.day()
		out.fill(day)
		n := min(int(until-m)+1, minutesADay-place)
		d := &out.Days[len(out.Days)-1]
		d.Runs = slices.Clone(d.Runs).add(like, n)
		m += Minute(n)
	}
	out.Days = out.Days[max(0, len(out.Days)-KeptDays):]
	return out
}

// tell is what is told of outages with one more bad minute.
func tell(outages []Outage, a Account) []Outage {
	told := func(o Outage) bool { return a.Minute >= o.From && a.Minute < o.end() }
	if slices.ContainsFunc(outages, told) {
		return outages
	}
	out := slices.Clone(outages)
	if i := slices.IndexFunc(out, func(o Outage) bool { return o.end() == a.Minute && o.Cause == a.Letter }); i >= 0 {
		out[i].Minutes++
		return out
	}
	out = append(out, Outage{From: a.Minute, Minutes: 1, Cause: a.Letter, Why: a.Why})
	slices.SortStableFunc(out, func(a, b Outage) int { return cmp.Compare(a.From, b.From) })
	return out[max(0, len(out)-KeptOutages):]
}

// end is the minute after the last.
func (o Outage) end() Minute { return o.From + Minute(o.Minutes) }
