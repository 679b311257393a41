// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla_test

import (
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/sla"
)

func at(text string) time.Time {
	t, err := time.Parse(time.DateTime, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestALedgerCanBeRead(t *testing.T) {
	var l sla.Ledger
	day := sla.MinuteOf(at("2026-11-26 00:00:00"))
	l = l.Enter(sla.Account{Minute: day + 540, Letter: sla.Good}).Vouch(day + 839)
	for m := range sla.Minute(3) {
		l = l.Enter(sla.Account{Minute: day + 840 + m, Letter: sla.ByOffender, Why: "agent lists pods"})
	}
	l = l.Enter(sla.Account{Minute: day + 850, Letter: sla.Good})
	if got, want := l.Days[0].Runs.String(), "u540 g300 O3 u7 g1"; got != want {
		t.Errorf("the day reads %q, not %q", got, want)
	}
	if len(l.Outages) != 1 || l.Outages[0].Minutes != 3 || l.Outages[0].Cause.String() != "Offender" || l.Outages[0].Why != "agent lists pods" {
		t.Errorf("outages: %+v", l.Outages)
	}
}

func TestALedgerIsBounded(t *testing.T) {
	var l sla.Ledger
	day := sla.MinuteOf(at("2026-09-01 00:00:00"))
	for m := range sla.Minute(100 * 1440) {
		letter := sla.Good
		if m%2 == 0 {
			letter = sla.ByEtcd
		}
		if m%7 == 0 {
			continue // every minute is another run
		}
		l = l.Enter(sla.Account{Minute: day + m, Letter: letter, Why: "etcd has no leader"})
	}
	size := 0
	for _, d := range l.Days {
		size += len(d.Runs.String())
	}
	if len(l.Days) != 62 || len(l.Outages) != 60 || size > 300<<10 {
		t.Errorf("%d days, %d outages, %d bytes", len(l.Days), len(l.Outages), size)
	}
	if wrong := l.Enter(sla.Account{Minute: day + 1000*1440, Letter: sla.Good}); len(wrong.Days) != 62 || wrong.Days[0].Day != l.Days[0].Day {
		t.Error("a clock that is wrong by years has pushed everything out")
	}
}

// A ledger that is shorter than it may be has dropped nothing; a longer one would not be told
// from one that was asked to look for the first time on its first day.
func TestWhatALedgerNoLongerKeeps(t *testing.T) {
	first := sla.MinuteOf(at("2026-09-26 08:00:00"))
	young := sla.Ledger{}.Enter(sla.Account{Minute: first, Letter: sla.Good}).Vouch(sla.MinuteOf(at("2026-11-25 23:59:00")))
	if _, full := young.KeptFrom(); full || len(young.Days) != sla.KeptDays-1 {
		t.Errorf("of %d days some are said to be dropped", len(young.Days))
	}
	for until, want := range map[string]string{"2026-11-26 00:00:00": "2026-09-26 00:00:00", "2026-11-27 12:00:00": "2026-09-27 00:00:00"} {
		if from, full := young.Vouch(sla.MinuteOf(at(until))).KeptFrom(); !full || !from.Time().Equal(at(want)) {
			t.Errorf("at %s it keeps what is from %s on, not %s", until, from.Time(), want)
		}
	}
}

func TestRunsOfFiveAcrossMidnight(t *testing.T) {
	var l sla.Ledger
	from := sla.MinuteOf(at("2026-11-25 23:57:00"))
	for m := range sla.Minute(6) {
		l = l.Enter(sla.Account{Minute: from + m, Letter: sla.ByZone})
	}
	month, next := sla.Month(at("2026-11-26 00:10:00"))
	if got := l.Totals(month, next); got.Bad != 6 || got.InRuns != 6 {
		t.Errorf("%+v", got)
	}
	today := from + 3
	if got := l.Totals(today, today+1440); got.Bad != 3 || got.InRuns != 3 {
		t.Errorf("the part of a run that is in the period: %+v", got)
	}
}

func TestBudget(t *testing.T) {
	tests := []struct {
		name        string
		bad, unseen int
		target      float64
		allowed     string
		left, worst float64
	}{
		{"untouched", 0, 0, 0.9995, "21.6", 1, 1},
		{"half of it", 108, 0, 0.995, "216.0", 0.5, 0.5},
		{"all and half as much again", 324, 0, 0.995, "216.0", -0.5, -0.5},
		{"minutes that nobody saw", 108, 54, 0.995, "216.0", 0.5, 0.25},
		{"nothing is allowed", 0, 0, 1, "0.0", 1, 1},
		{"nothing is allowed, and one was bad", 1, 0, 1, "0.0", 0, 0},
		{"more than all is asked", 0, 0, 1.5, "0.0", 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := sla.BudgetOf(sla.Totals{Minutes: 30 * 1440, Seen: 30*1440 - tt.unseen, Bad: tt.bad}, tt.target, 30*1440)
			if b.Allowed < 0 || !near(b.Left(), tt.left) || !near(b.Worst(), tt.worst) {
				t.Errorf("%+v: left %v, at the worst %v", b, b.Left(), b.Worst())
			}
			if got := strings.TrimSpace(trim(b.Allowed)); got != tt.allowed {
				t.Errorf("allowed %s, not %s", got, tt.allowed)
			}
		})
	}
}

func TestAvailability(t *testing.T) {
	if a := (sla.Totals{Minutes: 100}).Availability(); a.Known || a.Asked {
		t.Errorf("nothing was seen, and it is known: %+v", a)
	}
	a := sla.Totals{Minutes: 300, Seen: 200, Bad: 10, InRuns: 6, Sums: sla.Sums{Requests: 1000, Failed: 5, Shed: 300}}.Availability()
	if !a.Known || !a.Asked || !near(a.Minutes, 0.95) || !near(a.Runs, 0.97) || !near(a.Requests, 0.995) {
		t.Errorf("%+v", a)
	}
}

func FuzzParseRuns(f *testing.F) {
	for _, text := range []string{"", "g1440", "u540 g300 O3 u7 g1", "g1441", "q3", "g-1", "g1 g", "g99999999999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := sla.ParseRuns(text)
		if err != nil {
			return
		}
		again, err := sla.ParseRuns(r.String())
		if err != nil || again.String() != r.String() || r.Len() > 1440 {
			t.Errorf("%q is read as %q and then as %q (%v)", text, r, again, err)
		}
	})
}
