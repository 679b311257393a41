// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"testing"
	"time"

	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// A leader that had just begun leaves a gap; who has looked meanwhile and leads after it
// fills that, and changes nothing else.
func TestAGapIsFilledByWhoHasLooked(t *testing.T) {
	begin := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	first := sla.MinuteOf(begin)
	var standby ledger.Book
	for at := begin; at.Before(begin.Add(6 * time.Minute)); at = at.Add(10 * time.Second) {
		r := probe.Round{At: at, Over: at, Verdict: sla.Up}
		if m := sla.MinuteOf(at); m == first+1 || m == first+3 {
			r.Verdict, r.Why = sla.Down, "nobody answers"
		}
		standby.Round(r, "self", nil)
	}
	var kept sla.Ledger
	for m, l := range map[sla.Minute]sla.Letter{0: sla.Good, 3: sla.Good, 4: sla.Good} {
		kept = kept.Enter(sla.Account{Minute: first + m, Letter: l})
	}
	now := begin.Add(6 * time.Minute)
	standby.Recall(ledger.Kept{Ledger: kept, Stored: true, Saved: now}, time.Time{}, now)
	for m, want := range map[sla.Minute]sla.Totals{1: {Bad: 1}, 2: {}, 3: {}} {
		got := standby.Ledger().Totals(first+m, first+m+1)
		if got.Bad != want.Bad || got.Unseen() != 0 {
			t.Errorf("minute %d: %d bad, %d unseen; want %d bad", m, got.Bad, got.Unseen(), want.Bad)
		}
	}
}
