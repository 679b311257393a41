// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// How long a replica that failed is left alone: a second, doubled by each failure
// on end. One that is merely slow has had its deadline to rest in, and is asked again
// after a second each time: a storm is when sight is needed most.
const (
	firstPause = time.Second
	longPause  = 30 * time.Second
	slowPause  = firstPause
)

// backoff is the memory of failures of one kind.
type backoff struct {
	fault *plane.Fault
	pause time.Duration
	until time.Time
}

// holds is the fault to return instead of asking again; nil when it is time to.
func (b *backoff) holds(now time.Time) *plane.Fault {
	if b.fault != nil && now.Before(b.until) {
		return b.fault
	}
	return nil
}

// failed remembers a failure.
func (b *backoff) failed(fault *plane.Fault, now time.Time) {
	longest := longPause
	if fault.Reason == v1alpha1.ReasonReplicaTimeout {
		longest = slowPause
	}
	b.pause = min(max(2*b.pause, firstPause), longest)
	b.fault, b.until = fault, now.Add(b.pause)
}

// settle keeps count of failures on end.
func (b *backoff) settle(fault *plane.Fault, now time.Time) {
	if fault == nil {
		*b = backoff{}
		return
	}
	b.failed(fault, now)
}
