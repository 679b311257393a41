// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"slices"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// looked is what one sees who looks at an outage in rounds 9 s apart, with two glances between
// them.
type looked struct {
	from, to time.Time
	book     ledger.Book
}

func (l *looked) at(now time.Time) sla.Verdict {
	if !now.Before(l.from) && now.Before(l.to) {
		return sla.Down
	}
	return sla.Up
}

// turn is one round, and the glances until one of them sees that something has changed.
func (l *looked) turn(now, since time.Time) (next, seen time.Time) {
	v := l.at(now)
	l.book.Round(probe.Round{At: now, Over: now, Since: since, Verdict: v, Why: "it is down"}, "self", nil)
	for range 2 {
		now = now.Add(3 * time.Second)
		if l.at(now) != v {
			return now.Add(10 * time.Millisecond), now
		}
		l.book.Round(probe.Round{At: now, Over: now, Verdict: v, Why: "it is down", Glance: true}, "self", nil)
	}
	return now.Add(3 * time.Second), time.Time{}
}

// However an outage lies to the minutes and to the rounds, its first and its last minute are
// bad when half of them was down: within the half of the time between two glances.
func TestGlancesTellTheMinutesOfAnOutage(t *testing.T) {
	begin := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	const sharp = 1600 * time.Millisecond
	wrong := 0
	for from := 25 * time.Second; from <= 35*time.Second; from += 500 * time.Millisecond {
		for to := 25 * time.Second; to <= 35*time.Second; to += time.Second {
			for phase := time.Duration(0); phase < 9*time.Second; phase += 700 * time.Millisecond {
				l := &looked{from: begin.Add(3*time.Minute + from), to: begin.Add(5*time.Minute + to)}
				l.look(begin, phase)
				wrong += l.check(t, sharp)
			}
		}
	}
	if wrong == 0 {
		t.Error("no outage ends or begins so near to the middle of a minute that it cannot be told: the test asks too little")
	}
}

// look looks at it from before it begins until it is long over.
func (l *looked) look(begin time.Time, phase time.Duration) {
	l.book.Recall(ledger.Kept{}, time.Time{}, begin)
	now, since := begin.Add(phase), time.Time{}
	for now.Before(l.to.Add(4 * time.Minute)) {
		now, since = l.turn(now, since)
	}
	l.book.Turn(nil, now)
}

// check holds the minutes of an outage against what was; of those that can be told either way
// it counts the ones that are told the other.
func (l *looked) check(t *testing.T, sharp time.Duration) (wrong int) {
	t.Helper()
	kept := l.book.Ledger()
	for m := sla.MinuteOf(l.from); m <= sla.MinuteOf(l.to); m++ {
		down := slices.MinFunc([]time.Time{l.to, (m + 1).Time()}, time.Time.Compare).Sub(slices.MaxFunc([]time.Time{l.from, m.Time()}, time.Time.Compare))
		totals := kept.Totals(m, m+1)
		if totals.Unseen() != 0 {
			t.Fatalf("down from %s to %s: the minute of %s is unseen", l.from, l.to, m.Time())
		}
		if bad := totals.Bad == 1; bad != (down >= 30*time.Second) {
			if wrong++; (down - 30*time.Second).Abs() > sharp {
				t.Fatalf("down from %s to %s: the minute of %s, with %s of it, is bad: %v", l.from, l.to, m.Time(), down, bad)
			}
		}
	}
	return wrong
}
