// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/recommender/sla"
)

// Books are those of all control planes. Its zero value has none; it is safe for concurrent
// use.
type Books struct {
	mu    sync.Mutex
	books map[types.NamespacedName]*Book
}

// Open opens the book of a control plane, where it is not open.
func (b *Books) Open(key types.NamespacedName) *Book {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.books == nil {
		b.books = map[types.NamespacedName]*Book{}
	}
	book := b.books[key]
	if book == nil {
		book = &Book{}
		b.books[key] = book
	}
	return book
}

// Of is the book of a control plane; nil where none is open.
func (b *Books) Of(key types.NamespacedName) *Book {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.books[key]
}

// Sound is whether all that is known is written down, but for what has just come.
func (b *Books) Sound(now time.Time) bool {
	for _, book := range b.All() {
		if !book.sound(now) {
			return false
		}
	}
	return true
}

// Drop closes the book of a control plane that is gone.
func (b *Books) Drop(key types.NamespacedName) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.books, key)
}

// All are the books that are open now.
func (b *Books) All() map[types.NamespacedName]*Book {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.books)
}

// Looks are what this vantage point last saw of each; of one that it has not looked at yet
// it is blind.
func (b *Books) Looks(point string) map[types.NamespacedName]sla.Look {
	looks := map[types.NamespacedName]sla.Look{}
	for key, book := range b.All() {
		looks[key], _ = book.Look(point)
	}
	return looks
}
