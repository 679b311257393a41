// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"evenkeel.dev/evenkeel/operator/observe/page"
	"evenkeel.dev/evenkeel/recommender/plane"
)

type flowKey struct{ level, schema string }

// flowCounts is one flow schema on a page: counters since the process began, and
// gauges.
type flowCounts struct {
	requests, exec, wait, rejected float64
	executing, waiting             int
}

// tally is what a page says, as far as the next page is compared with it.
type tally struct {
	// start is when the process began, in seconds since 1970; cpu is the time that it
	// has used, and etcd the time that its requests to etcd have taken, in seconds.
	start, cpu, etcd float64
	limits           map[string]plane.LevelLoad
	flows            map[flowKey]flowCounts
	served           map[plane.Class]plane.Work
	delays           [len(scopes)]delays
	heartbeats       delays
	answers          plane.Answers // but Watches since the process began
}

// take replaces the tally by what the page says, in the same memory.
func (t *tally) take(p *page.Page) {
	if t.limits == nil {
		t.limits, t.flows, t.served = map[string]plane.LevelLoad{}, map[flowKey]flowCounts{}, map[plane.Class]plane.Work{}
	}
	clear(t.limits)
	clear(t.flows)
	clear(t.served)
	t.start, _ = p.First(startSeconds)
	t.cpu, _ = p.First(cpuSeconds)
	t.etcd = 0
	for _, s := range p.Series(etcdSeconds) {
		t.etcd += s.Value
	}
	t.level(p, nominalSeats, func(l *plane.LevelLoad, value float64) { l.Nominal = count(value) })
	t.level(p, currentSeats, func(l *plane.LevelLoad, value float64) { l.Current = count(value) })
	t.level(p, demandSeats, func(l *plane.LevelLoad, value float64) { l.Demand = amount(value) })
	t.each(p, executingSeats, func(c *flowCounts, s page.Series) { c.executing += count(s.Value) })
	t.each(p, inqueueRequests, func(c *flowCounts, s page.Series) { c.waiting += count(s.Value) })
	t.each(p, rejectedTotal, func(c *flowCounts, s page.Series) { c.rejected += s.Value })
	t.each(p, executionSeconds, func(c *flowCounts, s page.Series) {
		c.requests += float64(s.Count)
		c.exec += s.Value
	})
	t.each(p, waitSeconds, func(c *flowCounts, s page.Series) { c.wait += s.Value })
	t.serve(p)
	t.delay(p)
	t.beat(p)
	t.answers = answered(p)
}

// level takes one gauge of every level.
func (t *tally) level(p *page.Page, family int, set func(*plane.LevelLoad, float64)) {
	for _, s := range p.Series(family) {
		l := t.limits[s.Labels[0]]
		l.Name = s.Labels[0]
		set(&l, s.Value)
		t.limits[s.Labels[0]] = l
	}
}

func (t *tally) each(p *page.Page, family int, add func(*flowCounts, page.Series)) {
	for _, s := range p.Series(family) {
		key := flowKey{s.Labels[0], s.Labels[1]}
		c := t.flows[key]
		add(&c, s)
		t.flows[key] = c
	}
}

// since is what happened between two pages. fell counts counters that went
// backwards and were taken as unchanged.
type since struct {
	before, after *tally
	fell          int
}

// same is true when both pages are of one process. Where the process does not
// tell when it began, none of its counters may have fallen.
func (s *since) same() bool {
	if s.before.start != s.after.start || s.before.flows == nil {
		return false
	}
	if s.after.start != 0 {
		return true
	}
	for key := range s.after.flows {
		s.delta(key)
	}
	same := s.fell == 0
	s.fell = 0
	return same
}

// delta is a flow's counters over the window. A flow that the page before did not
// have began at 0.
func (s *since) delta(key flowKey) flowCounts {
	was, is := s.before.flows[key], s.after.flows[key]
	return flowCounts{
		requests: s.minus(is.requests, was.requests),
		exec:     s.minus(is.exec, was.exec),
		wait:     s.minus(is.wait, was.wait),
		rejected: s.minus(is.rejected, was.rejected),
	}
}

func (s *since) minus(is, was float64) float64 {
	d := is - was
	if d < 0 || math.IsNaN(d) || math.IsInf(d, 0) {
		s.fell++
		return 0
	}
	return d
}

// loads are the levels and flows of the later page, sorted by name. Counters are
// over the window if counted, else 0. Levels that were deleted are still on the
// page, and are listed.
func (s *since) loads(counted bool) ([]plane.LevelLoad, []plane.FlowLoad) {
	byName := maps.Clone(s.after.limits)
	flows := make([]plane.FlowLoad, 0, len(s.after.flows))
	for key, c := range s.after.flows {
		f := plane.FlowLoad{Level: key.level, Schema: key.schema, Executing: c.executing, Waiting: c.waiting}
		if counted {
			d := s.delta(key)
			f.Requests, f.ExecSeconds, f.WaitSeconds, f.Rejected = d.requests, d.exec, d.wait, d.rejected
		}
		flows = append(flows, f)
		l := byName[key.level]
		l.Name = key.level
		l.Executing += f.Executing
		l.Waiting += f.Waiting
		l.Rejected += f.Rejected
		byName[key.level] = l
	}
	levels := make([]plane.LevelLoad, 0, len(byName))
	for _, l := range byName {
		levels = append(levels, l)
	}
	slices.SortFunc(levels, func(a, b plane.LevelLoad) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(flows, func(a, b plane.FlowLoad) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Schema, b.Schema))
	})
	return levels, flows
}
