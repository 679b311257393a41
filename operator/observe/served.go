// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"
	"strings"

	"evenkeel.dev/evenkeel/operator/observe/page"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// mostClasses bounds the kinds of requests that are told apart on one replica. A
// Kubernetes of its own has a few hundred; a tenant may have thousands of kinds, and a
// server that is not trusted any number. Those past it are left out.
const mostClasses = 2000

// unlimited are the verbs whose requests last for as long as the client likes.
var unlimited = []string{"WATCH", "CONNECT"}

// serve takes the times by class. A class has a series for each version of its API.
func (t *tally) serve(p *page.Page) {
	for _, s := range p.Series(servedSeconds) {
		c := plane.Class{Verb: s.Labels[0], Group: s.Labels[1], Resource: s.Labels[2], Subresource: s.Labels[3], Scope: s.Labels[4]}
		if slices.Contains(unlimited, c.Verb) || slices.ContainsFunc(s.Labels[:], func(l string) bool { return strings.Contains(l, " ") }) {
			continue
		}
		w, known := t.served[c]
		if !known && len(t.served) >= mostClasses {
			continue
		}
		w.Requests += float64(s.Count)
		w.Seconds += s.Value
		t.served[c] = w
	}
}

// served is what was served between the two pages, in no order.
func (s *since) served() []plane.Served {
	var out []plane.Served
	for c, is := range s.after.served {
		was := s.before.served[c]
		if is.Requests == was.Requests {
			continue
		}
		out = append(out, plane.Served{Class: c, Requests: s.minus(is.Requests, was.Requests), Seconds: s.minus(is.Seconds, was.Seconds)})
	}
	return out
}
