// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import "time"

// Gathering is one minute as it goes by. Its zero value is none.
type Gathering struct {
	Minute Minute
	Seen   Seen
	// Around is what was going on in it: of each the first that was told.
	Around Circumstances
}

// Open tells whether a minute is being gathered.
func (g Gathering) Open() bool { return g.Minute > 0 }

// Turn begins the minute of a moment, where that is another. over is the account of the one
// before; nil where none was open, or the minute goes on. A clock that is set back begins
// the minute that it shows once more, and the ledger keeps the worse of the two.
func (g Gathering) Turn(now time.Time) (next Gathering, over *Account) {
	m := MinuteOf(now)
	if g.Open() && g.Minute == m {
		return g, nil
	}
	if g.Open() {
		a := g.account()
		over = &a
	}
	return Gathering{Minute: m}, over
}

// account is what the minute was.
func (g Gathering) account() Account {
	a := Account{Minute: g.Minute, Sums: g.Seen.Sums}
	if a.Letter, a.Why = g.Seen.Letter(); a.Letter.Bad() {
		a.Letter, a.Why = g.Around.Cause(a.Why)
	}
	return a
}

// Round adds what all vantage points together say of one round.
func (g Gathering) Round(v Verdict, why string) Gathering {
	switch v {
	case Up:
		g.Seen.Up++
	case Down:
		g.Seen.Down++
		g.Seen.Why = why
	case Blind:
	}
	return g
}

// Requests adds what became of requests since the last look.
func (g Gathering) Requests(s Sums) Gathering {
	g.Seen.Sums = g.Seen.Sums.plus(s)
	return g
}

// During adds what is going on. What began a minute is what it is put down to.
func (g Gathering) During(c Circumstances) Gathering {
	for _, one := range []struct {
		into *string
		is   string
	}{
		{&g.Around.Evenkeel, c.Evenkeel}, {&g.Around.Zone, c.Zone}, {&g.Around.Etcd, c.Etcd}, {&g.Around.Offender, c.Offender}, {&g.Around.Rollout, c.Rollout},
	} {
		if *one.into == "" {
			*one.into = one.is
		}
	}
	return g
}
