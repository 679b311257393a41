// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"slices"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// asideFor is how long a pod is left alone whose resize was refused: that changes when
	// somebody changes something. A node that would not take something away is asked at
	// longer and longer intervals, up to refusedFor: page cache does not go by itself.
	asideFor, refusedFor = 30 * time.Minute, 8 * time.Hour
	// retriesWithin is the longest pause before a write is tried again that failed by
	// chance; the first is retryAfter.
	retriesWithin = 5 * time.Minute
)

// lasting are the reasons of faults that do not pass by themselves.
var lasting = []string{
	v1alpha1.ReasonResizeDenied, v1alpha1.ReasonResizeRefused, v1alpha1.ReasonResizeUnsupported, v1alpha1.ReasonResizeInfeasible,
	v1alpha1.ReasonTargetInvalid, v1alpha1.ReasonAccessDenied,
}

// aside is why a pod is left alone now; nil when it is not. What is held is what was
// refused: something less than that is let through, and more where less was refused.
func (d *pass) aside(p plane.SizedPod) *plane.Aside {
	a, is := d.memory.Sizes.Aside[p.UID]
	want := d.wantOf(p)
	switch {
	case !is || !d.now.Before(a.Until):
		return nil
	case a.To == (plane.Amounts{}):
		return &a
	case a.Lowers && !d.lowers(p):
		return nil
	case !a.Lowers && want.Below(a.To) && !a.To.Below(want):
		return nil
	}
	return &a
}

// setAside leaves a pod alone for a while, and for twice as long each time that this
// happens again for the same reason, up to longest.
func (d *pass) setAside(uid string, a plane.Aside, first, longest time.Duration) {
	a.Pause = first
	if was, is := d.memory.Sizes.Aside[uid]; is && was.Reason == a.Reason {
		a.Pause = min(2*was.Pause, longest)
	}
	a.Until = d.now.Add(a.Pause)
	d.memory.Sizes.Aside[uid] = a
}

// forgetAside drops what is over, when it is too long ago to happen again, and the pods
// that are gone.
func (d *pass) forgetAside() {
	pods := d.seen.Sizes.Pods
	for uid, a := range d.memory.Sizes.Aside {
		gone := len(pods) > 0 && !slices.ContainsFunc(pods, func(p plane.SizedPod) bool { return p.UID == uid })
		if gone || d.now.Sub(a.Until) > a.Pause+time.Minute {
			delete(d.memory.Sizes.Aside, uid)
		}
	}
}
