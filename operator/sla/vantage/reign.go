// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vantage

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// reign is what leaders before have said of themselves: when one last led, and of the control
// planes of which it had not written down all that it knew, when that was last so.
type reign struct {
	led       time.Time
	unwritten map[types.NamespacedName]time.Time
}

// after is the reign with what vantage points say now, in the order of their renewals; those
// that are not counted, or lie in the future, are left out.
func (r reign) after(all []v1alpha1.VantagePoint, now time.Time, counts func(*v1alpha1.VantagePoint) bool) reign {
	var leaders []*v1alpha1.VantagePoint
	for i := range all {
		if v := &all[i]; v.Leading && v.Renewed != nil && !v.Renewed.After(now) && counts(v) {
			leaders = append(leaders, v)
		}
	}
	slices.SortFunc(leaders, func(a, b *v1alpha1.VantagePoint) int { return a.Renewed.Compare(b.Renewed.Time) })
	for _, v := range leaders {
		if !v.Renewed.After(r.led) {
			continue
		}
		unwritten := make(map[types.NamespacedName]time.Time, len(v.Unwritten))
		for _, u := range v.Unwritten {
			key := types.NamespacedName{Namespace: u.Namespace, Name: u.Name}
			unwritten[key] = r.of(key)
		}
		r = reign{led: v.Renewed.Time, unwritten: unwritten}
	}
	return r
}

// of is when all that was known of a control plane was last written down; zero where that is
// not known.
func (r reign) of(key types.NamespacedName) time.Time {
	if at, is := r.unwritten[key]; is {
		return at
	}
	return r.led
}

// Led is when an operator replica last led before this one did, and had written down what it
// knew of a control plane; zero where none is known. heard is false until the others have been
// heard for the first time.
func (p *Points) Led(key types.NamespacedName) (at time.Time, heard bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reign.of(key), p.ledAll
}
