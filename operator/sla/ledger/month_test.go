// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// A month begins with what was first asked for. It ends with what was last written down where
// that may still be all there is, and goes on to now where somebody should have written.
func TestWhatOfAMonthIsToBeKnown(t *testing.T) {
	at := func(text string) time.Time {
		at, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	from, through := sla.MinuteOf(at("2026-11-10 08:00:00")), sla.MinuteOf(at("2026-11-26 13:00:00"))
	l := sla.Ledger{}.Enter(sla.Account{Minute: from, Letter: sla.Good}).Vouch(through)
	for name, c := range map[string]struct {
		ledger     sla.Ledger
		of, now    string
		begin, end string
		uncounted  bool
	}{
		"just written":            {l, "2026-11-01 00:00:00", "2026-11-26 13:02:30", "2026-11-10 08:00:00", "2026-11-26 13:01:00", false},
		"as late as it may be":    {l, "2026-11-01 00:00:00", "2026-11-26 14:05:59", "2026-11-10 08:00:00", "2026-11-26 13:01:00", false},
		"later":                   {l, "2026-11-01 00:00:00", "2026-11-26 14:06:00", "2026-11-10 08:00:00", "2026-11-26 14:06:00", true},
		"three days later":        {l, "2026-11-01 00:00:00", "2026-11-29 13:00:00", "2026-11-10 08:00:00", "2026-11-29 13:00:00", true},
		"the next month":          {l, "2026-12-01 00:00:00", "2026-12-01 00:30:00", "2026-12-01 00:00:00", "2026-12-01 00:30:00", true},
		"the month before":        {l, "2026-10-31 23:59:59", "2026-11-26 13:02:30", "2026-11-01 00:00:00", "2026-11-01 00:00:00", false},
		"a month that is to come": {l, "2027-01-01 00:00:00", "2026-11-26 13:02:30", "2027-01-01 00:00:00", "2027-01-01 00:00:00", false},
		"nothing is kept":         {sla.Ledger{}, "2026-11-01 00:00:00", "2026-11-26 13:02:30", "2026-11-26 13:02:00", "2026-11-26 13:02:00", false},
	} {
		m := ledger.MonthOf(c.ledger, at(c.of), at(c.now))
		if got := m.Begin.Time(); !got.Equal(at(c.begin)) {
			t.Errorf("%s: it begins at %s, not %s", name, got, c.begin)
		}
		if got := m.End.Time(); !got.Equal(at(c.end)) || m.Uncounted != c.uncounted {
			t.Errorf("%s: it ends at %s, not %s; nobody has counted: %v", name, got, c.end, m.Uncounted)
		}
	}
}

// A month of which days were dropped is not one in which nobody was asked to look: it begins
// with what is kept, seen or not, and says so.
func TestAMonthThatIsNoLongerKept(t *testing.T) {
	now := time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC)
	kept := time.Date(2026, 9, 26, 0, 0, 0, 0, time.UTC)
	// Somebody looked in August, and nobody from then until October.
	l := sla.Ledger{}.Enter(sla.Account{Minute: sla.MinuteOf(kept.AddDate(0, -1, 0)), Letter: sla.Good})
	l = l.Enter(sla.Account{Minute: sla.MinuteOf(kept.AddDate(0, 0, 10)), Letter: sla.Good}).Vouch(sla.MinuteOf(now) - 1)
	for name, c := range map[string]struct {
		of          time.Time
		begin, from time.Time
		gone        string
	}{
		"of which days are kept": {kept, kept, kept, "only its days from 2026-09-26 on are kept, as a ledger keeps 62"},
		"of which none are":      {kept.AddDate(0, -1, 0), time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), kept, "nothing of it is kept any more: a ledger keeps 62 days, and this one begins on 2026-09-26"},
		"that is kept":           {kept.AddDate(0, 1, 0), time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), time.Unix(0, 0), ""},
	} {
		m := ledger.MonthOf(l, c.of, now)
		if !m.Begin.Time().Equal(c.begin) || !m.KeptFrom.Time().Equal(c.from) {
			t.Errorf("a month %s begins at %s, and is kept from %s on", name, m.Begin.Time(), m.KeptFrom.Time())
		}
		if got := m.Gone(); !strings.HasPrefix(got, c.gone) || (got == "") != (c.gone == "") {
			t.Errorf("a month %s says %q, not %q", name, got, c.gone)
		}
	}
}
