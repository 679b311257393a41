// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import "time"

// Fastest is the address of the ready replica without a fault that answered its
// last pulse soonest, to send API writes to. Once chosen it is kept until it fails
// or another is more than twice as fast, as each change costs a connection. ok is
// false when no replica has been seen to be well.
func (p *Plane) Fastest() (address string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var (
		best     *replica
		bestTook time.Duration
	)
	for _, r := range p.replicas {
		took, well := r.pace()
		if !well {
			continue
		}
		if r == p.fastest {
			took /= 2
		}
		if best == nil || took < bestTook {
			best, bestTook = r, took
		}
	}
	p.fastest = best
	if best == nil {
		return "", false
	}
	return best.door.address, true
}

// pace is the last pulse of a replica that is ready and was seen without fault;
// one that was never felt counts as slow.
func (r *replica) pace() (took time.Duration, well bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	well = r.door != nil && r.target.Ready && r.seen.Fault == nil && !r.seen.Observed.IsZero()
	if r.pulses.at.IsZero() {
		return time.Second, well
	}
	return r.pulses.last, well
}
