// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/recommender/sla"
)

// endWithin bounds the writing of a leader that ends: less than the manager waits for it.
const endWithin = 20 * time.Second

// end writes down what a leader knows that ends in good order, and nobody else may: those books
// first that whoever leads next would be wrong about, and then the good minutes of all others,
// so that nobody has to vouch for them.
func (k *Keeper) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer cancel()
	k.close(ctx, true)
	first, then := map[types.NamespacedName]*Book{}, map[types.NamespacedName]*Book{}
	for key, book := range k.Books.All() {
		if !book.Recalled() {
			continue
		}
		book.Turn(k.Points.Others(key), k.Now())
		if unsaved, _ := book.ahead(); unsaved > 0 {
			first[key] = book
		} else {
			then[key] = book
		}
	}
	k.write(ctx, first)
	k.write(ctx, then)
}

// close writes the books of profiles that are gone for the last time. One that could not be
// written is tried again a while later, as long as there is a place for it, and at once if this is
// the last chance.
func (k *Keeper) close(ctx context.Context, last bool) {
	k.each(ctx, k.Books.takeDropped(), func(ctx context.Context, key types.NamespacedName, book *Book) error {
		now := k.Now()
		if !last && book.waits(now) {
			k.Books.putDropped(key, book)
			return nil
		}
		book.Turn(k.Points.Others(key), now)
		err := k.put(ctx, key, book)
		switch {
		case err == nil:
		case apierrors.IsNotFound(err), apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
			return nil // its namespace goes, and all ledgers with it
		default:
			book.wait(now)
			k.Books.putDropped(key, book)
		}
		return err
	})
}

// write writes books that know more than is written, whenever that was.
func (k *Keeper) write(ctx context.Context, books map[types.NamespacedName]*Book) {
	k.each(ctx, books, k.put)
}

// put writes a book that knows more than is written.
func (k *Keeper) put(ctx context.Context, key types.NamespacedName, book *Book) error {
	if unsaved, fresh := book.ahead(); unsaved == 0 && !fresh {
		return nil
	}
	return k.save(ctx, key, book, k.Now())
}

// ahead is how many minutes are not written that are news, and whether any minute is not.
func (b *Book) ahead() (unsaved int, fresh bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	through, any := b.ledger.Through()
	return b.unsaved, any && through >= sla.MinuteOf(b.saved)
}
