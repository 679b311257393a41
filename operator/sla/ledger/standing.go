// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"
	"math"
	"time"

	"evenkeel.dev/evenkeel/recommender/sla"
)

// Standing is how a control plane stands: whether it serves, and what was kept of what was
// promised.
type Standing struct {
	// Verdict is what all vantage points say now, Why the reason.
	Verdict sla.Verdict
	Why     string
	// DownFrom is since when it is down; zero while it is not, or that is not settled.
	DownFrom time.Time
	// Month and Thirty are the totals of the month so far and of thirty days, both without
	// what lies before the first minute that was seen.
	Month, Thirty sla.Totals
	// MonthBudget and ThirtyBudget are their budgets.
	MonthBudget, ThirtyBudget sla.Budget
	// Probe is how long the last probe took that was answered; 0 where none was.
	Probe time.Duration
	// Asleep is whether it is scaled to nothing.
	Asleep bool
	// Known is whether the ledger has been read, and Served whether it has ever been seen to serve
	// since its profile was made.
	Known, Served bool
}

// Standing is how it stands, for a target from 0 to 1.
func (b *Book) Standing(point string, others []sla.Look, target float64, now time.Time) (s Standing) {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := sla.Look{Point: point, Verdict: b.last.Verdict, At: b.last.At, Why: b.last.Why}
	if s.Verdict, s.Why = sla.Now(own, others, now); s.Verdict == sla.Blind {
		s.Why = b.last.Why
	}
	if s.Verdict == sla.Down {
		s.DownFrom = b.downFrom
	}
	for _, p := range b.last.Probes {
		if p.Phase == sla.Done && s.Probe == 0 {
			s.Probe = p.Took
		}
	}
	s.Known, s.Asleep, s.Served = b.recalled, b.last.Asleep, b.served
	if !s.Known {
		return s
	}
	first, any := b.ledger.First()
	if !any {
		first = sla.MinuteOf(now)
	}
	end := b.end(now)
	from, to := sla.Month(now)
	s.Month = b.ledger.Totals(max(from, first), end)
	s.MonthBudget = sla.BudgetOf(s.Month, target, int(to-from))
	from, to = sla.ThirtyDays(now)
	s.Thirty = b.ledger.Totals(max(from, first), end)
	s.ThirtyBudget = sla.BudgetOf(s.Thirty, target, int(to-from))
	return s
}

// Expires is when the first certificate ends that the control plane was last served with;
// zero while that is not known.
func (b *Book) Expires() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last.Expires
}

// end is the minute up to which the ledger is to know something: those that go by are not
// unseen yet.
func (b *Book) end(now time.Time) sla.Minute {
	const goingBy = 3
	end := sla.MinuteOf(now)
	if through, any := b.ledger.Through(); any && through < end && end-through <= goingBy {
		return through + 1
	}
	return end
}

// Left is what is left of a budget, as people read it: 61%. It is cut and not rounded.
func Left(b sla.Budget) string {
	const most = 9999
	return fmt.Sprintf("%.0f%%", math.Floor(100*max(-most, min(1, b.Left()))+1e-9)+0)
}
