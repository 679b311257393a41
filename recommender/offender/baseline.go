// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"maps"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// What a baseline needs before it is believed.
const (
	// leastRequests in a window make a mean worth learning from or judging by.
	leastRequests = 3
	// trustedWeight is how many calm windows make a baseline.
	trustedWeight = 3
)

// pulseKey is the key of the pulse's baseline, which no flow schema can have.
const pulseKey = "/livez/ping"

// Learn returns the baselines moved by one calm look. The caller decides what is
// calm. The map that is given is not changed.
func Learn(baselines map[string]plane.Baseline, replicas []plane.Replica) map[string]plane.Baseline {
	learnt := maps.Clone(baselines)
	if learnt == nil {
		learnt = map[string]plane.Baseline{}
	}
	for _, r := range replicas {
		if !r.Ready || r.Fault != nil {
			continue
		}
		if r.Pulse > 0 {
			learnt[pulseKey] = learnt[pulseKey].Moved(r.Pulse.Seconds(), 0)
		}
		for _, f := range r.Flows {
			if r.Window <= 0 || f.Requests < leastRequests {
				continue
			}
			mean := (f.ExecSeconds + f.WaitSeconds) / f.Requests
			// By Little's law the mean number of requests in work is the time
			// that they spent there over the length of the window.
			held := f.ExecSeconds / r.Window.Seconds()
			learnt[f.Schema] = learnt[f.Schema].Moved(mean, held)
		}
	}
	return learnt
}
