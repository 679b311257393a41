// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// aged is a ledger since a day of September, with ten bad minutes on the tenth of that month
// and three on the 28th, and nothing bad after that.
func aged(t *testing.T, p v1alpha1.ControlPlaneProfile, since int) v1alpha1.AvailabilityLedger {
	t.Helper()
	day := func(day int) sla.Minute { return sla.MinuteOf(time.Date(2026, 9, day, 0, 0, 0, 0, time.UTC)) }
	l := sla.Ledger{}.Enter(sla.Account{Minute: day(since), Letter: sla.Good})
	for _, bad := range []struct{ day, minutes int }{{10, 10}, {28, 3}} {
		for i := range bad.minutes {
			if at := day(bad.day) + sla.Minute(600+i); bad.day > since {
				l = l.Vouch(at - 1).Enter(sla.Account{Minute: at, Letter: sla.ByZone, Why: "zone c is gone"})
			}
		}
	}
	o := v1alpha1.AvailabilityLedger{ObjectMeta: p.ObjectMeta}
	ledger.Save(l.Vouch(sla.MinuteOf(now)-2), &o, "99.95", now)
	return o
}

// machineMonth is a report as a program reads it: what is not there is nil.
type machineMonth struct {
	BadMinutes, SeenMinutes, UnseenMinutes *int
	ByCause                                map[string]int `json:"badMinutesByCause"`
	Available, BudgetLeft, KeptFrom        string
	Kept                                   *struct{ BadMinutes, SeenMinutes, UnseenMinutes int }
	Notes                                  []string
	Outages                                []any
}

func readMonth(t *testing.T, text string) (m machineMonth) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return m
}

// A month of which days are no longer kept has no budget, no availability and no sums, in no
// form of its report: nobody can tell what the days that are gone were like.
func TestAMonthOfWhichDaysAreGone(t *testing.T) {
	const says = "September 2026: only its days from 2026-09-26 on are kept, as a ledger keeps 62"
	p, _, _ := acme()
	server := serve(t, config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{aged(t, p, 1)}}, nil))
	report := func(kind string) answer { return get(t, server, "/cp/tenant-acme/acme/report"+kind) }
	page := report("?month=2026-09").body
	if !strings.Contains(page, says) || !strings.Contains(page, "Of what is kept of it 3 minutes were bad and 0 were not seen") {
		t.Errorf("the page does not say what is gone:\n%s", page)
	}
	for _, lack := range []string{"Every minute was seen", "of the budget is left", "By bad minutes", "No outage"} {
		if strings.Contains(page, lack) {
			t.Errorf("the page says %q", lack)
		}
	}
	m := readMonth(t, report(".json?month=2026-09").body)
	if m.BadMinutes != nil || m.SeenMinutes != nil || m.UnseenMinutes != nil || m.ByCause != nil || m.Available != "–" || m.BudgetLeft != "–" {
		t.Errorf("a program is told of a whole month: %+v", m)
	}
	if m.KeptFrom != "2026-09-26T00:00:00Z" || m.Kept == nil || m.Kept.BadMinutes != 3 || m.Kept.SeenMinutes != 5*1440 || len(m.Outages) != 2 || len(m.Notes) != 1 || !strings.HasPrefix(m.Notes[0], says) {
		t.Errorf("a program is not told what is gone: %+v", m)
	}
	for table, want := range map[string]struct {
		rows int
		row  int
		is   string
	}{"days": {31, 25, "2026-09-25,not kept"}, "outages": {4, 3, "2026-09-01T00:00:00Z,not kept"}} {
		got := report(".csv?month=2026-09&table=" + table)
		rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
		if err != nil || len(rows) != want.rows || strings.Join(rows[want.row][:2], ",") != want.is {
			t.Errorf("%s: %v, %d rows:\n%s", table, err, len(rows), got.body)
		}
		if !strings.Contains(got.header.Get("X-Evenkeel-Note"), says) {
			t.Errorf("%s come without a note: %v", table, got.header)
		}
	}
}

// A month that is over is judged by what was promised in it, and this one by what is now.
func TestAMonthIsJudgedByItsOwnPromise(t *testing.T) {
	p, _, _ := acme()
	o := aged(t, p, 1)
	o.Promises = []v1alpha1.LedgerPromise{{Since: "2026-09-01", Target: "99.5"}, {Since: "2026-11-01", Target: "99.95"}}
	server := serve(t, config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{o}}, nil))
	for month, want := range map[string]string{"2026-10": "promised 99.5%", "2026-11": "promised 99.95%"} {
		if page := get(t, server, "/cp/tenant-acme/acme/report?month="+month).body; !strings.Contains(page, want) {
			t.Errorf("%s: the page lacks %q:\n%s", month, want, page)
		}
	}
}

// A month with more outages than a ledger tells of has not had fewer.
func TestOutagesThatAreNoLongerTold(t *testing.T) {
	const says = "October 2026: when 3 of the bad minutes were is no longer told in words: a ledger keeps the last 60 outages"
	p, _, _ := acme()
	october := sla.MinuteOf(time.Date(2026, 10, 3, 8, 0, 0, 0, time.UTC))
	l := sla.Ledger{}.Enter(sla.Account{Minute: october, Letter: sla.Good})
	for i := range sla.Minute(3) {
		l = l.Enter(sla.Account{Minute: october + 1 + i, Letter: sla.ByZone, Why: "zone c is gone"})
	}
	november := sla.MinuteOf(time.Date(2026, 11, 3, 8, 0, 0, 0, time.UTC))
	for i := range sla.Minute(sla.KeptOutages) {
		l = l.Vouch(november + 2*i - 1).Enter(sla.Account{Minute: november + 2*i, Letter: sla.ByEtcd, Why: "no leader"})
	}
	o := v1alpha1.AvailabilityLedger{ObjectMeta: p.ObjectMeta}
	ledger.Save(l.Vouch(sla.MinuteOf(now)-2), &o, "99.95", now)
	server := serve(t, config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{o}}, nil))
	report := func(kind string) answer { return get(t, server, "/cp/tenant-acme/acme/report"+kind) }
	if page := report("?month=2026-10").body; !strings.Contains(page, says) || strings.Contains(page, "No outage") || !strings.Contains(page, "3 of 22.3 minutes were bad") {
		t.Errorf("the page does not say what is missing:\n%s", page)
	}
	if m := readMonth(t, report(".json?month=2026-10").body); len(m.Notes) != 1 || !strings.HasPrefix(m.Notes[0], says) || len(m.Outages) != 0 || *m.BadMinutes != 3 {
		t.Errorf("a program is told %+v", m)
	}
	if got := report(".csv?month=2026-10&table=outages"); !strings.Contains(got.body, "2026-10-01T00:00:00Z,not kept,,"+says[:30]) {
		t.Errorf("a table is\n%s", got.body)
	}
	if m := readMonth(t, report(".json?month=2026-11").body); len(m.Notes) != 0 || len(m.Outages) != sla.KeptOutages {
		t.Errorf("of a month that is told whole: %v, %d outages", m.Notes, len(m.Outages))
	}
}

// A month that is gone altogether is not one of which nothing was ever known, and one before
// which nobody was asked to look, or that is kept whole, is told as it was.
func TestMonthsBesideOneThatIsGone(t *testing.T) {
	p, _, _ := acme()
	for name, c := range map[string]struct {
		since    int
		month    string
		wants    []string
		seen     int
		budget   string
		keptFrom string
	}{
		"gone altogether":    {1, "2026-08", []string{"August 2026: nothing of it is kept any more: a ledger keeps 62 days, and this one begins on 2026-09-26"}, 0, "–", "2026-09-26T00:00:00Z"},
		"kept whole":         {1, "2026-10", []string{"Every minute was seen", "No outage"}, 31 * 1440, "100%", ""},
		"begun in its midst": {27, "2026-09", []string{"Every minute was seen", "3 of 21.6 minutes were bad"}, 4 * 1440, "86%", ""},
		"before the first":   {27, "2026-08", []string{"Nothing is known of this month"}, 0, "–", ""},
	} {
		server := serve(t, config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{aged(t, p, c.since)}}, nil))
		page := get(t, server, "/cp/tenant-acme/acme/report?month="+c.month).body
		for _, want := range c.wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %q:\n%s", name, want, page)
			}
		}
		m := readMonth(t, get(t, server, "/cp/tenant-acme/acme/report.json?month="+c.month).body)
		if m.BudgetLeft != c.budget || m.KeptFrom != c.keptFrom || (m.SeenMinutes == nil) != (c.keptFrom != "") || m.SeenMinutes != nil && *m.SeenMinutes != c.seen {
			t.Errorf("%s: a program is told %+v", name, m)
		}
	}
}
