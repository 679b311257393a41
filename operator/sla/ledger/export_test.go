// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// Due, Sound and Saved are what the Keeper asks and tells a book that it keeps.
func (b *Book) Due(now time.Time) bool { return b.due(now, 0) }

func (b *Book) Sound(now time.Time) bool { return b.sound(now) }

func (b *Book) Saved(now time.Time, as *v1alpha1.AvailabilityLedger) {
	_, unsaved, _ := b.saving()
	b.hasSaved(now, unsaved, as)
}
