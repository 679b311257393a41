// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"math"
	"slices"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// mostZones bounds the zones that are told of, as the CRD does.
	mostZones = 16
	// headroomSteps is by how many percent points a headroom is told: it never stands still.
	headroomSteps = 5
)

// The words for etcd's quorum without a zone.
const (
	quorumKept = "Kept"
	quorumLost = "Lost"
)

// availability is what the control plane survives, as the status has it; nil while nothing
// is known of it.
func (p *pass) availability() *v1alpha1.AvailabilityStatus {
	a := p.plan.Availability
	if a.Class == "" && a.Why == "" && len(a.Zones) == 0 {
		return nil
	}
	out := &v1alpha1.AvailabilityStatus{Class: a.Class, Message: v1alpha1.Fit(a.Why, longText)}
	hasEtcd := slices.ContainsFunc(p.snapshot.Sizes.Pods, func(s plane.SizedPod) bool { return s.Component == sizing.Etcd })
	for _, z := range a.Zones[:min(mostZones, len(a.Zones))] {
		s := v1alpha1.ZoneStatus{Name: z.Zone, Replicas: int32(z.Replicas), Members: int32(z.Members)} //nolint:gosec // tens at the most
		if z.Known {
			s.HeadroomPercent = new(headroomSteps * int32(math.Round(100*z.Headroom/headroomSteps)))
		}
		switch {
		case !hasEtcd:
		case z.Quorum:
			s.Quorum = quorumKept
		default:
			s.Quorum = quorumLost
		}
		out.Zones = append(out.Zones, s)
	}
	return out
}

// stillHeadroom leaves headrooms as they were written: when it matters that one has moved,
// a condition says so, and with it they are written.
func stillHeadroom(now, was *v1alpha1.AvailabilityStatus) {
	if now == nil || was == nil {
		return
	}
	for i := range now.Zones {
		for j := range was.Zones {
			if n, w := &now.Zones[i], &was.Zones[j]; n.Name == w.Name && n.HeadroomPercent != nil && w.HeadroomPercent != nil {
				n.HeadroomPercent = w.HeadroomPercent
			}
		}
	}
}
