// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"

	"evenkeel.dev/evenkeel/operator/observe/page"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// scopes are those that the apiserver's metrics know, and maxBounds how many bounds of a
// histogram are looked at: Kubernetes has 21.
var scopes = [...]string{"resource", "namespace", "cluster"}

const maxBounds = 64

// streamed are the subresources whose requests last for as long as the client likes,
// whatever the verb.
var streamed = []string{"attach", "exec", "log", "portforward", "proxy"}

// delays are how long the requests of one scope have taken since the process began.
type delays struct {
	upper, within []float64
	requests      float64
}

// heartbeatLevels are the levels that hold nothing but requests of single objects by
// which nodes and elected leaders stay what they are.
var heartbeatLevels = []string{"node-high", "leader-election"}

// beat takes the times of the heartbeats.
func (t *tally) beat(p *page.Page) {
	t.heartbeats.clear()
	for n, s := range p.Series(executionSeconds) {
		if slices.Contains(heartbeatLevels, s.Labels[0]) {
			t.heartbeats.add(s, p.Buckets(executionSeconds, n))
		}
	}
}

func (d *delays) clear() { d.upper, d.within, d.requests = d.upper[:0], d.within[:0], 0 }

// delay takes the times by scope: of all classes together, as the SLO is for all.
func (t *tally) delay(p *page.Page) {
	for i := range t.delays {
		t.delays[i].clear()
	}
	for n, s := range p.Series(servedSeconds) {
		i := slices.Index(scopes[:], s.Labels[4])
		if i < 0 || slices.Contains(unlimited, s.Labels[0]) || slices.Contains(streamed, s.Labels[3]) {
			continue
		}
		t.delays[i].add(s, p.Buckets(servedSeconds, n))
	}
}

// add adds a series; one with other bounds than the first is left out.
func (d *delays) add(s page.Series, buckets []page.Bucket) {
	if len(d.upper) == 0 && len(buckets) <= maxBounds {
		for _, b := range buckets {
			d.upper, d.within = append(d.upper, b.Upper), append(d.within, 0)
		}
	}
	if len(buckets) == 0 || len(buckets) != len(d.upper) {
		return
	}
	for i, b := range buckets {
		if b.Upper != d.upper[i] {
			return
		}
	}
	for i, b := range buckets {
		d.within[i] += float64(b.Count)
	}
	d.requests += float64(s.Count)
}

// delays are how long the requests took that ended between the two pages, by scope.
func (s *since) delays() (all []plane.Delays) {
	for i, scope := range scopes {
		if d, any := s.took(scope, &s.before.delays[i], &s.after.delays[i]); any {
			all = append(all, d)
		}
	}
	return all
}

// heartbeats are how long those took that ended between the two pages.
func (s *since) heartbeats() plane.Delays {
	d, _ := s.took("resource", &s.before.heartbeats, &s.after.heartbeats)
	return d
}

// took is what has come to a histogram; any is false where nothing has, or where its
// bounds are others than before.
func (s *since) took(scope string, was, is *delays) (d plane.Delays, any bool) {
	if is.requests == was.requests || len(was.upper) > 0 && !slices.Equal(was.upper, is.upper) {
		return d, false
	}
	d = plane.Delays{Scope: scope, Upper: slices.Clone(is.upper), Requests: s.minus(is.requests, was.requests)}
	for b, within := range is.within {
		before := 0.0
		if len(was.within) > 0 {
			before = was.within[b]
		}
		d.Within = append(d.Within, s.minus(within, before))
	}
	return d, true
}
