// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vantage

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// mostDownWhy is how long the evidence may be in the object of a vantage point, in bytes.
const mostDownWhy = 256

// point is what this vantage point sees, as its object tells it.
func (p *Points) point(now time.Time) *v1alpha1.VantagePoint {
	seen := p.Seen()
	v := &v1alpha1.VantagePoint{Zone: p.inZone(), Renewed: &metav1.MicroTime{Time: now.Truncate(time.Microsecond)}, Candidate: p.Leading != nil}
	if v.Leading = p.Leads(); v.Leading && p.Unwritten != nil {
		v.Unwritten = named(p.Unwritten(now))
		v.Leading = len(v.Unwritten) <= mostSeen // for none is vouched that it cannot name
		v.Unwritten = v.Unwritten[:min(len(v.Unwritten), mostSeen)]
	}
	v.Namespace, v.Name = p.Namespace, p.Self
	v.ControlPlanes = int32(min(len(seen), 1<<20))
	for _, key := range sorted(seen) {
		switch l := seen[key]; {
		case l.Verdict == sla.Down:
			if v.DownCount++; len(v.Down) < mostSeen {
				v.Down = append(v.Down, v1alpha1.SeenDown{Namespace: key.Namespace, Name: key.Name, At: metav1.MicroTime{Time: l.At.Truncate(time.Microsecond)}, Why: v1alpha1.Fit(l.Why, mostDownWhy)})
			}
		case l.Verdict == sla.Blind || now.Sub(l.At) > sla.Alive:
			if l.Asleep {
				v.AsleepCount++
			} else {
				v.BlindCount++
			}
			if len(v.Blind) < mostSeen {
				v.Blind = append(v.Blind, v1alpha1.SeenNothing{Namespace: key.Namespace, Name: key.Name})
			}
		}
	}
	return v
}

// named are control planes as the object tells them, in their order.
func named(keys []types.NamespacedName) (all []v1alpha1.SeenNothing) {
	slices.SortFunc(keys, byName)
	for _, key := range keys {
		all = append(all, v1alpha1.SeenNothing{Namespace: key.Namespace, Name: key.Name})
	}
	return all
}

func byName(a, b types.NamespacedName) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

func sorted[V any](of map[types.NamespacedName]V) []types.NamespacedName {
	keys := make([]types.NamespacedName, 0, len(of))
	for k := range of {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, byName)
	return keys
}
