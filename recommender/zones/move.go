// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package zones

import (
	"cmp"
	"fmt"
	"slices"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// Move is a pod that should run elsewhere.
type Move struct {
	Pod plane.SizedPod
	// Place names the component and the zone or node that has too many, Count how many of
	// the component's pods it has.
	Place string
	Count int
	// To is the zone that it is likely to start in; its own where it only shares a node.
	To string
	// Why is what is wrong, in a few words without an end.
	Why string
}

// Misplaced is the pod of the apiservers that should run elsewhere and would be placed
// there by its own rules; ok is false when there is none, or when more than its place is
// not as it should be: while one is missing or not ready, none is moved.
//
// Members of etcd are never moved. Those with a volume claim go back to where it is, and
// the data of those without go with the pod.
func Misplaced(s Seen) (m Move, ok bool) {
	c := sizing.APIServer
	pods := s.of(c)
	if s.Unseen() != nil || len(pods) < 2 || !Whole(s) {
		return m, false
	}
	if m, ok = s.outOfZone(c, pods); ok {
		return m, true
	}
	return s.offNode(c, pods)
}

// Whole tells whether there are as many apiservers as there are to be, all of them ready.
func Whole(s Seen) bool {
	pods := s.of(sizing.APIServer)
	return len(pods) == s.Host.Wanted[sizing.APIServer] && !slices.ContainsFunc(pods, func(p plane.SizedPod) bool { return !p.Ready })
}

// outOfZone is a pod of the fullest zone, where another has two fewer and a node for it.
func (s Seen) outOfZone(c sizing.Component, pods []plane.SizedPod) (m Move, ok bool) {
	if len(s.uneven(c)) == 0 {
		return m, false
	}
	zones := s.fullest(c)
	to := slices.IndexFunc(zones, func(z place) bool { return zones[0].pods-z.pods >= 2 && s.Host.Zones[z.name] > 0 })
	if to < 0 {
		return m, false
	}
	// The emptiest of those: what the pod's own constraint prefers.
	for i, z := range zones {
		if z.pods < zones[to].pods && s.Host.Zones[z.name] > 0 {
			to = i
		}
	}
	from := zones[0]
	m.Pod, ok = youngest(pods, func(p plane.SizedPod) bool { return p.Zone == from.name && p.Place.ByZone })
	m.Place, m.Count, m.To = inZone(c, from.name), from.pods, zones[to].name
	m.Why = fmt.Sprintf("%d of %d apiservers run in zone %s, and zone %s has room", from.pods, len(pods), from.name, m.To)
	return m, ok
}

// offNode is a pod of a node that has two, where its zone has a node without one.
func (s Seen) offNode(c sizing.Component, pods []plane.SizedPod) (m Move, ok bool) {
	nodes := s.byNode(c)
	if nodes[0].pods < 2 {
		return m, false
	}
	from := nodes[0]
	m.Pod, ok = youngest(pods, func(p plane.SizedPod) bool { return p.Node == from.name && p.Place.ByNode })
	m.Place, m.Count, m.To = onNode(c, from.name), from.pods, m.Pod.Zone
	other := "its zone has another"
	if m.To == "" {
		other = "another has room"
	}
	m.Why = fmt.Sprintf("%d of %d apiservers run on node %s, and %s", from.pods, len(pods), from.name, other)
	return m, ok && s.Host.Free[m.Pod.Zone] > 0
}

// youngest is the pod that was made last of those that may be moved and are meant: it has
// served the fewest clients for the shortest time.
func youngest(pods []plane.SizedPod, meant func(plane.SizedPod) bool) (plane.SizedPod, bool) {
	pods = slices.DeleteFunc(slices.Clone(pods), func(p plane.SizedPod) bool { return p.Place.Anchored || !meant(p) })
	if len(pods) == 0 {
		return plane.SizedPod{}, false
	}
	return slices.MaxFunc(pods, func(a, b plane.SizedPod) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Pod, b.Pod))
	}), true
}

// Places counts the components' pods by zone and by node, under the names of Move.Place.
func Places(s Seen) map[string]int {
	counts := map[string]int{}
	for _, p := range s.Pods {
		counts[inZone(p.Component, p.Zone)]++
		counts[onNode(p.Component, p.Node)]++
	}
	return counts
}

func inZone(c sizing.Component, zone string) string { return string(c) + " in zone " + zone }

func onNode(c sizing.Component, node string) string { return string(c) + " on node " + node }
