// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"fmt"
	"time"
)

// lowerAfter is for how long fewer must have been enough before the floor is lowered, and
// lowerPause how long it then stays: Gardener's autoscaler has the same window and rate
// (peers: scaleDown 1800 s, one pod each 300 s).
const lowerAfter, lowerPause = 30 * time.Minute, 5 * time.Minute

// lower takes one replica, or one of each zone, off a floor that has been higher than is
// needed for long. While the step is not in force it is the same one, and judged anew.
func (d *decider) lower() Decision {
	most, whole := d.memory.most(d.now)
	if most >= d.floor {
		return d.done(Enough, "")
	}
	again := d.memory.Floor > 0 && d.memory.Floor < d.floor
	switch why := d.unsafe(); {
	case !whole:
		return d.done(Holding, fmt.Sprintf("%d would do, and must for %s", most, lowerAfter))
	case why != "":
		return d.done(Holding, fmt.Sprintf("%d would do, but %s", most, why))
	case !again && d.now.Sub(d.memory.Lowered) < lowerPause:
		return d.done(Holding, fmt.Sprintf("%d would do: one step each %s", most, lowerPause))
	}
	d.floor = max(d.floor-d.bounds.zones(), most)
	d.memory.Lowered = d.now
	return d.done(Lowered, "")
}

// unsafe says why no replica may be taken away now; empty when one may.
func (d *decider) unsafe() string {
	for _, why := range []string{d.seen.Offender, d.seen.Held, d.seen.Late} {
		if why != "" {
			return why
		}
	}
	told := 0
	if n := len(d.seen.Replicas); n < d.seen.Floor {
		return fmt.Sprintf("%d of %d replicas are there", n, d.seen.Floor)
	}
	for _, r := range d.seen.Replicas {
		if !r.Ready {
			return r.Name + " is not ready"
		}
		if r.CPU > 0 {
			told++
		}
	}
	if told > 0 && told < len(d.seen.Replicas) {
		return fmt.Sprintf("%d of %d replicas tell what CPU they use", told, len(d.seen.Replicas))
	}
	if d.cap.line == 0 && d.cap.cpu == 0 {
		return "it is not known what a replica carries"
	}
	return ""
}
