// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"context"
	"errors"
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// compare holds the ledger against the account of the tenant's client, once it has been
// written for the last outage. Minutes after its last were good by its own word.
func (r *run) compare(ctx context.Context, began time.Time) error {
	from, to := began.Truncate(time.Minute).Add(time.Minute), time.Now().Truncate(time.Minute)
	truth := r.truth.bad(from, to)
	r.out.Truth = len(truth)
	if r.out.Truth == 0 {
		return nil
	}
	last := truth[len(truth)-1]
	var kept *v1alpha1.AvailabilityLedger
	err := await.Until(ctx, keptWithin, 2*time.Second, "the ledger to have the last outage", func(ctx context.Context) (err error) {
		if kept, err = r.ledger(ctx); err != nil {
			return err
		}
		l, err := minutes(kept)
		if err != nil {
			return err
		}
		if through, _ := l.Through(); through < sla.MinuteOf(last) {
			return fmt.Errorf("it ends at %s", through.Time())
		}
		return nil
	})
	if err != nil {
		r.Logf("%v", err)
	}
	l, err := minutes(kept)
	if err != nil {
		return err
	}
	through, _ := l.Through()
	until := min(sla.MinuteOf(to), through+1)
	t := l.Totals(sla.MinuteOf(from), until)
	r.out.Kept, r.out.Unseen = t.Bad, t.Unseen()
	r.Logf("the client counts %d bad minutes, the ledger %d, with %d unseen", r.out.Truth, r.out.Kept, r.out.Unseen)
	lost := r.truth.lost(from, to)
	for m := sla.MinuteOf(from); m < sla.MinuteOf(to); m++ {
		gone := lost[m.Time().UTC()]
		kept, was := l.Totals(m, m+1).Bad > 0, gone >= inMinute
		if kept == was {
			continue
		}
		r.out.Wrong++
		r.Logf("  %s, of which the client was without service for %.1f s, is bad in the ledger: %v", m.Time().UTC().Format("15:04"), gone.Seconds(), kept)
	}
	r.causes(l)
	return nil
}

// causes holds what the ledger puts the bad minutes of outages down to against what was done.
// Of apiservers that hang, and all else is well, nothing but the outage is known.
func (r *run) causes(l sla.Ledger) {
	want := map[Kind]sla.Letter{APIServers: sla.ByUnknown, Members: sla.ByEtcd}
	for _, a := range l.BadMinutes() {
		for i, o := range r.out.Outages {
			if a.Minute < sla.MinuteOf(o.From) || a.Minute > sla.MinuteOf(o.To) || a.Letter == want[o.Kind] {
				continue
			}
			r.out.WrongCauses++
			r.Logf("  outage %d, %s: %s is put down to %s", i+1, o.Kind, a.Minute.Time().UTC().Format("15:04"), a.Letter)
		}
	}
}

// minutes are those of a ledger's object.
func minutes(kept *v1alpha1.AvailabilityLedger) (l sla.Ledger, err error) {
	if kept == nil {
		return l, errors.New("there is no ledger")
	}
	for _, d := range kept.Days {
		date, err := time.Parse(time.DateOnly, d.Date)
		if err != nil {
			return l, fmt.Errorf("reading the ledger's day %s: %w", d.Date, err)
		}
		runs, err := sla.ParseRuns(d.Minutes)
		if err != nil {
			return l, err
		}
		l = l.WithDay(sla.Day{Day: int(date.Unix() / (24 * 3600)), Runs: runs})
	}
	return l, nil
}
