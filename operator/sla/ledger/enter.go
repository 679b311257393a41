// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/sla"
)

// mostAccounts is how many minutes are kept one by one by a replica that has not read the
// ledger: those that a leader may not have written down before it died. Those before them
// are kept as a ledger of its own.
const mostAccounts = 180

// enter enters the account of a minute that is over.
func (b *Book) enter(a sla.Account) {
	if !b.recalled {
		b.accounts = append(b.accounts, a)
		for len(b.accounts) > mostAccounts {
			b.older = b.older.Enter(sla.Account{Minute: b.accounts[0].Minute, Letter: b.accounts[0].Letter, Why: b.accounts[0].Why})
			b.accounts = b.accounts[1:]
		}
		return
	}
	if a.Minute.Time().Before(b.created.Add(-clocksDiffer)) {
		return // the clock is far behind the truth
	}
	if through, any := b.ledger.Through(); any && a.Minute+sla.Minute(farBehind.Minutes()) < through {
		if a.Minute.Time().Before(b.wrote.Add(-clocksDiffer)) {
			return // it is this clock that is, and not what is kept that lies in the future
		}
		// A clock was far ahead when it was written.
		b.ledger = sla.Ledger{}
	}
	if !b.ledger.Holds(a.Minute) {
		return
	}
	news, is := b.news(a)
	b.ledger = b.ledger.Enter(a)
	if !is {
		return
	}
	if b.unsaved == 0 || news < b.oldest {
		b.oldest = news
	}
	b.unsaved++
}

// news is the first minute that an account tells something new of: something that is not what
// whoever leads next takes minutes for that are not written down, which is good or, after one
// that nobody saw, unseen.
func (b *Book) news(a sla.Account) (first sla.Minute, is bool) {
	through, any := b.ledger.Through()
	if !any || a.Minute <= through {
		return a.Minute, a.Letter != sla.Good
	}
	switch blind := b.ledger.Last() == sla.Unseen; {
	case blind && a.Letter == sla.Unseen:
		return a.Minute, false
	case blind:
		return a.Minute, true
	case a.Minute > through+1: // a gap is not good either
		return through + 1, true
	default:
		return a.Minute, a.Letter != sla.Good
	}
}

// farBehind is how far behind its last minute a ledger may be told of one: what it keeps.
const farBehind = sla.KeptDays * 24 * time.Hour

// clocksDiffer is how long before its object was made, or written, a ledger may be told of a
// minute that would have what is kept taken for the future, by clocks that do not agree: one that
// is further behind has been set wrongly.
const clocksDiffer = 24 * time.Hour

func (b *Book) countMinute(l sla.Letter) {
	if !b.recalled {
		return // whoever leads has counted it
	}
	count(&b.told.minutes, kindOf(l), 1)
	if l.Bad() {
		count(&b.told.causes, l, 1)
	}
}

// kindOf is the word for a minute in the series.
func kindOf(l sla.Letter) string {
	switch {
	case l.Bad():
		return "bad"
	case l == sla.Slow:
		return "slow"
	case l == sla.Shedding:
		return "shedding"
	case l == sla.Good:
		return "good"
	default:
		return "unseen"
	}
}
