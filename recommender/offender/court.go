// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"cmp"
	"slices"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// court is what is judged by: samples in a row and what is usual.
type court struct {
	// samples have no holdings that are ignored.
	samples   []plane.Sample
	baselines map[string]plane.Baseline
	known     Known
}

// Part is a part of a client that stands for several.
type Part struct {
	Name string
	// Requests and Seats are those in the last sample, Seats with those waited for.
	Requests, Seats int
	// members counts the clients in it.
	members int
	client  plane.Client
	// by are its seats in each sample.
	by []int
}

// suspect is a client as one description sees it.
type suspect struct {
	client plane.Client
	// held is in the last sample; level and schema are those of its heaviest part.
	held    plane.Held
	parts   map[string]*Part
	schemas map[string]bool
	heavy   int
}

func newCourt(samples []plane.Sample, baselines map[string]plane.Baseline, known Known) *court {
	c := &court{baselines: baselines, known: known}
	for _, s := range samples {
		s.Held = slices.DeleteFunc(slices.Clone(s.Held), func(h plane.Held) bool { return known.Standing(h) == Ignored })
		c.samples = append(c.samples, s)
	}
	return c
}

func (c *court) last() plane.Sample { return c.samples[len(c.samples)-1] }

func (c *court) span() time.Duration { return c.last().Time.Sub(c.samples[0].Time) }

func (c *court) fresh(now time.Time) bool {
	return now.Sub(c.samples[0].Time) <= sampleAge && now.Sub(c.last().Time) <= freshest
}

// judge is the verdict on the heaviest suspects of one rung, who must hold the least
// share between them.
func (c *court) judge(r rung, least float64) []Verdict {
	var found []Verdict
	together := 0.0
	suspects := c.suspects(r)
	for _, s := range suspects[:min(r.most, len(suspects))] {
		v, ok := c.against(s)
		if !ok || r.most > 1 && v.Share < clearPart {
			continue
		}
		if r.dear {
			if v.Cost = c.known.Cost(s.client); !(v.Cost >= dearCost) {
				continue
			}
		}
		found = append(found, v)
		together += v.Share
	}
	if len(found) < min(r.most, 2) || together < least {
		return nil
	}
	for i := range found {
		found[i].Among, found[i].Together = len(found), together
	}
	return found
}

// suspects are the clients of the last sample as the rung describes them, the
// heaviest first. What they are made of is seen in all samples, as short requests
// are not in each.
func (c *court) suspects(r rung) []suspect {
	seen := map[plane.Client]*suspect{}
	for i, sample := range c.samples {
		for _, h := range sample.Held {
			wider, ok := r.of(h.Client)
			if !ok || c.known.Standing(h) != Judged {
				continue
			}
			s := seen[wider]
			if s == nil {
				s = &suspect{client: wider, parts: map[string]*Part{}, schemas: map[string]bool{}}
				seen[wider] = s
			}
			s.add(h, r.part(h.Client), i, len(c.samples))
		}
	}
	var all []suspect
	for _, s := range seen {
		if s.narrowed(r) {
			all = append(all, *s)
		}
	}
	slices.SortFunc(all, func(a, b suspect) int {
		return cmp.Or(cmp.Compare(weight(b.held), weight(a.held)), cmp.Compare(a.client.String(), b.client.String()))
	})
	return all
}

func (s *suspect) add(h plane.Held, name string, i, samples int) {
	p := s.parts[name]
	if p == nil {
		p = &Part{Name: name, client: h.Client, by: make([]int, samples)}
		s.parts[name] = p
	}
	p.members = max(p.members, h.Members, 1)
	p.by[i] += weight(h)
	if i < samples-1 {
		return
	}
	p.Requests += h.Executing + h.Waiting
	p.Seats += weight(h)
	s.schemas[h.Schema] = true
	if weight(h) > s.heavy || s.held.Schema == "" {
		s.heavy, s.held.Level, s.held.Schema = weight(h), h.Level, h.Schema
	}
	s.held.Executing += h.Executing
	s.held.Waiting += h.Waiting
	s.held.Seats += h.Seats
	s.held.Width = max(s.held.Width, h.Width)
	s.held.Client = s.client
}

// narrowed says no to a description that is wider than what it is made of, where
// that was judged on a rung before, and narrows it where several are judged at once.
func (s *suspect) narrowed(r rung) bool {
	if s.members() > 1 {
		return true
	}
	for _, p := range s.parts {
		if p.client != s.client && r.most == 1 {
			return false
		}
		s.client = p.client
	}
	return true
}

func (s *suspect) members() int {
	n := 0
	for _, p := range s.parts {
		n += p.members
	}
	return n
}

// against is the case against one suspect.
func (c *court) against(s suspect) (Verdict, bool) {
	last := c.last()
	v := Verdict{
		Client: s.client, Level: s.held.Level, Schema: s.held.Schema, Width: s.held.Width,
		Seats: weight(s.held), Requests: s.held.Executing + s.held.Waiting, Share: 1,
		Samples: len(c.samples), Span: c.span(), Replicas: last.Replicas,
		CalmHeld: c.calm(s), Members: s.members(),
	}
	if v.Requests < leastHeld || v.CalmHeld >= 0 && float64(v.Requests) < overBaseline*v.CalmHeld {
		return v, false
	}
	totals := make([]int, len(c.samples))
	for i, sample := range c.samples {
		own, all := c.holding(sample, s.client)
		if all == 0 || behind(sample, s.client) {
			return v, false
		}
		v.Share = min(v.Share, float64(own)/float64(all))
		v.Total, totals[i] = all, all
	}
	for _, p := range s.parts {
		// One part that holds the majority was judged by itself before, and acquitted.
		if p.members == 1 && p.client != s.client && p.majority(totals) {
			return v, false
		}
		v.Parts = append(v.Parts, *p)
	}
	slices.SortFunc(v.Parts, func(a, b Part) int { return cmp.Or(cmp.Compare(b.Seats, a.Seats), cmp.Compare(a.Name, b.Name)) })
	v.OthersWaiting, v.OldestWait = othersWaiting(last, s.client)
	return v, true
}

// majority tells whether the part alone holds most of the seats in every sample.
func (p *Part) majority(totals []int) bool {
	for i, total := range totals {
		if float64(p.by[i]) < majority*float64(total) {
			return false
		}
	}
	return true
}

// calm is the calm mean of requests in work of the suspect's flow schemas, negative
// while none of them is known.
func (c *court) calm(s suspect) float64 {
	calm := -1.0
	for schema := range s.schemas {
		if b := c.baselines[schema]; b.Weight >= trustedWeight {
			calm = max(calm, 0) + b.Held
		}
	}
	return calm
}

func (c *court) holding(s plane.Sample, client plane.Client) (own, all int) {
	for _, h := range s.Held {
		all += weight(h)
		if client.Covers(h.Client) && c.known.Standing(h) == Judged {
			own += weight(h)
		}
	}
	return own, all
}
