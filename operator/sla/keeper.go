// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/sla"
)

const (
	// keepEvery is how often it is looked whether a ledger is to be read or written.
	keepEvery = 2 * time.Second
	// badEvery and goodEvery are how often one is written at the most: when a minute was not
	// good, and for the sums of the day.
	badEvery, goodEvery = time.Minute, time.Hour
	// keepWithin bounds one reading or writing, and keepers how many are made at once.
	keepWithin, keepers = 5 * time.Second, 4
)

// Keeper keeps the books of all control planes in their AvailabilityLedgers. It is a Runnable
// of the operator replica that leads.
type Keeper struct {
	Client client.Client
	// Reader reads the API itself.
	Reader client.Reader
	Books  *Books
	Points *Points
	Now    func() time.Time
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: one writes.
func (*Keeper) NeedLeaderElection() bool { return true }

// Start keeps until ctx ends.
func (k *Keeper) Start(ctx context.Context) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		k.turn(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// turn closes minutes that are over, and reads and writes what is due.
func (k *Keeper) turn(ctx context.Context) {
	led, heard := k.Points.Led()
	if !heard {
		return // who led before is not known yet
	}
	places := make(chan struct{}, keepers)
	var all sync.WaitGroup
	for key, book := range k.Books.All() {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			ctx, cancel := context.WithTimeout(ctx, keepWithin)
			defer cancel()
			if err := k.keep(ctx, key, book, led); err != nil {
				log.FromContext(ctx).Error(err, "A ledger is kept in memory until it can be written", "namespace", key.Namespace, "name", key.Name)
			}
		})
	}
	all.Wait()
}

// keep reads or writes one ledger, where it is due.
func (k *Keeper) keep(ctx context.Context, key types.NamespacedName, book *Book, led time.Time) error {
	if !book.Recalled() {
		return k.recall(ctx, key, book, led)
	}
	now := k.Now()
	book.Turn(k.Points.Others(key), now)
	if !book.due(now) {
		return nil
	}
	return k.save(ctx, key, book, now)
}

// recall reads what was kept.
func (k *Keeper) recall(ctx context.Context, key types.NamespacedName, book *Book, led time.Time) error {
	var o v1alpha1.AvailabilityLedger
	err := k.Reader.Get(ctx, key, &o)
	if apierrors.IsNotFound(err) {
		book.Recall(sla.Ledger{}, false, time.Time{}, led)
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading AvailabilityLedger %s: %w", key, err)
	}
	l, err := Load(&o)
	if err != nil {
		log.FromContext(ctx).Error(err, "What cannot be read of a ledger counts as unseen", "namespace", key.Namespace, "name", key.Name)
	}
	saved := first(key, k.Now())
	if o.Saved != nil && o.Saved.After(saved) && !o.Saved.After(k.Now()) {
		saved = o.Saved.Time
	}
	book.Recall(l, true, saved, led)
	return nil
}

// first is when what is not known to have been written counts as written: it spreads the
// hourly writes of all over an hour.
func first(key types.NamespacedName, now time.Time) time.Time {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key.String()))
	return now.Add(-time.Duration(h.Sum64() % uint64(goodEvery)))
}

// due tells whether the book is to be written: at once the first time and for what was not
// good, but no more often than once a minute, and for the sums once an hour.
func (b *Book) due(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, any := b.ledger.Through(); !any {
		return false
	}
	if ago := now.Sub(b.saved); ago < 0 || ago >= goodEvery {
		return true
	} else if ago < badEvery {
		return false
	}
	return b.unsaved > 0 || !b.stored
}

// save writes a ledger, over what was kept before under its name; where somebody deletes that
// meanwhile, it is made anew with all that is known.
func (k *Keeper) save(ctx context.Context, key types.NamespacedName, book *Book, now time.Time) error {
	l, unsaved := book.saving()
	o := &v1alpha1.AvailabilityLedger{ObjectMeta: metav1.ObjectMeta{
		Namespace: key.Namespace, Name: key.Name, Labels: map[string]string{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy},
	}}
	before := &v1alpha1.AvailabilityLedger{}
	err := k.Reader.Get(ctx, key, before)
	switch {
	case apierrors.IsNotFound(err):
		Save(l, o, now)
		err = k.Client.Create(ctx, o)
	case err == nil:
		o = before.DeepCopy()
		Save(l, o, now)
		// Two leaders may overlap for a moment: the one that comes second tries again.
		err = k.Client.Patch(ctx, o, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	}
	if err != nil {
		return fmt.Errorf("writing AvailabilityLedger %s: %w", key, err)
	}
	book.hasSaved(now, unsaved)
	return nil
}

// saving is what is to be written, and how much of it was not.
func (b *Book) saving() (sla.Ledger, int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ledger, b.unsaved
}

// hasSaved notes that so much of what was not written is.
func (b *Book) hasSaved(now time.Time, unsaved int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved, b.stored = now, true
	b.unsaved = max(0, b.unsaved-unsaved)
}
