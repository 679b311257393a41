// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package zones

import (
	"fmt"
	"slices"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// Problem is something wrong with where the pods run, or with what guards them.
type Problem struct {
	// Reason is a stable word, Words the same for people. They hold no figure that moves
	// by itself.
	Reason, Words string
	Component     sizing.Component
	// Budget is the disruption budget that it is about; its name is empty where it is
	// about none.
	Budget plane.DisruptionBudget
}

// Problems are all that are found, the worst first. What a host cluster does not tell of
// budgets is no problem of this kind.
func Problems(s Seen) (all []Problem) {
	all = append(all, s.tooFew()...)
	for _, look := range []func(sizing.Component) []Problem{s.uneven, s.shared, s.even} {
		for _, c := range s.components() {
			all = append(all, look(c)...)
		}
	}
	if s.Host.BudgetsFault != nil {
		return all
	}
	for _, look := range []func(sizing.Component) []Problem{s.unguarded, s.guardedTwice, s.blocked} {
		for _, c := range s.components() {
			all = append(all, look(c)...)
		}
	}
	return all
}

// tooFew is about the zones that the host cluster gives.
func (s Seen) tooFew() []Problem {
	given := s.given()
	if len(given) >= s.Asked {
		return nil
	}
	words := fmt.Sprintf("%d zones are asked for, and the host cluster gives %d", s.Asked, len(given))
	if len(given) > 0 {
		words += ": " + strings.Join(given, ", ")
	}
	return []Problem{{Reason: v1alpha1.ReasonTooFewZones, Words: words}}
}

// uneven is about a component whose pods are in fewer zones than they could be, or of
// which one zone that is asked for has two more than another.
func (s Seen) uneven(c sizing.Component) []Problem {
	zones := s.fullest(c)
	n := min(s.Asked, len(s.given()), len(zones))
	if n < 2 || zones[0].pods-zones[n-1].pods <= 1 && zones[n-1].pods > 0 {
		return nil
	}
	words := fmt.Sprintf("%s: %s", c, counted(zones))
	pods, wanted := len(s.of(c)), s.Host.Wanted[c]
	switch {
	case zones[0].pods-zones[n-1].pods > 1:
	case wanted > 0 && wanted < n:
		words += fmt.Sprintf("; %d pods cannot be in %d zones", wanted, n)
	case pods < wanted:
		words += fmt.Sprintf("; %d of %d pods run", pods, wanted)
	}
	return []Problem{{Reason: v1alpha1.ReasonZonesUneven, Words: words, Component: c}}
}

// counted is how many pods each zone has, in words.
func counted(zones []place) string {
	words := make([]string, 0, len(zones))
	for _, z := range zones {
		switch z.pods {
		case 0:
			words = append(words, "none in zone "+z.name)
		default:
			words = append(words, fmt.Sprintf("%d in zone %s", z.pods, z.name))
		}
	}
	return strings.Join(words, ", ")
}

// shared is about pods of a component that go with one node. Replicas for which there is
// no other node share some whatever is done; members never should.
func (s Seen) shared(c sizing.Component) []Problem {
	nodes := s.byNode(c)
	if len(nodes) == 0 || nodes[0].pods < 2 || c == sizing.APIServer && s.free() == 0 {
		return nil
	}
	var names []string
	for _, p := range s.of(c) {
		if p.Node == nodes[0].name {
			names = append(names, p.Pod)
		}
	}
	return []Problem{{
		Reason: v1alpha1.ReasonNodeShared, Component: c,
		Words: fmt.Sprintf("%s: %s run on one node, %s", c, strings.Join(names, ", "), nodes[0].name),
	}}
}

// even is about a number of members of which one buys nothing.
func (s Seen) even(c sizing.Component) []Problem {
	n := s.voters()
	if c != sizing.Etcd || n < 2 || n%2 == 1 {
		return nil
	}
	survives := fmt.Sprintf("survive the loss of %d, as %d would", (n-1)/2, n-1)
	if n == 2 {
		survives = "survive the loss of none"
	}
	return []Problem{{
		Reason: v1alpha1.ReasonEvenMembers, Component: c,
		Words: fmt.Sprintf("etcd: %d members that vote %s: an even number buys nothing", n, survives),
	}}
}

// budgets are those over a component's pods.
func (s Seen) budgets(c sizing.Component) (all []plane.DisruptionBudget) {
	for _, b := range s.Host.Budgets {
		if b.Component == c && b.Covers > 0 {
			all = append(all, b)
		}
	}
	return all
}

// unguarded is about a component without a budget, or with one that does not guard all of
// it. A single pod needs none: a budget could only keep its node from being drained.
func (s Seen) unguarded(c sizing.Component) []Problem {
	budgets, pods := s.budgets(c), len(s.of(c))
	problem := Problem{Reason: v1alpha1.ReasonNoBudget, Component: c}
	switch {
	case max(pods, s.Host.Wanted[c]) < 2:
		return nil
	case len(budgets) == 0:
		problem.Words = fmt.Sprintf("%s: no PodDisruptionBudget covers its pods: nothing keeps all of them from being evicted at once", c)
		return []Problem{problem}
	}
	for _, b := range budgets {
		problem.Budget = b
		goes, voters := b.Expected-b.Desired, s.voters()
		switch {
		case b.Covers < pods:
			problem.Words = fmt.Sprintf("%s: PodDisruptionBudget %s covers %d of its %d pods", c, b.Name, b.Covers, pods)
			return []Problem{problem}
		case c == sizing.Etcd && b.Expected == pods && goes > (voters-1)/2 && goes > 1:
			problem.Words = fmt.Sprintf("etcd: PodDisruptionBudget %s (%s) lets %d of %d members go at once, and the quorum with them", b.Name, b.Rule, goes, b.Expected)
			return []Problem{problem}
		}
	}
	return nil
}

// guardedTwice is about pods under several budgets, which the API never evicts.
func (s Seen) guardedTwice(c sizing.Component) []Problem {
	budgets := s.budgets(c)
	if len(budgets) < 2 {
		return nil
	}
	names := make([]string, 0, len(budgets))
	for _, b := range budgets {
		names = append(names, b.Name)
	}
	return []Problem{{
		Reason: v1alpha1.ReasonBudgetTwice, Component: c, Budget: budgets[0],
		Words: fmt.Sprintf("%s: its pods are under %d PodDisruptionBudgets (%s): the API evicts none of them", c, len(names), strings.Join(names, ", ")),
	}}
}

// blocked is about a budget that allows nothing even when all are well.
func (s Seen) blocked(c sizing.Component) []Problem {
	budgets := s.budgets(c)
	i := slices.IndexFunc(budgets, func(b plane.DisruptionBudget) bool { return b.Expected > 0 && b.Desired >= b.Expected })
	if i < 0 {
		return nil
	}
	b := budgets[i]
	return []Problem{{
		Reason: v1alpha1.ReasonBudgetBlocks, Component: c, Budget: b,
		Words: fmt.Sprintf("%s: PodDisruptionBudget %s (%s) lets none of %d pods go even when all are well: no node of theirs can be drained", c, b.Name, b.Rule, b.Expected),
	}}
}
