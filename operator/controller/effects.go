// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
)

// effectAfter is how long after it was carried out it is told what a decision has left of the
// budget.
const effectAfter = 5 * time.Minute

// effects notes with decisions that were carried out what was left of the budget then, and
// what is left a while after. Others may push one out of the status before that: the memory of
// what happened has it for longer.
func (p *pass) effects(left string) {
	tell := func(applied time.Time, known history.Effect) history.Effect {
		return effect(p.now.Sub(applied), known, left)
	}
	for _, decisions := range [][]v1alpha1.DecisionStatus{p.status.Decisions, p.recorded} {
		for i := range decisions {
			d := &decisions[i]
			if d.Applied {
				e := tell(appliedAt(d), history.Effect{Before: d.BudgetBefore, After: d.BudgetAfter})
				d.BudgetBefore, d.BudgetAfter = e.Before, e.After
			}
		}
	}
	p.r.History.Effects(p.key(), tell)
}

// effect is what is known of it so long after a decision was carried out, by what was known
// before and what is left of the budget now. What was not told in time is not told late, but
// for the second figure of one that has the first.
func effect(age time.Duration, known history.Effect, left string) history.Effect {
	switch {
	case known.Before == "" && age < effectAfter:
		known.Before = left
	case known.Before != "" && known.After == "" && age >= effectAfter:
		known.After = left
	}
	return known
}

// appliedAt is when a decision was carried out: of one that a version before this wrote, when
// it was taken.
func appliedAt(d *v1alpha1.DecisionStatus) time.Time {
	if d.AppliedAt != nil {
		return d.AppliedAt.Time
	}
	return d.Time.Time
}
