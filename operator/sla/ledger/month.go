// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/recommender/sla"
)

// writtenWithin is after how many minutes a ledger's object knows of one at the latest, while
// somebody counts: it is written once an hour while all is good, and the last minutes before
// that go by.
const writtenWithin = sla.Minute(goodEvery/time.Minute) + 5

// Month is a calendar month as a ledger's object can tell of it.
type Month struct {
	// From is its first minute, and To the first of the next month.
	From, To sla.Minute
	// Begin and End are what of it the ledger is to know, up to and without End: from its
	// first account, as before that nobody was asked to look, or from what it still keeps.
	Begin, End sla.Minute
	// KeptFrom is the first minute that is still kept where that is not all of the month; 0
	// where none was dropped. The rest is not the month's, and its sums are not either.
	KeptFrom sla.Minute
	// Uncounted is whether minutes before End should have been written down and were not:
	// nobody has counted them, and they are unseen.
	Uncounted bool
}

// MonthOf is the month of a time, as far as it is over now.
func MonthOf(l sla.Ledger, of, now time.Time) Month {
	var m Month
	m.From, m.To = sla.Month(of)
	m.End = max(m.From, min(m.To, sla.MinuteOf(now)))
	first, any := l.First()
	through, _ := l.Through()
	if any && sla.MinuteOf(now)-through <= writtenWithin {
		// The minutes after the last one are neither unseen nor told yet.
		m.End = max(m.From, min(m.End, through+1))
	}
	m.Begin = m.End
	if kept, full := l.KeptFrom(); full {
		m.Begin = max(m.From, min(kept, m.End))
		if kept > m.From {
			m.KeptFrom = kept
		}
	} else if any {
		m.Begin = max(m.From, min(first, m.End))
	}
	m.Uncounted = any && m.From < m.End && through+1 < m.End
	return m
}

// Gone says what of a month is no longer kept; it is empty where all of it is.
func (m Month) Gone() string {
	since := m.KeptFrom.Time().Format(time.DateOnly)
	switch {
	case m.KeptFrom == 0:
		return ""
	case m.KeptFrom >= m.To:
		return fmt.Sprintf("nothing of it is kept any more: a ledger keeps %d days, and this one begins on %s", sla.KeptDays, since)
	default:
		return fmt.Sprintf("only its days from %s on are kept, as a ledger keeps %d: budget, availability and sums of the whole month cannot be told any more", since, sla.KeptDays)
	}
}

// Untold says of how many bad minutes of the month the ledger no longer tells in words, of all
// that it knows in it; it is empty where it tells of all.
func (m Month) Untold(l sla.Ledger, bad int) string {
	for _, o := range l.Outages {
		bad -= int(max(0, min(o.From+sla.Minute(o.Minutes), m.To)-max(o.From, m.From)))
	}
	if bad <= 0 {
		return ""
	}
	return fmt.Sprintf("when %d of the bad minutes were is no longer told in words: a ledger keeps the last %d outages", bad, sla.KeptOutages)
}
