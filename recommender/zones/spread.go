// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package zones

import (
	"fmt"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// Spread says in words how the pods are spread and guarded where nothing is wrong with
// that, and no more than is so.
func Spread(s Seen) string {
	shared := ""
	if n := s.sharing(); n > 0 {
		shared = fmt.Sprintf("%d apiservers share nodes, as no other has room for them", n)
	}
	spread := fmt.Sprintf("every component is spread over %d zones", s.Asked)
	switch {
	case s.Asked > 0 && shared == "":
		return spread + ", each pod on a node of its own" + s.guard(", and its")
	case s.Asked > 0:
		return spread + s.guard(", and its") + "; " + shared
	case shared == "":
		return "no two pods of a component share a node" + s.guard(", and its") + "; no zones are asked for"
	default:
		return shared + s.guard("; a component's") + "; no zones are asked for"
	}
}

// sharing counts the apiservers that run on a node with another.
func (s Seen) sharing() (pods int) {
	for _, node := range s.byNode(sizing.APIServer) {
		if node.pods > 1 {
			pods += node.pods
		}
	}
	return pods
}

// guard says what the disruption budgets keep, by the one that lets the most go; whose is
// how that begins. It is empty where there is none.
func (s Seen) guard(whose string) string {
	most, words := 0, ""
	for _, c := range s.components() {
		for _, b := range s.budgets(c) {
			switch goes := b.Expected - b.Desired; {
			case b.Expected == 0 && words == "":
				words = whose + " disruption budget is not counted yet"
			case b.Expected > 0 && goes <= 1 && most == 0:
				most, words = 1, whose+" disruption budget lets one go at a time"
			case goes > max(most, 1):
				most, words = goes, fmt.Sprintf(", and disruption budget %s (%s) lets %d of %d pods of %s go at once", b.Name, b.Rule, goes, b.Expected, c)
			}
		}
	}
	return words
}
