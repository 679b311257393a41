// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"time"
)

// tier is one line of the table of the SRE workbook: the budget of 30 days is used so many
// times too fast, over a long window, and still is, over a short one. 14.4 is 2 % of the
// budget in an hour, 6 is 5 % in six hours, 3 and 1 are 10 % in one day and in three.
type tier struct {
	factor      float64
	long, short time.Duration
	severity    Severity
}

// stays is for how long what is said by a tier stays: a share of days that goes about its limit
// is one ticket, and not one each time.
func (t tier) stays() time.Duration {
	if t.severity == Ticket {
		return t.short
	}
	return stays
}

// What is found out fast, from counters, and what is not.
var (
	fast = []tier{{14.4, time.Hour, 5 * time.Minute, Page}}
	slow = []tier{
		{6, 6 * time.Hour, 30 * time.Minute, Page},
		{3, 24 * time.Hour, 2 * time.Hour, Ticket},
		{1, 72 * time.Hour, 6 * time.Hour, Ticket},
	}
)

// promise is what is said of one objective when its budget burns.
type promise struct {
	name, sli string
	// least are the bad ones without which nothing is said, in an hour, in the six of a page and
	// in the days of tickets: the shares of a few are chance. Of rounds 6 are a minute and 12 are
	// two; a target of 99.99 % alone would call for the first. In six hours two minutes of them
	// wake somebody: when apiservers, members and nodes are upgraded on one day, each of nine pods
	// may cost a single round, and none of it is a bad minute.
	leastHour, leastPage, leastTicket int
	// pages is the worst severity there is of it.
	what, means string
}

// leastAsked are the requests or rounds of the short window without which its share says
// nothing. Of rounds there are 30 in five minutes, of which some may be blind.
const leastAsked = 10

var promised = []promise{
	{
		name: "EvenkeelAvailabilityBudgetBurn", sli: "rounds", leastHour: 6, leastPage: 12, leastTicket: 12,
		what:  "is down too often",
		means: "Rounds of probes fail: the whole control plane does not serve, for seconds or minutes at a time.",
	},
	{
		name: "EvenkeelRequestsBudgetBurn", sli: "requests", leastHour: 20, leastPage: 20, leastTicket: 50,
		what:  "fails too many requests",
		means: "Requests are answered with a 5xx, or never.",
	},
	{
		name: "EvenkeelServedBadly", sli: "served", leastHour: 30, leastPage: 30, leastTicket: 100,
		what:  "serves too many requests badly",
		means: "Of 100 requests more than one is refused with a 429, takes longer than the objective of its scope, or fails.",
	},
}

// burning are the alerts of these tiers. None has a for: the long window is one.
func burning(tiers []tier) (out []Alert) {
	for _, t := range tiers {
		for _, p := range promised {
			bad := p.leastTicket
			switch {
			case t.severity != Page:
			case t.long > time.Hour:
				bad = p.leastPage
			default:
				bad = p.leastHour
			}
			in := func(name string, w time.Duration) string {
				return selector(name, is("sli", p.sli), is("window", span(w)))
			}
			out = append(out, Alert{
				Name: p.name, Severity: t.severity, KeepFor: t.stays(),
				Expr: lines(
					fmt.Sprintf("%s > %g", in(Burn, t.long), t.factor),
					fmt.Sprintf("and ignoring (window) %s > %g", in(Burn, t.short), t.factor),
					fmt.Sprintf("and ignoring (window) %s >= %d", in(Bad, t.long), bad),
					fmt.Sprintf("and ignoring (window) %s >= %d", in(All, t.short), leastAsked)),
				Summary:     fmt.Sprintf("Control plane %s %s", who, p.what),
				Description: fmt.Sprintf("%s In the last %s the budget of %s was used {{ $value | humanize }} times as fast as it may be, and over %s it still is.", p.means, span(t.long), who, span(t.short)),
			})
		}
	}
	return out
}
