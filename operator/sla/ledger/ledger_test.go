// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// What is written down comes back as it was.
func TestALedgerComesBack(t *testing.T) {
	letters := append([]sla.Letter{sla.Good, sla.Slow, sla.Shedding, sla.Unseen}, sla.Causes()...)
	rapid.Check(t, func(t *rapid.T) {
		var l sla.Ledger
		m := sla.MinuteOf(time.Date(2026, 11, 20, 13, 0, 0, 0, time.UTC))
		for range rapid.IntRange(1, 40).Draw(t, "accounts") {
			m += sla.Minute(rapid.IntRange(1, 900).Draw(t, "gap"))
			l = l.Enter(sla.Account{
				Minute: m, Letter: rapid.SampledFrom(letters).Draw(t, "letter"), Why: "no answer",
				Sums: sla.Sums{Requests: float64(rapid.IntRange(0, 1000).Draw(t, "requests")), Failed: 3, Shed: 2, Slow: 1, Waited: 7},
			})
		}
		var o v1alpha1.AvailabilityLedger
		ledger.Save(l, &o, "99.95", m.Time())
		back, err := ledger.Load(&o)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(l, back, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// A day that somebody has spoilt is unseen, and the others are as they were.
func TestASpoiltLedger(t *testing.T) {
	o := v1alpha1.AvailabilityLedger{Days: []v1alpha1.LedgerDay{
		{Date: "2026-11-20", Minutes: "g1440", Requests: -7},
		{Date: "yesterday", Minutes: "g1440"},
		{Date: "2026-11-21", Minutes: "g99999"},
		{Date: "2026-11-22", Minutes: "g10 O3"},
		{Date: "2026-11-20", Minutes: "X1440"},
		{Date: "2199-01-01", Minutes: "g1"},
	}}
	l, err := ledger.Load(&o)
	if err == nil || !strings.Contains(err.Error(), `"yesterday"`) || !strings.Contains(err.Error(), "2026-11-21") {
		t.Errorf("the error is %v", err)
	}
	var days []string
	for _, d := range l.Days {
		days = append(days, d.Runs.String())
	}
	if diff := cmp.Diff([]string{"g1440", "u1440", "g10 O3"}, days); diff != "" {
		t.Error(diff)
	}
	if l.Days[0].Sums.Requests != 0 {
		t.Errorf("fewer than no requests: %v", l.Days[0].Sums)
	}
}

// A day that is spoilt to lie long before all others costs none of them.
func TestADayWithAnEarlyDate(t *testing.T) {
	saved := metav1.NewTime(time.Date(2026, 11, 23, 0, 30, 0, 0, time.UTC))
	o := v1alpha1.AvailabilityLedger{Saved: &saved, Days: []v1alpha1.LedgerDay{
		{Date: "2025-11-21", Minutes: "g1440"}, {Date: "2026-09-22", Minutes: "g1440"}, {Date: "2026-11-22", Minutes: "g1437 O3"},
	}}
	l, err := ledger.Load(&o)
	if err == nil || !strings.Contains(err.Error(), "2025-11-21") {
		t.Errorf("the error is %v", err)
	}
	first, _ := l.First()
	if through, _ := l.Through(); len(l.Days) != sla.KeptDays || first.Time().Format(time.DateOnly) != "2026-09-22" || through.Time().Format(time.DateTime) != "2026-11-22 23:59:00" {
		t.Errorf("it has %d days, from %s through %s", len(l.Days), first.Time(), through.Time())
	}
}

// What was promised is kept with the day since when; a month is judged by the last of it.
func TestWhatWasPromised(t *testing.T) {
	at := func(text string) time.Time {
		at, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	var o v1alpha1.AvailabilityLedger
	var l sla.Ledger
	for _, one := range [][2]string{
		{"2026-10-05 08:00", "99.5"}, {"2026-10-05 09:00", "99.5"}, {"2026-11-20 10:00", "99.9"}, {"2026-11-30 22:00", "99.99"}, {"2026-11-30 22:30", "99.95"},
		{"2026-12-01 00:10", "99"}, {"2026-12-01 00:20", "99.95"},
	} {
		ledger.Save(l, &o, one[1], at(one[0]))
	}
	want := []v1alpha1.LedgerPromise{{Since: "2026-10-05", Target: "99.5"}, {Since: "2026-11-20", Target: "99.9"}, {Since: "2026-11-30", Target: "99.95"}}
	if diff := cmp.Diff(want, o.Promises); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	now := at("2026-12-15 00:00")
	for month, want := range map[string]string{"2026-09-01 00:00": "99.5", "2026-10-31 23:00": "99.5", "2026-11-01 00:00": "99.95", "2026-12-01 00:00": "", "2027-01-01 00:00": ""} {
		if got := ledger.Promises(o.Promises).Of(at(month), now); got != want {
			t.Errorf("%s is judged by %q, not %q", month, got, want)
		}
	}
	if got := (ledger.Promises)(nil).Of(at("2026-10-01 00:00"), now); got != "" {
		t.Errorf("where nothing is known it is judged by %q", got)
	}
	for day := range 100 { // whoever changes it every day has no object that grows
		ledger.Save(l, &o, strconv.Itoa(day), now.AddDate(0, 0, day))
	}
	if len(o.Promises) != 62 || o.Promises[61].Target != "99" {
		t.Errorf("%d promises are kept, the last is %v", len(o.Promises), o.Promises[len(o.Promises)-1])
	}
}

func TestTheSummary(t *testing.T) {
	var l sla.Ledger
	m := sla.MinuteOf(time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC))
	l = l.Enter(sla.Account{Minute: m, Letter: sla.Good}).Vouch(m + 989)
	for i := range sla.Minute(10) {
		l = l.Enter(sla.Account{Minute: m + 990 + i, Letter: sla.ByEtcd, Why: strings.Repeat("ö", 600)})
	}
	var o v1alpha1.AvailabilityLedger
	ledger.Save(l, &o, "99.95", (m + 1100).Time())
	want := v1alpha1.LedgerSummary{Month: "2026-11", Target: "99.95", Availability: "99.000%", BadMinutes: 10, UnseenMinutes: 100}
	if diff := cmp.Diff(&want, o.Summary); diff != "" {
		t.Error(diff)
	}
	if why := o.Outages[0].Why; len(why) > 512 || !strings.HasSuffix(why, "ö...") {
		t.Errorf("the evidence of %d bytes ends with %q", len(why), why[len(why)-8:])
	}
}
