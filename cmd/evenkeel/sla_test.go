// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// What is printed of a month: the budget, the three definitions, and every outage with its
// cause, in words that nobody can make the terminal's.
func TestPrintSLA(t *testing.T) {
	now := time.Date(2026, 11, 26, 14, 5, 0, 0, time.UTC)
	cpp := &v1alpha1.ControlPlaneProfile{ObjectMeta: metav1.ObjectMeta{Namespace: "tenant-acme", Name: "acme"}}
	cpp.Spec.Availability.Zones = 3
	cpp.Status.SLA = &v1alpha1.SLAStatus{DownSince: &metav1.Time{Time: now.Add(-30 * time.Second)}, Message: "the balancer: no answer\x1b[31m"}
	kept := &v1alpha1.AvailabilityLedger{
		ObjectMeta: cpp.ObjectMeta, Saved: &metav1.Time{Time: now.Add(-time.Minute)},
		Days: []v1alpha1.LedgerDay{
			{Date: "2026-11-25", Minutes: "g840 O3 g585 u12", Requests: 10000, Failed: 100, Shed: 20, Slow: 5, WaitedSeconds: 11},
			{Date: "2026-11-26", Minutes: "g580 Z5 g259"},
		},
		Outages: []v1alpha1.LedgerOutage{
			{From: metav1.Time{Time: time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)}, Minutes: 3, Cause: "Offender", Why: "agent held 58 of 60 seats"},
			{From: metav1.Time{Time: time.Date(2026, 11, 26, 9, 40, 0, 0, time.UTC)}, Minutes: 5, Cause: "Zone", Why: "node-c of zone c: not ready"},
		},
	}
	var b strings.Builder
	if err := printSLA(&b, cpp, kept, now, now); err != nil {
		t.Fatal(err)
	}
	want := `tenant-acme/acme, November 2026, class 99.95: 8 of 21.6 minutes of budget used, 62% left; 12 minutes not seen
written down until 11-26 14:04 UTC; minutes since were good, or are not written yet
DOWN since 11-26 14:04:30 UTC: the balancer: no answer[31m
availability  by bad minutes 99.647%   in runs of five 99.779%   by requests 99.000%
of 10000 requests 1.000% failed, 0.200% were shed, 0.050% were slow; 1.10 s waited in queues per 1,000
11-26 09:40    5 min  Zone      node-c of zone c: not ready
11-25 14:00    3 min  Offender  agent held 58 of 60 seats
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Reset()
	kept.Days[0].Minutes = "nonsense"
	if err := printSLA(&b, cpp, kept, now, now); err != nil || !strings.Contains(b.String(), "what cannot be read counts as not seen") || !strings.Contains(b.String(), "5 of 21.6 minutes") {
		t.Errorf("with a day that is spoilt: %v, %s", err, b.String())
	}
	b.Reset()
	kept.Summary = &v1alpha1.LedgerSummary{Target: "99.9"}
	if err := printSLA(&b, &v1alpha1.ControlPlaneProfile{}, kept, now, now); err != nil || !strings.Contains(b.String(), "class 99.9: 5 of 43.2 minutes") {
		t.Errorf("without its profile: %v, %s", err, b.String())
	}
	b.Reset()
	if err := printSLA(&b, cpp, &v1alpha1.AvailabilityLedger{ObjectMeta: cpp.ObjectMeta}, now, now); err != nil || b.String() != "tenant-acme/acme: nothing is known of November 2026\n" {
		t.Errorf("without minutes: %v, %s", err, b.String())
	}
}

// What nobody has written down is good for as long as a ledger may be late, and unseen after
// that: an operator that is dead hides no minutes.
func TestPrintSLAOfAnOperatorThatIsDead(t *testing.T) {
	cpp := &v1alpha1.ControlPlaneProfile{ObjectMeta: metav1.ObjectMeta{Namespace: "tenant-acme", Name: "acme"}}
	cpp.Spec.Availability.Zones = 3
	written := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	kept := &v1alpha1.AvailabilityLedger{
		ObjectMeta: cpp.ObjectMeta, Saved: &metav1.Time{Time: written},
		Days: []v1alpha1.LedgerDay{{Date: "2026-11-22", Minutes: "g1440"}, {Date: "2026-11-23", Minutes: "g840"}},
	}
	november, december := written, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		of, now time.Time
		wants   []string
	}{
		"not written yet":         {november, written.Add(64 * time.Minute), []string{"100% left; 0 minutes not seen", "until 11-23 14:00 UTC; minutes since were good, or are not written yet"}},
		"late":                    {november, written.Add(65 * time.Minute), []string{"; 65 minutes not seen", "until 11-23 14:00 UTC, and nobody has counted since"}},
		"dead for three days":     {november, written.Add(72 * time.Hour), []string{"; 4320 minutes not seen"}},
		"when the month is over":  {november, december.Add(time.Hour), []string{"; 10680 minutes not seen", "nobody has counted since"}},
		"a month that nobody saw": {december, december.Add(time.Hour), []string{"nothing is known of December 2026", "until 11-23 14:00 UTC, and nobody has counted since"}},
	} {
		var b strings.Builder
		if err := printSLA(&b, cpp, kept, c.of, c.now); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.wants {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: without %q:\n%s", name, want, b.String())
			}
		}
	}
}

// Of a month that is not kept whole only what is kept is told: the ten bad minutes of its
// tenth day are gone, and so is what was left of its budget.
func TestPrintSLAOfAMonthThatIsNotKept(t *testing.T) {
	cpp := &v1alpha1.ControlPlaneProfile{ObjectMeta: metav1.ObjectMeta{Namespace: "tenant-acme", Name: "acme"}}
	now := time.Date(2026, 11, 26, 14, 4, 0, 0, time.UTC)
	day := func(month time.Month, day int) sla.Minute {
		return sla.MinuteOf(time.Date(2026, month, day, 9, 0, 0, 0, time.UTC))
	}
	l := sla.Ledger{}.Enter(sla.Account{Minute: day(9, 1), Letter: sla.Good}).Vouch(day(9, 10) - 1)
	for i := range sla.Minute(10) {
		l = l.Enter(sla.Account{Minute: day(9, 10) + i, Letter: sla.ByZone, Why: "zone c is gone"})
	}
	l = l.Vouch(day(9, 28) - 1).Enter(sla.Account{Minute: day(9, 28), Letter: sla.ByEtcd, Why: "no leader", Sums: sla.Sums{Requests: 1000, Failed: 10}}).Vouch(sla.MinuteOf(now) - 1)
	kept := &v1alpha1.AvailabilityLedger{ObjectMeta: cpp.ObjectMeta}
	ledger.Save(l, kept, "99.95", now)
	kept.Promises = []v1alpha1.LedgerPromise{{Since: "2026-09-01", Target: "99.9"}, {Since: "2026-11-01", Target: "99.95"}}
	for month, want := range map[time.Month]string{
		time.September: `tenant-acme/acme, September 2026: only its days from 2026-09-26 on are kept, as a ledger keeps 62: budget, availability and sums of the whole month cannot be told any more
in what is kept  1 bad minutes; 0 minutes not seen
of 1000 requests 1.000% failed, 0.000% were shed, 0.000% were slow; 0.00 s waited in queues per 1,000
09-28 09:00    1 min  Etcd      no leader
09-10 09:00   10 min  Zone      zone c is gone
`,
		time.August: "tenant-acme/acme, August 2026: nothing of it is kept any more: a ledger keeps 62 days, and this one begins on 2026-09-26\n",
		time.October: `tenant-acme/acme, October 2026, class 99.9: 0 of 44.6 minutes of budget used, 100% left; 0 minutes not seen
availability  by bad minutes 100.000%   in runs of five 100.000%   by requests not asked
`,
	} {
		var b strings.Builder
		if err := printSLA(&b, cpp, kept, time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC), now); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", month, diff)
		}
	}
}
