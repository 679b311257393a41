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
	mu      sync.Mutex
	books   map[types.NamespacedName]*Book
	dropped map[types.NamespacedName]*Book
}

// mostDropped bounds the books that wait to be written for the last time.
const mostDropped = 2000

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

// Unwritten are the control planes of which not all that is known is written down, but for what
// has just come, in no order.
func (b *Books) Unwritten(now time.Time) (keys []types.NamespacedName) {
	for key, book := range b.All() {
		if !book.sound(now) {
			keys = append(keys, key)
		}
	}
	return keys
}

// Drop closes the book of a control plane whose profile is gone. One that is kept by this
// replica is written once more.
func (b *Books) Drop(key types.NamespacedName) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if book := b.books[key]; book != nil && book.Recalled() {
		book.wait(time.Time{}) // once more at once, whatever came of the try before
		b.drop(key, book)
	}
	delete(b.books, key)
}

// putDropped takes back a book that could not be written for the last time.
func (b *Books) putDropped(key types.NamespacedName, book *Book) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dropped[key] == nil { // one that was dropped since then comes first
		b.drop(key, book)
	}
}

func (b *Books) drop(key types.NamespacedName, book *Book) {
	if len(b.dropped) >= mostDropped {
		return
	}
	if b.dropped == nil {
		b.dropped = map[types.NamespacedName]*Book{}
	}
	b.dropped[key] = book
}

// takeDropped hands over the books that are to be written for the last time.
func (b *Books) takeDropped() map[types.NamespacedName]*Book {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.dropped
	b.dropped = nil
	return all
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
