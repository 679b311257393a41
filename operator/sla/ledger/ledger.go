// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// mostWhy is how long the evidence of an outage may be in the ledger's object, in bytes.
const mostWhy = 512

// Save writes a ledger into its object, with what is promised in percent, which is noted beside
// what was promised before.
func Save(l sla.Ledger, into *v1alpha1.AvailabilityLedger, target string, now time.Time) {
	into.Saved = &metav1.Time{Time: now.Truncate(time.Second)}
	into.Summary = summary(l, now)
	into.Summary.Target = target
	into.Promises = Promises(into.Promises).with(target, now)
	into.Days, into.Outages = nil, nil
	for _, d := range l.Days {
		into.Days = append(into.Days, v1alpha1.LedgerDay{
			Date: time.Unix(int64(d.Day)*24*3600, 0).UTC().Format(time.DateOnly), Minutes: d.Runs.String(),
			Requests: whole(d.Sums.Requests), Failed: whole(d.Sums.Failed), Shed: whole(d.Sums.Shed), Slow: whole(d.Sums.Slow),
			WaitedSeconds: whole(d.Sums.Waited),
		})
	}
	for _, o := range l.Outages {
		into.Outages = append(into.Outages, v1alpha1.LedgerOutage{
			From: metav1.Time{Time: o.From.Time()}, Minutes: int32(min(o.Minutes, math.MaxInt32)), //nolint:gosec // bounded
			Cause: o.Cause.String(), Why: v1alpha1.Fit(o.Why, mostWhy),
		})
	}
}

// summary is the month to date.
func summary(l sla.Ledger, now time.Time) *v1alpha1.LedgerSummary {
	m := MonthOf(l, now, now)
	t := l.Totals(m.Begin, m.End)
	s := &v1alpha1.LedgerSummary{
		Month: now.UTC().Format("2006-01"), BadMinutes: int32(t.Bad), UnseenMinutes: int32(t.Unseen()), //nolint:gosec // of a month
	}
	if a := t.Availability(); a.Known {
		s.Availability = sla.Percent(a.Minutes)
	}
	return s
}

// whole is a count as the API has it; what is no number is none.
func whole(n float64) int64 {
	if n > 0 {
		return int64(min(math.Round(n), 1<<53))
	}
	return 0
}

// Load reads a ledger from its object. What cannot be read of it is left out, and named in
// the error: a day that somebody has spoilt is no reason to lose the others.
func Load(o *v1alpha1.AvailabilityLedger) (l sla.Ledger, err error) {
	var failed []error
	days := slices.Clone(o.Days)
	slices.SortStableFunc(days, func(a, b v1alpha1.LedgerDay) int { return strings.Compare(a.Date, b.Date) })
	for _, d := range days {
		date, err := dateOf(d, o.Saved)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		runs, err := sla.ParseRuns(d.Minutes)
		if err != nil {
			failed = append(failed, fmt.Errorf("reading the ledger's day %s: %w", d.Date, err))
			runs = nil
		}
		l = l.WithDay(sla.Day{
			Day: int(date.Unix() / (24 * 3600)), Runs: runs,
			Sums: sla.Sums{
				Requests: positive(d.Requests), Failed: positive(d.Failed), Shed: positive(d.Shed), Slow: positive(d.Slow), Waited: positive(d.WaitedSeconds),
			},
		})
	}
	for _, o := range o.Outages {
		l.Outages = append(l.Outages, sla.Outage{From: sla.MinuteOf(o.From.Time), Minutes: int(o.Minutes), Cause: sla.CauseOf(o.Cause), Why: o.Why})
	}
	return l, errors.Join(failed...)
}

// dateOf is the day's, which can neither be after the ledger was written nor longer before that
// than one is kept: what is kept would be counted from it.
func dateOf(d v1alpha1.LedgerDay, saved *metav1.Time) (time.Time, error) {
	date, err := time.Parse(time.DateOnly, d.Date)
	switch {
	case err != nil:
		return date, fmt.Errorf("reading the ledger's day %.20q: %w", d.Date, err)
	case saved != nil && date.After(saved.Time):
		return date, fmt.Errorf("reading the ledger's day %s: it was to come when the ledger was written", d.Date)
	case saved != nil && saved.Sub(date) > farBehind+24*time.Hour:
		return date, fmt.Errorf("reading the ledger's day %s: it was not kept any more when the ledger was written", d.Date)
	default:
		return date, nil
	}
}

func positive(n int64) float64 { return float64(max(n, 0)) }
