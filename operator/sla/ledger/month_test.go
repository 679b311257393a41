// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
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
