// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"fmt"
	"math"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// sick is the part of its requests in work that an etcd that is in trouble keeps,
	// and well by how much more it may have with every window in which it is not.
	sick, well = 0.7, 1.02
	// phiMemory is how many windows the share of etcd's time is a mean of. It is a share
	// of time, which a cache or a webhook bends: it must not move the line by itself.
	phiMemory = 30
	// leastPhi keeps a plane that hardly asks its etcd from being told that it may ask
	// for any number.
	leastPhi = 0.01
	// lessEach and moreEach are how far what each replica may have moves before it is
	// told: every move is a write to the tenant.
	lessEach, moreEach = 0.95, 1.25
	// leaves is how long a replica that has gone is still counted.
	leaves = 2 * time.Minute
)

// Spend brings the etcd budget up to one look. All replicas share one etcd: what each
// may have at once depends on how many there are. troubled is true while etcd says
// that it is overloaded. Replicas that are not ready count as well, so that the line
// falls before they serve.
func Spend(b plane.Budget, replicas []plane.Replica, troubled bool, now time.Time) plane.Budget {
	if n := len(replicas); n >= b.Replicas || now.Sub(b.Counted) >= leaves {
		b.Replicas, b.Counted = n, now
	}
	w := working(replicas)
	if w.ready == 0 || !(w.used > 0) || !(w.etcd >= 0) || math.IsInf(w.used+w.etcd, 0) {
		return b
	}
	b.Weight = min(b.Weight+1, phiMemory)
	b.Phi += (min(max(w.etcd/w.used, leastPhi), 1) - b.Phi) / b.Weight
	b.Skew += (w.most*w.ready/w.used - b.Skew) / b.Weight
	switch {
	case troubled && !b.Troubled && w.etcd > 0:
		b.Requests = sick * w.etcd
	case !troubled && b.Requests > 0:
		b.Requests *= well
	}
	b.Troubled = troubled
	each := b.Requests / (b.Phi * float64(b.Replicas) * max(b.Skew, 1))
	if b.Requests <= 0 || each < lessEach*b.Each || each > moreEach*b.Each {
		b.Each = each
	}
	return b
}

// inWork are the requests in work on all ready replicas and on the busiest, and those
// of them at etcd, on average over their windows.
type inWork struct{ ready, used, most, etcd float64 }

func working(replicas []plane.Replica) (w inWork) {
	for _, r := range replicas {
		if !r.Ready || r.Window <= 0 {
			continue
		}
		w.ready++
		own := 0.0
		for _, f := range r.Flows {
			own += f.ExecSeconds / r.Window.Seconds()
		}
		w.used += own
		w.most = max(w.most, own)
		w.etcd += r.Process.EtcdRequests
	}
	return w
}

// Budget is the most that the line of each replica may be so that all of them together
// have no more requests in work at etcd than it carries, U ≤ E/(φ·N·skew), and why;
// the ceiling where that is not known to be a limit.
func Budget(b plane.Budget, ceiling int) (line int, why string) {
	if b.Requests <= 0 || !(b.Each < float64(ceiling)) {
		return ceiling, ""
	}
	most := max(int(b.Each), 1)
	return most, fmt.Sprintf("etcd carries %.3g requests at once; %.0f %% of a request's time is etcd's, and %d replicas share it: %d seats each",
		b.Requests, 100*b.Phi, b.Replicas, most)
}
