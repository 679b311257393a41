// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/monitoring/series"
)

const day = 24 * time.Hour

func certificates() []Alert {
	one := func(severity Severity, within time.Duration) Alert {
		return Alert{
			Name: "EvenkeelCertificateExpires", Severity: severity, For: 5 * time.Minute,
			// The most of what is told: an operator that leads no longer knows the one before. 0
			// is not known.
			Expr:        fmt.Sprintf("(max by (%s, certificate) (%s) > 0)\n- time() < %d", of, series.Expires, within/time.Second),
			Summary:     "A certificate of " + who + " ends soon",
			Description: "The certificate {{ $labels.certificate }} of " + who + " ends in {{ $value | humanizeDuration }}. After it nobody whom it concerns gets in.",
		}
	}
	return []Alert{one(Page, 2*day), one(Ticket, 14*day)}
}

func offenders() []Alert {
	return []Alert{
		{
			Name: "EvenkeelOffenderJailed", Severity: Info,
			Expr:        most(series.Sentences) + " > 0",
			Summary:     "Evenkeel holds clients of " + who,
			Description: "{{ $value }} clients of " + who + " are held to few requests, as others suffered from them.",
		},
		{
			Name: "EvenkeelOffenderFree", Severity: Ticket, For: 5 * time.Minute,
			Expr:        fmt.Sprintf("%s == 1\nunless %s > 0", condition(v1alpha1.ConditionOffenderFound), most(series.Sentences)),
			Summary:     "A client of " + who + " does harm and is not held",
			Description: "Evenkeel has found who harms others on " + who + ", and holds nobody: it must not, cannot, or only recommends.",
		},
		{
			Name: "EvenkeelSentenceNotInForce", Severity: Ticket, For: 5 * time.Minute,
			Expr:        condition(v1alpha1.ConditionProtected) + " == 0",
			Summary:     "A sentence is not in force on every replica of " + who,
			Description: "Evenkeel has decided to hold a client of " + who + ", and does not see every replica obey.",
		},
	}
}

// spentStays is for how long it is said that a budget is used up when it is not told any more.
// A new leader tells no number (NaN) until it has read the ledger, and may be unable to for an
// hour; of a month's budget nothing comes back meanwhile.
const spentStays = 2 * time.Hour

func promises() []Alert {
	left := least(series.BudgetLeft, is("period", "month"))
	return []Alert{
		{
			Name: "EvenkeelBudgetExhausted", Severity: Ticket, For: 5 * time.Minute, KeepFor: spentStays,
			Expr:        left + " <= 0",
			Summary:     "The month's error budget of " + who + " is used up",
			Description: "{{ $value | humanizePercentage }} of this month's error budget of " + who + " is left: what was promised is broken, or will be with the next bad minute.",
		},
		{
			Name: "EvenkeelBudgetNearlySpent", Severity: Info, For: 5 * time.Minute, KeepFor: stays,
			Expr:        left + " < 0.25 > 0",
			Summary:     "Little is left of the month's error budget of " + who,
			Description: "{{ $value | humanizePercentage }} of this month's error budget of " + who + " is left.",
		},
		{
			// Of one that was never read all minutes count, as it is not known what stands in it.
			Name: "EvenkeelLedgerUnsaved", Severity: Ticket, For: 15 * time.Minute,
			Expr:        most(series.LedgerUnsaved) + " > 3",
			Summary:     "The ledger of " + who + " cannot be read or written",
			Description: "{{ $value }} minutes of " + who + " are in the operator's memory alone: a restart would lose them. Until the ledger was read nobody can say what is left of the budget.",
		},
	}
}

// care tells of the plan of disruptive steps. A plan that waits, for a maintenance window say, is
// False as well; that is worth a word when it has waited for a day. Stops are counted from the
// first pass on, so that the first one is an increase, and a tenant that is new has had none.
func care() []Alert {
	held := condition(v1alpha1.ConditionPlanProceeds) + " == 0"
	why := in("reason", v1alpha1.ReasonPlanStopped, v1alpha1.ReasonTakenBack)
	return []Alert{
		{
			Name: "EvenkeelPlanStopped", Severity: Ticket, For: 2 * time.Minute,
			Expr:        fmt.Sprintf("%s\nand %s > 0", held, increase("90m", series.Decisions, why)),
			Summary:     "Evenkeel has stopped its changes to " + who,
			Description: "After a step of the plan " + who + " was worse than before. Nothing that can wait begins for an hour, and what could be was taken back.",
		},
		{
			Name: "EvenkeelPlanWaits", Severity: Info, For: day,
			Expr:        held,
			Summary:     "Changes to " + who + " wait for a day",
			Description: "Disruptive steps are due on " + who + ", and none has begun for a day.",
		},
	}
}
