// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rules is what is to be said about the series of the operator, and when: the
// alerts, and the recording rules that they rest on, as data. The rule files below
// manifests/monitoring are written from it.
//
// Every expression is built with the names of package series, so that a misspelled one does
// not compile. Alerts about a control plane have its labels, namespace and name, whichever
// operator replica told the series: gauges are the most of all replicas', counters the sum of
// their rates. Whoever leads tells them all, the others whether a control plane is down. So a replica that restarts, or leads no longer, changes nothing but the few
// seconds in which nobody leads, for which alerts stay.
package rules

import "time"

// Severity says who is to do something, and when.
type Severity string

// The severities.
const (
	// Page wakes a person: a tenant is harmed now, or nobody would notice.
	Page Severity = "page"
	// Ticket is for the next working day.
	Ticket Severity = "ticket"
	// Info is for a dashboard, and explains an alert beside it.
	Info Severity = "info"
)

// Alert is one rule that fires. More than one may have the same name, with another severity
// or window: they are one thing to a person, and have one runbook.
type Alert struct {
	// Name begins with Evenkeel.
	Name string
	Expr string
	// For is how long Expr must hold, KeepFor how long the alert stays after it did.
	For, KeepFor time.Duration
	Severity     Severity
	// Summary is one line, Description says what it means for the tenant. Both are templates.
	Summary, Description string
}

// Runbook is where it stands what to do, from the root of the repository.
func (a Alert) Runbook() string { return "docs/runbooks/" + a.Name + ".md" }

// Recording is one rule that records.
type Recording struct {
	// Name is of the form level:what:how, as is usual.
	Name string
	Expr string
	// Labels are set on what is recorded.
	Labels map[string]string
}

// Group is a number of rules that are evaluated one after the other, at the same time:
// Recordings come first.
type Group struct {
	Name       string
	Every      time.Duration
	Recordings []Recording
	Alerts     []Alert
}

// Groups are all of them, in the order in which they rest on each other.
func Groups() []Group {
	return []Group{
		{Name: "evenkeel.now", Every: nowEvery, Alerts: join(staying(outage()), operator(), staying(join(watched(), etcdNow())))},
		{Name: "evenkeel.burn", Every: burnEvery, Recordings: shortWindows(), Alerts: staying(burning(fast))},
		{Name: "evenkeel.steps", Every: stepEvery, Recordings: steps()},
		{Name: "evenkeel.state", Every: stateEvery, Alerts: staying(join(balancer(), load(), etcdState(), certificates(), offenders(), promises(), care()))},
		{Name: "evenkeel.slow", Every: slowEvery, Recordings: longWindows(), Alerts: staying(burning(slow))},
	}
}

// Alerts are those of all groups.
func Alerts() (all []Alert) {
	for _, g := range Groups() {
		all = append(all, g.Alerts...)
	}
	return all
}

// How often groups are evaluated: what pages within a minute as often as it is scraped, what
// looks at days every few minutes. Windows of days sum up what is recorded every stepEvery,
// and count by it: the group of the steps must not be evaluated at another interval.
const (
	nowEvery   = 15 * time.Second
	burnEvery  = 30 * time.Second
	stepEvery  = time.Minute
	stateEvery = time.Minute
	slowEvery  = 5 * time.Minute
)

// staying are alerts that do not end because the leader did: what it tells of a control plane
// ends with its process and begins again with the next leader, and what calls somebody must not
// call twice for that. An info calls nobody.
func staying(alerts []Alert) []Alert {
	for i := range alerts {
		if alerts[i].KeepFor == 0 && alerts[i].Severity != Info {
			alerts[i].KeepFor = stays
		}
	}
	return alerts
}

func join(lists ...[]Alert) (all []Alert) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
