// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// known is what is known of clients beyond the samples.
func (d *pass) known() offender.Known {
	return offender.Known{Standing: d.standing, Cost: d.cost}
}

// cost is the CPU time, in seconds, of each request of the kind that a client makes; 0
// when none has ended or nothing is known of it. No metric tells it: it is the replica's
// CPU time by the part that the kind has of the time in which requests ran. How late
// an overload makes them is in all of them alike, and cancels.
func (d *pass) cost(c plane.Client) float64 {
	var spent, requests float64
	for _, r := range d.seen.Replicas {
		if !r.Ready || r.Window <= 0 {
			continue
		}
		var own, all float64
		for _, s := range r.Served {
			all += s.Seconds
			if sameKind(s.Class, c) {
				own += s.Seconds
				requests += s.Requests
			}
		}
		if all > 0 {
			spent += r.Process.CPU * r.Window.Seconds() * own / all
		}
	}
	if requests < 1 {
		return 0
	}
	return spent / requests
}
