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
	// and well how many times as many it may have with every minute in which it is not.
	sick, well = 0.7, 1.1
	// lessEach and moreEach are how far what each replica may have moves before it is
	// told: every move is a write to the tenant.
	lessEach, moreEach = 0.95, 1.25
	// leaves is how long a replica that has gone is still counted.
	leaves = 2 * time.Minute
)

// Spend brings the etcd budget up to one look. All replicas share one etcd: what each
// may have at once depends on how many there are. usable is the line in force, and
// troubled is true while etcd says that it is overloaded. Replicas that are not
// ready count as well, so that the line falls before they serve; and so do those that are
// about to be ordered: there will be coming of them in all.
//
// φ is etcd's requests in work for each seat of the line, as they were when etcd was
// last in trouble: whatever part of the seats is in use, whatever part of a request's
// time is etcd's and however uneven the replicas are loaded is in it.
func Spend(b plane.Budget, replicas []plane.Replica, coming, usable int, troubled bool, now time.Time) plane.Budget {
	if n := max(len(replicas), coming); n >= b.Replicas || now.Sub(b.Counted) >= leaves {
		b.Replicas, b.Counted = n, now
	}
	etcd, ready := atEtcd(replicas)
	if ready == 0 || usable <= 0 {
		return b
	}
	switch {
	case troubled && !b.Troubled && now.Sub(b.Cut) >= cooldown && etcd >= 1:
		b.Requests, b.Phi, b.Cut = sick*etcd, etcd/float64(ready*felt(replicas, usable)), now
	case !troubled && b.Requests > 0:
		b.Requests *= math.Pow(well, max(now.Sub(b.Seen), 0).Minutes())
	}
	b.Troubled, b.Seen = troubled, now
	if b.Requests > 0 {
		each := b.Requests / (b.Phi * float64(b.Replicas))
		if each < lessEach*b.Each || each > moreEach*b.Each {
			b.Each = each
		}
	}
	return b
}

// atEtcd are the requests in work at etcd, and the replicas that tell of them.
func atEtcd(replicas []plane.Replica) (requests float64, ready int) {
	for _, r := range replicas {
		if n := r.Process.EtcdRequests; r.Ready && r.Window > 0 && n >= 0 && !math.IsInf(n, 0) {
			ready++
			requests += n
		}
	}
	return requests, ready
}

// felt is the line at which the load is felt: the one in force while anybody waits for
// a seat, or else the one that would begin to hold the busiest replica back.
func felt(replicas []plane.Replica, usable int) int {
	most := 0
	for _, r := range replicas {
		used := 0
		for _, l := range r.Levels {
			if onLine(l.Name) && (l.Waiting > 0 || l.Rejected > 0) {
				return usable
			}
			if onLine(l.Name) {
				used += l.Executing
			}
		}
		most = max(most, used)
	}
	return min(max(int(math.Ceil(float64(most)/limitedUse)), 1), usable)
}

// Budget is the most that the line of each replica may be so that all of them together
// have no more requests in work at etcd than it carries, U ≤ E/(φ·N), and why;
// the ceiling where that is not known to be a limit.
func Budget(b plane.Budget, ceiling int) (line int, why string) {
	if b.Requests <= 0 || !(b.Each < float64(ceiling)) {
		return ceiling, ""
	}
	most := max(int(b.Each), 1)
	return most, fmt.Sprintf("etcd was in trouble, and carries %.3g requests at once: for each of %d replicas %d seats", b.Requests, b.Replicas, most)
}

// Among is the most that the line may be with n replicas, as Budget tells it once they are
// counted.
func Among(b plane.Budget, n, ceiling int) int {
	if n > b.Replicas && b.Requests > 0 {
		b.Replicas, b.Each = n, b.Requests/(b.Phi*float64(n))
	}
	line, _ := Budget(b, ceiling)
	return line
}
