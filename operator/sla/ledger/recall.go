// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// Kept is what is kept of a control plane in the host cluster.
type Kept struct {
	Ledger sla.Ledger
	// Stored is whether there is an object, Version its version, and Saved when it was last
	// written.
	Stored  bool
	Version string
	Saved   time.Time
	// Noted is what it says was promised last, in percent.
	Noted string
	// Created is when the object was made, and Wrote when it was last written, by the host
	// cluster's clock.
	Created, Wrote time.Time
}

// Recall takes up the ledger that leaders before have kept. Until led, which is when one of
// them last led and had written down what it knew, what they did not enter was good; but for
// no longer than an hour after it was written, as whoever leads writes once an hour. Later
// minutes are this replica's own to tell, and so are those that the ledger calls unseen. Nobody
// asked before the profile was made; and a ledger of which nothing would be kept begins anew.
func (b *Book) Recall(k Kept, led, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ledger = k.Ledger
	if through, any := b.ledger.Through(); any && through < sla.MinuteOf(now) && !b.ledger.Holds(sla.MinuteOf(now)) {
		b.ledger = sla.Ledger{}
	}
	if end := k.Saved.Add(goodEvery); led.After(end) {
		led = end
	}
	if !led.IsZero() && !k.Saved.IsZero() && !led.After(now) && !b.made.After(k.Saved) {
		b.ledger = b.ledger.Vouch(sla.MinuteOf(led) - unwritten)
	}
	through, any := b.ledger.Through()
	b.recalled, b.saved, b.stored, b.version, b.created, b.wrote = true, k.Saved, k.Stored, k.Version, k.Created, k.Wrote
	b.noted = k.Noted
	b.served = b.served || b.servedBefore(now)
	from := sla.Minute(0)
	if any {
		from = through + 1
	}
	accounts := append(b.older.SeenMinutes(from), b.accounts...)
	b.accounts, b.older = nil, sla.Ledger{}
	for _, a := range accounts {
		// Minutes before it that nobody saw were so for a leader that had just begun.
		if t := b.ledger.Totals(a.Minute, a.Minute+1); !any || a.Minute > through || t.Unseen() > 0 {
			a.Sums = sla.Sums{}
			b.enter(a)
		}
	}
}

// servedBefore tells whether the ledger knows of a minute since the profile was made. Whoever was
// there before under its name has served, and is not the one that is being made.
func (b *Book) servedBefore(now time.Time) bool {
	first, seen := b.ledger.First()
	return seen && b.ledger.Totals(max(first, sla.MinuteOf(b.made)), sla.MinuteOf(now)+1).Seen > 0
}

// unwritten is how many minutes a leader may be late in writing down, with the one that goes
// by.
const unwritten = 3

// sound is whether what is known of it is written down, and something is known, but for the
// last minutes, which whoever leads next does not take for good.
func (b *Book) sound(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	since := sla.MinuteOf(now) - unwritten
	through, any := b.ledger.Through()
	return b.recalled && (b.unsaved == 0 || b.oldest > since) && (!any || through >= since)
}

// wroteAt is when an object was last written, by the host cluster's clock.
func wroteAt(o *v1alpha1.AvailabilityLedger) time.Time {
	last := o.CreationTimestamp.Time
	for _, f := range o.ManagedFields {
		if f.Time != nil && f.Time.After(last) {
			last = f.Time.Time
		}
	}
	return last
}
