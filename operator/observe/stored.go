// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"evenkeel.dev/evenkeel/operator/observe/page"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// stored is what etcd holds, by the counts that the replica takes once a minute; a kind
// that it could not count is left out.
func stored(p *page.Page) (s plane.Stored) {
	count := func(group, resource string, n float64) {
		switch {
		case group == "" && resource == "nodes":
			s.Nodes += n
		case group == "" && resource == "pods":
			s.Pods += n
		default:
			s.Objects += n
		}
	}
	if objects := p.Series(storedObjects); len(objects) > 0 {
		for _, o := range objects {
			count(o.Labels[0], o.Labels[1], amount(o.Value))
		}
	} else {
		for _, o := range p.Series(storedBefore) {
			count("", o.Labels[0], amount(o.Value)) // here kinds of a group are kind.group
		}
	}
	for _, b := range p.Series(storedBytes) {
		s.Bytes += amount(b.Value)
	}
	return s
}
