// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/monitoring/series"
)

// downFor is for how many seconds a control plane must have been down, from the first round
// that failed to now, before a person is called.
//
// One failed round must not call: another begins at most 11 s after it (10 s, a tenth of
// jitter), and a control plane that serves answers it within 4 s or is hardly served. So from
// 15 s on at least two rounds have failed. And 60 s from the outage to the page are kept:
//
//	11 s  until a round begins that meets the outage: it counts from here
//	15 s  downFor; another vantage point, which must agree, is heard in this time: it
//	      begins within 11 s, waits 5 s for an answer that does not come, writes it within
//	      10 s and is read within 2 s, which makes 28 s from the outage, or 2 s more
//	15 s  until the series is scraped
//	15 s  until the rule is evaluated
//	58 s
//
// There is no for: it would cost one evaluation more and tell nothing that downFor does not.
const downFor = 15

// stays is for how long alerts about a control plane stay: a new leader tells of it within that
// time, and knows what was promised and kept once it has read the ledger. An outage that comes
// and goes is one page as well.
const stays = 5 * time.Minute

// leadsStill is series.Fresh for what has time: scrapes may be a minute apart, and late.
const leadsStill = 150 * time.Second

// standing is where whoever leads sees a control plane up, by its own series: evenkeel_unseen is
// told by nobody else, and evenkeel_down is 0 where it is up and where nobody knows.
//
// Every operator replica tells for how long it sees a control plane down, as while the host
// cluster's API is down nobody leads, and outages are outages all the same. A replica that is
// cut off from that API hears no other, and may be the only one who does not get through:
// whoever leads hears all who live, so that what it sees up is no outage.
func standing() string {
	return fmt.Sprintf("max by (%s) (%s)", of, series.SeenUp(series.Down, series.Unseen))
}

func outage() []Alert {
	return []Alert{
		{
			Name: "EvenkeelControlPlaneDown", Severity: Page,
			Expr:        fmt.Sprintf("%s > %d\nunless %s", most(series.DownSeconds), downFor, standing()),
			Summary:     "Control plane " + who + " is down",
			Description: "No vantage point gets a request through to " + who + ": down for {{ $value | humanizeDuration }}. Its tenant can neither read nor change anything; what runs there goes on.",
		},
		unseen(Ticket, 10*time.Minute),
		unseen(Page, time.Hour),
	}
}

func unseen(severity Severity, after time.Duration) Alert {
	return Alert{
		Name: "EvenkeelControlPlaneUnseen", Severity: severity, For: after,
		Expr:        most(series.Unseen) + " == 1",
		Summary:     "Nobody can tell whether control plane " + who + " serves",
		Description: "For " + span(after) + " no vantage point could tell whether " + who + " is up. An outage would not be noticed, and these minutes stand in the ledger as unseen.",
	}
}

func operator() []Alert {
	return []Alert{
		{
			// An operator that is replaced, or whose leader ends, leads again within a minute.
			Name: "EvenkeelOperatorAbsent", Severity: Page, For: 2 * time.Minute,
			Expr:        fmt.Sprintf("absent(%s == 1)", series.Leading),
			Summary:     "No operator of Evenkeel leads",
			Description: "No control plane is watched or protected. Of the alerts about one only EvenkeelControlPlaneDown can begin, as long as an operator replica runs. What Evenkeel wrote stays in force and is safe to stay.",
		},
		{
			Name: "EvenkeelNoVantagePoint", Severity: Page, For: 5 * time.Minute,
			Expr:        fmt.Sprintf("max(%s) == 0", series.Points),
			Summary:     "No vantage point of Evenkeel sees anything",
			Description: "Every operator replica reaches nobody: outages of control planes would not be noticed. It is the way there that is broken, or all of them at once.",
		},
	}
}

// watched tells of passes: that they take place, and that they do something. What holds for long
// stays until it has held as long under the next leader.
func watched() []Alert {
	leads := fmt.Sprintf("on () (max(%s and time() - timestamp(%s) < %d) == 1)", series.Leading, series.Leading, leadsStill/time.Second)
	const idle = "Offenders are neither found nor released, and sizes do not follow."
	return []Alert{
		{
			// A pass takes place every few seconds.
			Name: "EvenkeelNotWatched", Severity: Ticket, For: 2 * time.Minute,
			Expr:        fmt.Sprintf("time() - %s > 180\nand %s", most(series.LastPass), leads),
			Summary:     "Control plane " + who + " is not being watched",
			Description: "An operator leads, and its last pass over " + who + " ended {{ $value | humanizeDuration }} ago. " + idle,
		},
		{
			// A new leader has told of a pass over the last of a thousand profiles within a minute.
			Name: "EvenkeelNotWatched", Severity: Ticket, For: 5 * time.Minute, KeepFor: 5*time.Minute + stays,
			Expr:        fmt.Sprintf("%s\nunless %s\nand %s", most(series.Target), most(series.LastPass), leads),
			Summary:     "Control plane " + who + " is not being watched",
			Description: "An operator leads, and none of its passes over " + who + " has ended. " + idle,
		},
		{
			Name: "EvenkeelPassesHeld", Severity: Ticket, For: 10 * time.Minute, KeepFor: 10*time.Minute + stays,
			Expr:        fmt.Sprintf("%s == 0\nand %s == -1", condition(v1alpha1.ConditionReady), condition(v1alpha1.ConditionObserved)),
			Summary:     "Evenkeel cannot do anything for " + who,
			Description: "Every pass over " + who + " ends before it has seen anything: its target or its access is not there. " + idle,
		},
	}
}
