// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// keptHistory is what is kept of what was told of, between passes.
type keptHistory struct {
	nodes map[string]nodeState
	down  bool
	since time.Time
}

// remember keeps what this pass has seen for whoever looks at the dashboard.
func (p *pass) remember(s ledger.Standing) {
	if p.r.History == nil {
		return
	}
	sample := history.None()
	sample.Verdict = map[sla.Verdict]history.Verdict{sla.Up: history.Up, sla.Down: history.Down, sla.Blind: history.Blind}[s.Verdict]
	sample.Ready = int16(min(p.status.ReadyReplicas, 100)) //nolint:gosec // bounded
	if s.Probe > 0 {
		sample.Probe = float32(s.Probe.Seconds())
	}
	if p.fault == nil {
		p.sampleSeats(&sample)
		p.sampleRequests(&sample)
		p.sampleSizes(&sample)
	}
	p.r.History.Add(p.key(), p.now, sample)
	p.rememberNodes()
	p.rememberOutage(s)
}

// sampleSeats is of the seats.
func (p *pass) sampleSeats(s *history.Sample) {
	waiting, seen := 0, false
	for _, r := range p.snapshot.Replicas {
		for _, l := range r.Levels {
			waiting, seen = waiting+l.Waiting, true
		}
	}
	if line := p.plan.LoadLine; seen && line.Ceiling > 0 {
		s.Used, s.LoadLine, s.Ceiling, s.Waiting = float32(line.Used), float32(line.Seats), float32(line.Ceiling), float32(waiting)
	}
}

// sampleRequests is of what became of requests, once every ready replica has a window: of a
// part of them the figures would be too low. What was refused to jailed clients is left out.
func (p *pass) sampleRequests(s *history.Sample) {
	var lists, single plane.Delays
	var requests, failed, shed float64
	seen := int32(0)
	for _, r := range p.snapshot.Replicas {
		window := r.Window.Seconds()
		if window <= 0 {
			continue
		}
		if r.Ready {
			seen++
		}
		sums, _ := servedBy(r, map[string]float64{})
		requests, failed, shed = requests+sums.Requests/window, failed+sums.Failed/window, shed+sums.Shed/window
		for _, d := range r.Delays {
			switch d.Scope {
			case "resource":
				single = single.Plus(d)
			case "namespace", "cluster":
				lists = lists.Plus(d)
			}
		}
	}
	if seen == 0 || seen < p.status.ReadyReplicas {
		return
	}
	s.Requests, s.Failed, s.Shed = float32(requests), float32(failed), float32(shed)
	const high = 0.99
	if single.Requests > 0 {
		s.OneP99 = float32(single.Quantile(high))
	}
	if lists.Requests > 0 {
		s.ListP99 = float32(lists.Quantile(high))
	}
}

// sampleSizes is of what the apiservers use and request together.
func (p *pass) sampleSizes(s *history.Sample) {
	var used, requested plane.Amounts
	n, known := 0, 0
	for _, pod := range p.snapshot.Sizes.Pods {
		if pod.Component != sizing.APIServer {
			continue
		}
		n++
		requested.CPU, requested.Memory = requested.CPU+pod.Requested.CPU, requested.Memory+pod.Requested.Memory
		if !pod.Used.At.IsZero() {
			known++
			used.CPU, used.Memory = used.CPU+pod.Used.CPU, used.Memory+pod.Used.Memory
		}
	}
	if n > 0 {
		s.CPURequested, s.MemoryRequested = float32(requested.CPU), float32(requested.Memory)
	}
	if n > 0 && known == n {
		s.CPU, s.Memory = float32(used.CPU), float32(used.Memory)
	}
}

// rememberNodes tells what has changed of the nodes that carry the control plane.
func (p *pass) rememberNodes() {
	var names []string
	for _, n := range p.kept.host.Nodes {
		names = append(names, n.Name)
	}
	is := p.r.fleet.nodes.states(names)
	for _, e := range nodeNews(p.kept.told.nodes, is, names) {
		e.At = p.now
		p.r.History.Note(p.key(), e)
	}
	p.kept.told.nodes = is
}

// rememberOutage tells of the beginning and the end of an outage.
func (p *pass) rememberOutage(s ledger.Standing) {
	k := &p.kept.told
	switch {
	case s.Verdict == sla.Down && !k.down && !s.DownFrom.IsZero():
		k.down, k.since = true, s.DownFrom
		p.r.History.Note(p.key(), history.Event{At: s.DownFrom, Kind: history.Outage, Title: "Down", Message: s.Why, Bad: true})
	case s.Verdict == sla.Up && k.down:
		k.down = false
		p.r.History.Note(p.key(), history.Event{At: p.now, Kind: history.Outage, Title: "Up", Message: "it serves again, after " + p.now.Sub(k.since).Round(time.Second).String()})
	}
}

// rememberDecision tells of a decision, and later of what came of it.
func (p *pass) rememberDecision(d *v1alpha1.DecisionStatus) {
	e := history.Event{
		At: d.Time.Time, Kind: history.Decision, Title: d.Reason, Message: d.Message, Evidence: d.Evidence, Outcome: d.Outcome,
		Applied: d.Applied, Bad: !d.Applied && d.Outcome != shownOnly, Effect: history.Effect{Before: d.BudgetBefore, After: d.BudgetAfter},
	}
	if d.Applied {
		e.AppliedAt = appliedAt(d)
	}
	p.r.History.Note(p.key(), e)
}
