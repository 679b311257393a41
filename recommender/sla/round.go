// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import "time"

// Result is what came of one probe.
type Result string

// What can come of a probe.
const (
	// Served: answered in time, with what was asked for.
	Served Result = "Served"
	// Late: answered after its objective.
	Late Result = "Late"
	// Refused: answered with 429.
	Refused Result = "Refused"
	// Failed: not answered in time, or with a 5xx, or not reached.
	Failed Result = "Failed"
	// Denied: answered that Evenkeel may not ask this. Whether others are served is not known.
	Denied Result = "Denied"
)

// Phase is how far a probe came.
type Phase string

// The phases of a probe, in their order.
const (
	Dial Phase = "Dial"
	TLS  Phase = "TLS"
	// Wait is for the first byte: requests that wait in a queue wait here.
	Wait Phase = "Wait"
	Body Phase = "Body"
	Done Phase = "Done"
)

// Question is what a probe asks.
type Question string

// What is asked.
const (
	// Ready asks for readiness, which no queue holds up.
	Ready Question = "Ready"
	// Read reads one small object.
	Read Question = "Read"
	// Write writes one small object of Evenkeel's own.
	Write Question = "Write"
)

// Probe is one question and what came of it.
type Probe struct {
	// Replica is whom it was asked; empty for the tenant's balancer.
	Replica  string
	Question Question
	Result   Result
	Phase    Phase
	At       time.Time
	Took     time.Duration
	// Code is the status that it was answered with; 0 where it was not.
	Code int
	// Silent is whether nothing came back at all, not even a refusal of the connection.
	Silent bool
	// Unasked is whether it has failed before anything left, as the address could not be looked
	// up here: that says nothing of whom it was for.
	Unasked bool
	// Why is what went wrong, in words.
	Why string
}

// Verdict is what a round of probes says of a control plane.
type Verdict string

// What a round can say.
const (
	// Up: requests are served.
	Up Verdict = "Up"
	// Down: they are not.
	Down Verdict = "Down"
	// Blind: it is not known.
	Blind Verdict = "Blind"
)

// Judge says what a round of probes of one control plane means. What the balancer answers
// is what users get: a read or a write that fails there is an outage; one that is refused
// with 429 was answered. Where nothing was asked of a balancer, or could be, or it turns Evenkeel
// itself away, the replicas tell: one that serves is enough, but where a write fails at one that
// reads, as what all of them write to is the same.
func Judge(round []Probe) (v Verdict, why string) {
	if v, why = judge(round, func(p Probe) bool { return p.Replica == "" && p.Question != Ready }); v == Down {
		return Down, why
	}
	if v == Up {
		return Up, ""
	}
	if why = unwritten(round); why != "" {
		return Down, why
	}
	return judgeReplicas(round)
}

// unwritten is why a replica that reads does not write; empty where there is none.
func unwritten(round []Probe) string {
	reads := map[string]bool{}
	for _, p := range round {
		if p.Question == Read && (p.Result == Served || p.Result == Late) {
			reads[p.Replica] = true
		}
	}
	for _, p := range round {
		if p.Question == Write && p.Result == Failed && p.Replica != "" && reads[p.Replica] {
			return p.Why
		}
	}
	return ""
}

// judgeReplicas is the verdict of the replicas: up where one serves.
func judgeReplicas(round []Probe) (v Verdict, why string) {
	v = Blind
	asked := map[string]bool{"": true}
	for _, p := range round {
		if asked[p.Replica] {
			continue
		}
		asked[p.Replica] = true
		switch one, whyOne := judge(round, func(o Probe) bool { return o.Replica == p.Replica }); {
		case one == Up:
			return Up, ""
		case one == Down && v == Blind:
			v, why = Down, whyOne
		}
	}
	return v, why
}

// judge is the verdict of some probes of a round: down where one failed that was asked, up where
// one was answered and none failed.
func judge(round []Probe, which func(Probe) bool) (v Verdict, why string) {
	v = Blind
	for _, p := range round {
		if !which(p) || p.Unasked {
			continue
		}
		switch p.Result {
		case Failed:
			return Down, p.Why
		case Served, Late, Refused:
			v = Up
		case Denied:
		}
	}
	return v, ""
}
