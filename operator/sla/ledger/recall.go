// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"time"

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
	// Created is when the object was made, by the host cluster's clock.
	Created time.Time
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
	b.recalled, b.saved, b.stored, b.version, b.created = true, k.Saved, k.Stored, k.Version, k.Created
	if _, seen := b.ledger.First(); seen {
		b.served = true
	}
	accounts := b.accounts
	b.accounts = nil
	for _, a := range accounts {
		// Minutes before it that nobody saw were so for a leader that had just begun.
		if t := b.ledger.Totals(a.Minute, a.Minute+1); !any || a.Minute > through || t.Unseen() > 0 {
			a.Sums = sla.Sums{}
			b.enter(a)
		}
	}
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
