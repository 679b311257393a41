// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"time"
)

const (
	backoffFirst = 10 * time.Second
	backoffMost  = 5 * time.Minute
	// backoffReset: a container that has run this long after a restart starts over.
	backoffReset = 2 * backoffMost
)

// backoff delays a container's restarts as a kubelet does: the first restart is
// made at once, the next ones not before 10 s after the latest exit, doubled each
// time up to 5 min.
type backoff struct {
	delay     time.Duration
	restarted time.Time
}

// remaining is how long a container that ended at exited still has to wait, and
// the whole delay, which the message names.
func (b *backoff) remaining(exited, now time.Time) (wait, delay time.Duration) {
	if b.delay == 0 || exited.Sub(b.restarted) > backoffReset {
		return 0, 0
	}
	return max(0, b.delay-now.Sub(exited)), b.delay
}

// restart notes that a container that ended at exited is started again.
func (b *backoff) restart(exited, now time.Time) {
	if b.delay == 0 || exited.Sub(b.restarted) > backoffReset {
		b.delay = backoffFirst
	} else {
		b.delay = min(2*b.delay, backoffMost)
	}
	b.restarted = now
}
