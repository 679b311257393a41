// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

// Wants are the disruptive steps that the part about zones wants, and how they are done,
// before the plan has said whose turn it is.
func Wants(s plane.Snapshot, p plane.Profile, m plane.Memory, now time.Time) (steps []rollout.Step, how []plane.Step, kept plane.Memory) {
	d := &pass{seen: s, profile: p, memory: copied(m), now: now}
	d.look()
	d.spreadZones()
	for _, w := range d.disruptive {
		steps, how = append(steps, w.step), append(how, w.do)
	}
	return steps, how, d.memory
}
