// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package zones

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// High is the availability in percent that three zones or more give: what Alibaba
	// Cloud's Container Service for Kubernetes promises for them.
	High = "99.95"
	// Low is what fewer give, by the same.
	Low        = "99.5"
	lowPercent = 99.5
	// highZones is over how many zones a control plane runs that promises more than Low.
	highZones = 3
)

// Class is the availability that is promised where the profile says none.
func Class(zones int) string {
	if zones >= highZones {
		return High
	}
	return Low
}

// Load is what the apiservers are used for, and what each of them carries.
type Load struct {
	// Line is the load line of each replica, in seats, and Seats those that all of them
	// have in use or in demand. SeatsKnown is whether every ready replica has told.
	Line, Seats float64
	SeatsKnown  bool
	// CPU is the cores that all of them use; CPUKnown is whether every ready pod has told.
	CPU      float64
	CPUKnown bool
}

// Survives is what the control plane survives as it runs; target is the availability in
// percent that is promised.
func Survives(s Seen, target string, load Load) plane.Availability {
	if fault := s.Unseen(); fault != nil {
		return plane.Availability{Why: "it is not known what can be promised: " + fault.Message}
	}
	a := plane.Availability{Zones: s.losses(load)}
	if target == "" {
		target = Class(s.Asked)
	}
	ready := s.readyIn(sizing.APIServer)
	if len(ready) == 0 {
		a.Why = "no apiserver is ready: nothing can be promised"
		return a
	}
	if voters, members := s.voters(), total(s.readyIn(sizing.Etcd)); voters > 0 && members < quorum(voters) {
		a.Why = fmt.Sprintf("%d of %d members of etcd are ready, and its quorum is %d: nothing can be promised", members, voters, quorum(voters))
		return a
	}
	need := s.Asked
	if above(target) {
		need = max(need, highZones)
	}
	short := s.shortOf(need, ready)
	switch {
	case need <= 1:
		a.Class, a.Why = target, "no zone need be survived for it"
	case short == "":
		a.Class = target
		a.Why = fmt.Sprintf("apiservers are ready in %d zones, and etcd keeps its quorum without any one of them", len(ready))
	case above(target):
		a.Class, a.Why = Low, fmt.Sprintf("%s instead of %s: %s", Low, target, short)
	default:
		a.Class, a.Why = target, short
	}
	return a
}

// above tells whether an availability is more than fewer than three zones give.
func above(target string) bool {
	percent, err := strconv.ParseFloat(target, 64)
	return err != nil || percent > lowPercent
}

// shortOf says what is missing for the loss of any one zone to be survived with so many;
// empty when nothing is.
func (s Seen) shortOf(need int, ready map[string]int) string {
	if len(ready) < need {
		return fmt.Sprintf("apiservers are ready in %d of %d zones (%s)", len(ready), need, strings.Join(slices.Sorted(maps.Keys(ready)), ", "))
	}
	members, voters := s.readyIn(sizing.Etcd), s.voters()
	if voters == 0 {
		return "etcd is not seen, so that it is not known what it survives"
	}
	for _, zone := range slices.Sorted(maps.Keys(members)) {
		if left := total(members) - members[zone]; left < quorum(voters) {
			return fmt.Sprintf("without zone %s %d of %d members of etcd are left, and its quorum is %d", zone, left, voters, quorum(voters))
		}
	}
	return ""
}

func quorum(voters int) int { return voters/2 + 1 }

// readyIn counts a component's pods that are ready, by zone; of etcd those that vote.
func (s Seen) readyIn(c sizing.Component) map[string]int {
	counts := map[string]int{}
	for _, p := range s.of(c) {
		if p.Ready && !s.learner(p.Pod) {
			counts[p.Zone]++
		}
	}
	return counts
}

func total(counts map[string]int) (n int) {
	for _, count := range counts {
		n += count
	}
	return n
}

// losses are the zones that carry something, or could, and what would be without each.
func (s Seen) losses(load Load) (all []plane.ZoneLoss) {
	replicas, members := s.readyIn(sizing.APIServer), s.readyIn(sizing.Etcd)
	names := map[string]bool{}
	for _, zone := range s.given() {
		names[zone] = true
	}
	for _, p := range s.Pods {
		names[p.Zone] = true
	}
	for _, zone := range slices.Sorted(maps.Keys(names)) {
		if zone == "" {
			continue
		}
		loss := plane.ZoneLoss{Zone: zone, Replicas: replicas[zone], Members: members[zone]}
		loss.Quorum = s.voters() > 0 && total(members)-members[zone] >= quorum(s.voters())
		loss.Headroom, loss.Known = s.headroom(zone, load)
		all = append(all, loss)
	}
	return all
}

// headroom is how much of what the replicas outside of a zone carry would be left over.
func (s Seen) headroom(zone string, load Load) (left float64, known bool) {
	replicas, cores := 0.0, 0.0
	for _, p := range s.of(sizing.APIServer) {
		if p.Zone == zone || !p.Ready {
			continue
		}
		replicas++
		if p.Limit.CPU > 0 {
			cores += p.Limit.CPU
		} else {
			cores += p.Requested.CPU // more is not sure to be there
		}
	}
	if !load.SeatsKnown || !load.CPUKnown || load.Line <= 0 || replicas > 0 && cores <= 0 {
		return 0, false
	}
	if replicas == 0 {
		return -1, true
	}
	return max(-1, min(1-load.Seats/(load.Line*replicas), 1-load.CPU/cores)), true
}
