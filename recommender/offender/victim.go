// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"strings"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// behind tells whether a client is a victim that queues behind somebody else: it
// waits more than it runs, and in a level where it waits one other user runs more
// than twice what it does. Queues are fair between users: who does the harm has no
// less than the others of its level, whatever else it has queued.
func behind(s plane.Sample, client plane.Client) bool {
	type place struct{ seats, waiting int }
	own, seats, waiting := map[string]place{}, 0, 0
	others := map[[2]string]int{}
	for _, h := range s.Held {
		if client.Covers(h.Client) {
			p := own[h.Level]
			own[h.Level] = place{p.seats + h.Seats, p.waiting + h.Waiting}
			seats, waiting = seats+h.Seats, waiting+weight(h)-h.Seats
		} else if h.Members == 0 && !strings.HasPrefix(h.Client.User, "system:evenkeel:") && h.Client.User != client.User {
			others[[2]string{h.Level, h.Client.User}] += h.Seats
		}
	}
	if waiting <= seats {
		return false
	}
	for at, n := range others {
		if p := own[at[0]]; p.waiting > 0 && n > 2*p.seats {
			return true
		}
	}
	return false
}

func othersWaiting(s plane.Sample, client plane.Client) (waiting int, oldest time.Duration) {
	for _, h := range s.Held {
		if client.Covers(h.Client) {
			continue
		}
		waiting += h.Waiting
		oldest = max(oldest, h.OldestWait)
	}
	return waiting, oldest
}
