// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"math"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// nearLimit is from which part of a limit on a container is held by it: throttled, or
	// about to be killed. What it would use without is not seen then.
	nearLimit = 0.9
	// throttled and pressed are by how much more it is taken for.
	throttled, pressed = 1.5, 1.2
)

// atLimit is what a pod used, and more where a limit held it.
func atLimit(p plane.SizedPod) sizing.Usage {
	used := p.Used
	if limit := p.LimitInForce.CPU; limit > 0 && used.CPU >= nearLimit*limit {
		used.CPU *= throttled
	}
	if limit := p.LimitInForce.Memory; limit > 0 && used.Memory >= nearLimit*limit {
		used.Memory *= pressed
	}
	return used
}

// mostUsed is the part of a limit that the need is to be at the most: below nearLimit, from
// which a container counts as held by it, or a size that fits would be taken for one that
// does not.
const mostUsed = 0.85

// clearOfLimits is how many times what they need pods are to request for their limits,
// which follow in proportion, to be clear of it.
func clearOfLimits(pods []plane.SizedPod) (cpu, memory float64) {
	cpu, memory = 1, 1
	for _, p := range pods {
		if p.Limit.CPU > 0 && p.Requested.CPU > 0 {
			cpu = max(cpu, sizing.Beside(p.Limit.CPU/p.Requested.CPU, mostUsed))
		}
		if p.Limit.Memory > 0 && p.Requested.Memory > 0 {
			memory = max(memory, sizing.Beside(p.Limit.Memory/p.Requested.Memory, mostUsed))
		}
	}
	return cpu, memory
}

// boundsOf are what a component may request: by the profile, by the largest node, and by
// the limits that stay as they are.
func (d *pass) boundsOf(c sizing.Component, pods []plane.SizedPod) plane.SizeBounds {
	b := d.profile.Sizing.Bounds[c]
	cap := func(most *float64, by float64) {
		if by > 0 && (*most == 0 || by < *most) {
			*most = by
		}
	}
	cap(&b.CPU.Most, d.seen.Sizes.Largest.CPU)
	cap(&b.Memory.Most, d.seen.Sizes.Largest.Memory)
	if !d.profile.Sizing.Limits {
		for _, p := range pods {
			cap(&b.CPU.Most, p.Limit.CPU)
			cap(&b.Memory.Most, p.Limit.Memory)
		}
	}
	b.CPU.Most, b.Memory.Most = sizing.Down(sizing.CPU, b.CPU.Most), sizing.Down(sizing.Memory, b.Memory.Most)
	b.CPU.Least, b.Memory.Least = min(b.CPU.Least, most(b.CPU.Most)), min(b.Memory.Least, most(b.Memory.Most))
	return b
}

// most is a bound, where 0 is none.
func most(bound float64) float64 {
	if bound == 0 {
		return math.Inf(1)
	}
	return bound
}
