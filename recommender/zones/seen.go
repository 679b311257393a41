// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package zones judges where the pods of a control plane run: whether they are spread as
// is asked for (problems.go), what would be left if a zone went (loss.go), which pod should
// run elsewhere (move.go), and what a person can do about what is wrong (advice.go). It
// goes by the pods, nodes and budgets that there are, never by a template.
package zones

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// Seen is what is gone by.
type Seen struct {
	Host    plane.HostSeen
	Pods    []plane.SizedPod
	Members []plane.Member
	// Asked is over how many zones the pods are to be spread; 0 is not said.
	Asked int
}

// Unseen says why nothing can be judged; nil when it can.
func (s Seen) Unseen() *plane.Fault {
	unseen := func(format string, args ...any) *plane.Fault {
		return &plane.Fault{Reason: v1alpha1.ReasonPlacesUnknown, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case !s.Host.Looked:
		return unseen("the nodes of the host cluster have not been seen")
	case len(s.of(sizing.APIServer)) == 0:
		return unseen("no pod of the apiservers runs")
	}
	for _, p := range s.Pods {
		switch {
		case p.Node == "":
			return unseen("it is not known on which node %s runs", p.Pod)
		case p.Zone == "" && s.Asked > 0:
			return unseen("node %s, on which %s runs, has no label topology.kubernetes.io/zone: label the nodes, or take availability.zones out", p.Node, p.Pod)
		}
	}
	return nil
}

// components are those that there are, or are to be.
func (s Seen) components() (all []sizing.Component) {
	for _, c := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
		if s.Host.Wanted[c] > 0 || len(s.of(c)) > 0 {
			all = append(all, c)
		}
	}
	return all
}

func (s Seen) of(c sizing.Component) (pods []plane.SizedPod) {
	for _, p := range s.Pods {
		if p.Component == c {
			pods = append(pods, p)
		}
	}
	return pods
}

// given are the zones that the host cluster gives: those with a node that would take a pod,
// and those in which one runs, ready or on a node that stays: a pod that only restarts takes
// no zone away.
func (s Seen) given() []string {
	zones := map[string]bool{}
	for zone, nodes := range s.Host.Zones {
		if nodes > 0 && zone != "" {
			zones[zone] = true
		}
	}
	for _, p := range s.Pods {
		if p.Zone != "" && (p.Ready || s.stays(p.Node)) {
			zones[p.Zone] = true
		}
	}
	return slices.Sorted(maps.Keys(zones))
}

// stays tells whether a node that carries a pod is there, ready, and not about to go.
func (s Seen) stays(node string) bool {
	return slices.ContainsFunc(s.Host.Nodes, func(n plane.HostNode) bool { return n.Name == node && n.Ready && n.Leaving == "" })
}

// free counts the nodes that would take an apiserver and carry none.
func (s Seen) free() int { return total(s.Host.Free) }

// place is a zone or a node, and how many pods of a component run there.
type place struct {
	name string
	pods int
}

// fullest are a component's pods by zone, the fullest zone first; those that are given and
// carry none of them are in it too.
func (s Seen) fullest(c sizing.Component) []place {
	counts := map[string]int{}
	for _, zone := range s.given() {
		counts[zone] = 0
	}
	for _, p := range s.of(c) {
		counts[p.Zone]++
	}
	return sorted(counts)
}

// byNode are a component's pods by node, the fullest first.
func (s Seen) byNode(c sizing.Component) []place {
	counts := map[string]int{}
	for _, p := range s.of(c) {
		counts[p.Node]++
	}
	return sorted(counts)
}

func sorted(counts map[string]int) (all []place) {
	for name, pods := range counts {
		all = append(all, place{name, pods})
	}
	slices.SortFunc(all, func(a, b place) int { return cmp.Or(b.pods-a.pods, cmp.Compare(a.name, b.name)) })
	return all
}

// voters is how many members of etcd have a vote: those that are looked at, and never
// fewer than there are to be.
func (s Seen) voters() int {
	n, learners := 0, 0
	for _, m := range s.Members {
		if m.Learner {
			learners++
			continue
		}
		n++
	}
	return max(n, s.Host.Wanted[sizing.Etcd]-learners, len(s.of(sizing.Etcd))-learners)
}

// learner tells whether a pod is a member without a vote.
func (s Seen) learner(pod string) bool {
	return slices.ContainsFunc(s.Members, func(m plane.Member) bool { return m.Name == pod && m.Learner })
}
