// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"slices"
	"strings"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// littleWork is the part of all work below which a kind of request cannot be what
	// does the harm.
	littleWork = 0.1
)

// acquitted tells whether a client only seems to hold the seats: its requests stay for
// long because they are slow, and not because there are many or because they are dear.
// What was served of its kind, at the pace of a calm day, is a small part of all that
// was. It is not acquitted of what nothing is known about.
func (d *pass) acquitted(c plane.Client) bool {
	var own, all float64
	for _, r := range d.seen.Replicas {
		if !r.Ready {
			continue
		}
		for _, s := range r.Served {
			b := d.memory.Line.Baselines[s.Class]
			if b.Weight < plane.TrustedWindows {
				all += s.Seconds
				continue
			}
			work := s.Requests * b.Mean
			all += work
			if sameKind(s.Class, c) {
				own += work
			}
		}
	}
	return own > 0 && own < littleWork*all
}

// metricVerbs are the apiserver's words in its metrics for a request's verb.
var metricVerbs = map[string][]string{
	"get": {"GET"}, "list": {"LIST"}, "create": {"POST"}, "update": {"PUT"}, "patch": {"PATCH", "APPLY"},
	"delete": {"DELETE"}, "deletecollection": {"DELETECOLLECTION"},
}

// sameKind tells whether requests of a class are of the kind that a client makes. Of a
// wide description, of all verbs or resources, nothing can be told.
func sameKind(class plane.Class, c plane.Client) bool {
	resource, subresource, _ := strings.Cut(c.Resource, "/")
	if class.Group != c.Group || class.Resource != resource || class.Subresource != subresource || resource == "" {
		return false
	}
	if clusterWide := class.Scope == "cluster"; clusterWide == c.Namespaced && c.Verb == "list" {
		return false
	}
	for verb := range strings.SplitSeq(c.Verb, ",") {
		if slices.Contains(metricVerbs[verb], class.Verb) {
			return true
		}
	}
	return false
}
