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

// delay takes the times by scope: of all classes together, as the SLO is for all.
func (t *tally) delay(p *page.Page) {
	for i := range t.delays {
		d := &t.delays[i]
		d.upper, d.within, d.requests = d.upper[:0], d.within[:0], 0
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

// delays are how long the requests took that ended between the two pages.
func (s *since) delays() (all []plane.Delays) {
	for i, scope := range scopes {
		was, is := &s.before.delays[i], &s.after.delays[i]
		if is.requests == was.requests || len(was.upper) > 0 && !slices.Equal(was.upper, is.upper) {
			continue
		}
		d := plane.Delays{Scope: scope, Upper: slices.Clone(is.upper), Requests: s.minus(is.requests, was.requests)}
		for b, within := range is.within {
			before := 0.0
			if len(was.within) > 0 {
				before = was.within[b]
			}
			d.Within = append(d.Within, s.minus(within, before))
		}
		all = append(all, d)
	}
	return all
}
