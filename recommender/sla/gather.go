// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"cmp"
	"slices"
	"time"
)

const (
	// spoken is for how long after a round, and before one, what it said is taken to hold
	// where the next or the one before is further away: half the time between two rounds
	// that are as far apart as rounds may be late.
	spoken = 15 * time.Second
	// late is how long a minute that is over waits for the round after it: for as long as a
	// round may take to be settled, and the time between two of them.
	late = 50 * time.Second
	// passing is for how long a minute that is over waits for what a pass of the operator has
	// still to tell of it: a pass tells at its end of the moment at which it looked.
	passing = 16 * time.Second
	// aftermath is how long after an outage an offender that is told of is none of its cause, but
	// one of all who come back at once. Whoever is jailed to end it is told of before its end, or
	// after it by what the time between two glances is told by its middle.
	aftermath = 2 * time.Second
)

// Gathering is the minutes that go by: rounds of probes, requests and circumstances are told
// to it, and it tells of every minute that is over what it was. Its zero value is none. It
// is a value: what it was handed stays as it is.
//
// Between two rounds the time is divided in the middle: the one speaks for the time until
// there, the other from there on. An outage is thereby known to half the time between two
// rounds at either end, however rounds fall into minutes.
type Gathering struct {
	// At is when the last round was, Verdict and Why what it said.
	At      time.Time
	Verdict Verdict
	Why     string
	// open are the minutes that are not over, in their order; there are two at the most.
	open []opened
	// closed is the last one that was told of as over.
	closed Minute
}

// opened is one minute as it goes by.
type opened struct {
	Minute Minute
	Seen   Seen
	// Around is what was going on in it: of each the first that was told.
	Around Circumstances
	// downUntil is up to when it was down, and accused when an offender was first told of.
	downUntil, accused time.Time
}

// Open are the minutes that are not over.
func (g Gathering) Open() (all []Minute) {
	for _, o := range g.open {
		all = append(all, o.Minute)
	}
	return all
}

// Round adds what all vantage points together say at a time.
func (g Gathering) Round(at time.Time, v Verdict, why string) Gathering {
	at = at.Round(0) // minutes are those of the clock on the wall, also where that has been set
	g.open = slices.Clone(g.open)
	switch gap := at.Sub(g.At); {
	case g.At.IsZero() || gap <= 0: // the first, or the clock was set back
		g.span(at, at, v, why)
	case gap <= 2*spoken:
		middle := g.At.Add(gap / 2)
		g.span(g.At, middle, g.Verdict, g.Why)
		g.span(middle, at, v, why)
	default:
		g.span(g.At, g.At.Add(spoken), g.Verdict, g.Why)
		g.span(at.Add(-spoken), at, v, why)
	}
	g.At, g.Verdict, g.Why = at, v, why
	return g
}

// span adds time of which the same is known, to the minutes that it is of.
func (g *Gathering) span(from, to time.Time, v Verdict, why string) {
	for m := MinuteOf(from); ; m++ {
		begin, end := m.Time(), (m + 1).Time()
		lasted := minTime(to, end).Sub(maxTime(from, begin)).Seconds()
		o := g.at(m)
		switch v {
		case Up:
			o.Seen.Up += lasted
		case Down:
			o.Seen.Down += lasted
			o.Seen.Why = why
			o.downUntil = maxTime(o.downUntil, minTime(to, end))
		case Blind:
		}
		if !to.After(end) {
			return
		}
	}
}

// at is the minute, which is opened where it is not. A minute is opened again by a clock
// that was set back: the ledger keeps the worse of the two.
func (g *Gathering) at(m Minute) *opened {
	i, is := slices.BinarySearchFunc(g.open, m, func(o opened, m Minute) int { return cmp.Compare(o.Minute, m) })
	if !is {
		g.open = slices.Insert(g.open, i, opened{Minute: m})
	}
	return &g.open[i]
}

// still is the minute that is told of a moment: its own or, where that has just been closed,
// the first after it. None is closed twice, with a part of what was in it each time.
func (g Gathering) still(now time.Time) Minute {
	if m := MinuteOf(now); m != g.closed && m+1 != g.closed {
		return m
	}
	return g.closed + 1
}

// Requests adds what became of requests since the last look.
func (g Gathering) Requests(now time.Time, s Sums) Gathering {
	g.open = slices.Clone(g.open)
	o := g.at(g.still(now))
	o.Seen.Sums = o.Seen.Sums.Plus(s)
	return g
}

// During adds what is going on. What came first in a minute is what it is put down to.
func (g Gathering) During(now time.Time, c Circumstances) Gathering {
	g.open = slices.Clone(g.open)
	o := g.at(g.still(now))
	if o.Around.Offender == "" && c.Offender != "" {
		o.accused = now
	}
	o.Around.first(c)
	return g
}

// Turn tells of the minutes that are over: those of which the rounds have told all, and
// those that have waited long enough for the next one. Of what is later than until nothing
// is told yet, as rounds wait there to be settled. A minute that lies ahead of now, as a
// clock that was set back leaves it, is over as well.
func (g Gathering) Turn(now, until time.Time) (Gathering, []Account) {
	now, until = now.Round(0), until.Round(0)
	var over []Account
	kept := make([]opened, 0, len(g.open))
	for _, o := range g.open {
		end := (o.Minute + 1).Time()
		since := until.Sub(end)
		switch {
		case since >= passing && !g.At.Before(end), since >= late:
			g.closed = o.Minute
			over = append(over, o.account())
			continue
		case o.Minute > MinuteOf(now):
			over = append(over, o.account())
			continue
		}
		kept = append(kept, o)
	}
	g.open = kept
	return g, over
}

// account is what the minute was.
func (o opened) account() Account {
	a := Account{Minute: o.Minute, Sums: o.Seen.Sums}
	if a.Letter, a.Why = o.Seen.Letter(); a.Letter.Bad() {
		around := o.Around
		if o.Seen.down() && o.accused.Sub(o.downUntil) > aftermath {
			around.Offender = ""
		}
		a.Letter, a.Why = around.Cause(a.Why)
	}
	return a
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func maxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
