// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/sla/vantage"
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
	Points *vantage.Points
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
			k.end(ctx)
			return nil
		case <-tick.C:
		}
	}
}

// turn closes minutes that are over, and reads and writes what is due.
func (k *Keeper) turn(ctx context.Context) {
	k.close(ctx, false)
	k.each(ctx, k.Books.All(), func(ctx context.Context, key types.NamespacedName, book *Book) error {
		led, heard := k.Points.Led(key)
		if !heard {
			return nil // who led before is not known yet
		}
		return k.keep(ctx, key, book, led)
	})
}

// each does the same with some books, a few at once.
func (k *Keeper) each(ctx context.Context, books map[types.NamespacedName]*Book, do func(ctx context.Context, key types.NamespacedName, book *Book) error) {
	places := make(chan struct{}, keepers)
	var all sync.WaitGroup
	for key, book := range books {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			ctx, cancel := context.WithTimeout(ctx, keepWithin)
			defer cancel()
			if err := do(ctx, key, book); err != nil {
				log.FromContext(ctx).Error(err, "A ledger is kept in memory until it can be written", "namespace", key.Namespace, "name", key.Name)
			}
		})
	}
	all.Wait()
}

// keep reads or writes one ledger, where it is due. One that could not be is tried again a
// while later.
func (k *Keeper) keep(ctx context.Context, key types.NamespacedName, book *Book, led time.Time) (err error) {
	now := k.Now()
	if book.waits(now) {
		return nil
	}
	defer func() {
		if err != nil {
			book.wait(now)
		}
	}()
	if !book.Recalled() {
		return k.recall(ctx, key, book, led)
	}
	book.Turn(k.Points.Others(key), now)
	if !book.due(now, spreadOver(key)) {
		return nil
	}
	return k.save(ctx, key, book, now)
}

// againEvery is how long after a try that failed the next one is made: less than a write may
// be late, and far from what would harm a host cluster that refuses a thousand of them.
const againEvery = 20 * time.Second

func (b *Book) waits(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.retry.Sub(now)
	return left > 0 && left <= againEvery
}

func (b *Book) wait(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.retry = now.Add(againEvery)
}

// recall reads what was kept.
func (k *Keeper) recall(ctx context.Context, key types.NamespacedName, book *Book, led time.Time) error {
	var o v1alpha1.AvailabilityLedger
	err := k.Reader.Get(ctx, key, &o)
	if apierrors.IsNotFound(err) {
		book.Recall(Kept{}, led, k.Now())
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading AvailabilityLedger %s: %w", key, err)
	}
	l, err := Load(&o)
	if err != nil {
		log.FromContext(ctx).Error(err, "What cannot be read of a ledger counts as unseen", "namespace", key.Namespace, "name", key.Name)
	}
	kept := Kept{Ledger: l, Stored: true, Version: o.ResourceVersion, Created: o.CreationTimestamp.Time, Wrote: wroteAt(&o)}
	kept.Noted = Promises(o.Promises).last()
	if o.Saved != nil && !o.Saved.After(k.Now()) {
		kept.Saved = o.Saved.Time
	}
	book.Recall(kept, led, k.Now())
	return nil
}

// spreadOver is by how much less than an hour after the last the hourly writing may come: a
// fleet that was taken over at once is not written at once every hour.
func spreadOver(key types.NamespacedName) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key.String()))
	return time.Duration(h.Sum64() % uint64(goodEvery/2))
}

// due tells whether the book is to be written: at once the first time and for what was not
// good or is promised anew, but no more often than once a minute, and for the sums once an hour.
func (b *Book) due(now time.Time, early time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, any := b.ledger.Through(); !any {
		return false
	}
	switch ago := now.Sub(b.saved); {
	case ago < 0 || !b.stored:
		return true
	case ago < badEvery:
		return false
	default:
		// Whoever leads next takes what is not written for good, for so long after it was.
		return b.unsaved > 0 || ago >= goodEvery-early || b.noted != "" && b.noted != percentOf(b.target)
	}
}

// save writes a ledger, over what was kept before under its name; where somebody deletes that
// meanwhile, it is made anew with all that is known.
func (k *Keeper) save(ctx context.Context, key types.NamespacedName, book *Book, now time.Time) error {
	l, unsaved, version := book.saving()
	o := &v1alpha1.AvailabilityLedger{ObjectMeta: metav1.ObjectMeta{
		Namespace: key.Namespace, Name: key.Name, Labels: map[string]string{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy},
	}}
	before := &v1alpha1.AvailabilityLedger{}
	err := k.Reader.Get(ctx, key, before)
	switch {
	case apierrors.IsNotFound(err):
		Save(l, o, percentOf(book.Promised()), now)
		err = k.Client.Create(ctx, o)
	case err == nil:
		if before.ResourceVersion != version {
			// Another leader has written meanwhile, or a person: what was bad by that stays bad.
			l = book.merge(before)
		}
		o = before.DeepCopy()
		Save(l, o, percentOf(book.Promised()), now)
		// Two leaders may overlap for a moment: the one that comes second tries again.
		err = k.Client.Patch(ctx, o, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	}
	if err != nil {
		return fmt.Errorf("writing AvailabilityLedger %s: %w", key, err)
	}
	book.hasSaved(now, unsaved, o)
	return nil
}

// saving is what is to be written, how much of it was not, and of which version of the object.
func (b *Book) saving() (l sla.Ledger, unsaved int, version string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ledger, b.unsaved, b.version
}

// merge takes up what is bad in an object that somebody else has written.
func (b *Book) merge(o *v1alpha1.AvailabilityLedger) sla.Ledger {
	theirs, err := Load(o)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		return b.ledger // spoilt, and written over
	}
	for _, a := range theirs.BadMinutes() {
		b.ledger = b.ledger.Enter(a)
	}
	return b.ledger
}

// hasSaved notes that so much of what was not written is.
func (b *Book) hasSaved(now time.Time, unsaved int, as *v1alpha1.AvailabilityLedger) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.noted = Promises(as.Promises).last()
	b.saved, b.stored, b.version, b.created, b.wrote = now, true, as.ResourceVersion, as.CreationTimestamp.Time, wroteAt(as)
	if b.unsaved = max(0, b.unsaved-unsaved); b.unsaved > 0 {
		b.oldest = sla.MinuteOf(now) - 1 // what has come meanwhile
	}
}

// percentOf is a part as percents, as in 99.95.
func percentOf(part float64) string { return strconv.FormatFloat(100*part, 'g', 6, 64) }
