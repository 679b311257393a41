// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"strings"
)

// phase is what holds for a time. What does not stand is as in calm.
type phase struct {
	For   span `json:"for"`
	Fault bool `json:"fault"`
	// Closely is whether it is scraped and evaluated as often as ever, in stories that are not.
	Closely bool `json:"closely"`
	// Note says what happens.
	Note string `json:"note"`

	// look is what every operator replica meets with, Standby what one that does not lead does
	// where that is something else.
	look
	Standby *standby `json:"standby"`
	traffic
	// Waits is the seconds that a request waits in queues, Bytes those of answers in a second.
	Waits float64  `json:"waits"`
	Bytes *float64 `json:"bytes"`
	// Gauges are set: "3", "in 13d" and "ago 1h" are moments from the phase's begin, "5e9 +
	// 20000/s" grows. Counters grow so much in a second; Once are added as the phase begins.
	Gauges   map[string]string  `json:"gauges"`
	Counters map[string]float64 `json:"counters"`
	Once     map[string]float64 `json:"once"`

	operators
	// Prometheus is down where it is.
	Prometheus string `json:"prometheus"`
	// Passes are none where none over it comes to its end.
	Passes string `json:"passes"`
	// Ledger is unread where who begins to lead cannot read it.
	Ledger string `json:"ledger"`
	// Deleted is where its profile is, and the operator tells nothing of it.
	Deleted bool `json:"deleted"`

	// Own is what the tenant's own series tell.
	Own own `json:"own"`
}

// operators is how the operator's replicas are.
type operators struct {
	// Runs are those that run, evenkeel-0 and evenkeel-1 where nothing stands, or none; one
	// that comes back has forgotten what it knew. Leader is the one that leads, evenkeel-0
	// where nothing stands, or none.
	Runs   string `json:"runs"`
	Leader string `json:"leader"`
	// Host is down where the host cluster's API is: no replica hears another. Points are the
	// vantage points that see, where that is something else than those that are heard.
	Host   string `json:"host"`
	Points string `json:"points"`
}

// look is what an operator replica meets with when it asks.
type look struct {
	// Rounds are the verdicts of rounds, one after the other and over again: up, down, blind.
	Rounds string `json:"rounds"`
	// Balancer and Replica are what comes of probes there: a result, and of which share of
	// them where not of all, as in "late 0.5".
	Balancer string `json:"balancer"`
	Replica  string `json:"replica"`
}

// standby is what one meets with that does not lead. Cut is where it neither hears the others
// nor is heard, as its own way to the host cluster's API is broken.
type standby struct {
	look
	Cut bool `json:"cut"`
}

// traffic is how many requests there are in a second, and which shares of them fail, are shed
// and are slow.
type traffic struct {
	Requests *float64 `json:"requests"`
	Failed   *float64 `json:"failed"`
	Shed     *float64 `json:"shed"`
	Slow     *float64 `json:"slow"`
}

// own is what the tenant's apiservers tell of themselves; what does not stand is as the
// operator sees it.
type own struct {
	// Gone is where the targets vanish, Down where they are not reached.
	Gone bool `json:"gone"`
	Down bool `json:"down"`
	traffic
	// Reads and Writes tell them apart.
	Reads  traffic `json:"reads"`
	Writes traffic `json:"writes"`
	// Scopes are those that are read, all where nothing stands.
	Scopes []string `json:"scopes"`
}

// pods are the operator's replicas where a fixture names none.
var pods = []string{"evenkeel-0", "evenkeel-1"}

// runs are the operator replicas that run.
func (o operators) runs() []string {
	switch o.Runs {
	case "":
		return pods
	case "none":
		return nil
	default:
		return strings.Fields(o.Runs)
	}
}

// leader is the operator replica that leads; one that does not run leads nobody.
func (o operators) leader() string {
	if o.Leader == "" {
		return pods[0]
	}
	return o.Leader
}

// met is what an operator replica meets with.
func (p phase) met(pod string) look {
	if p.Standby != nil && pod != p.leader() {
		return p.Standby.look
	}
	return p.look
}

// hears tells whether an operator replica knows what another one sees.
func (p phase) hears(pod, other string) bool {
	cut := p.Standby != nil && p.Standby.Cut && (pod != p.leader() || other != p.leader())
	return p.Host != "down" && !cut
}

// merged is a phase with what holds in all of them.
func merged(base, p phase) phase {
	out := p
	out.Requests, out.Failed = first(p.Requests, base.Requests), first(p.Failed, base.Failed)
	out.Shed, out.Slow, out.Bytes = first(p.Shed, base.Shed), first(p.Slow, base.Slow), first(p.Bytes, base.Bytes)
	if len(p.Own.Scopes) == 0 {
		out.Own.Scopes = base.Own.Scopes
	}
	out.Own.Writes.Requests = first(p.Own.Writes.Requests, base.Own.Writes.Requests)
	if len(base.Gauges) > 0 {
		out.Gauges = maps.Clone(base.Gauges)
		maps.Copy(out.Gauges, p.Gauges)
	}
	return out
}
