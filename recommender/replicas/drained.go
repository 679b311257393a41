// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"slices"
	"time"
)

// drainedFor is how long none is drained after one was: what one client holds goes to
// another replica as a whole, and would follow from one to the next for ever. A place from
// which a pod was moved in vain is left alone as long.
const drainedFor = 8 * time.Hour

// Drained is a replica that is drained, or has gone at a time.
type Drained struct {
	ID, Name string
	At       time.Time
}

// follow notes that the replica has gone that was to be drained. While none that is known
// is ready, it is not known which of them have gone.
func (u Uneven) follow(replicas []Replica, known int, now time.Time) Uneven {
	gone := !slices.ContainsFunc(replicas, func(r Replica) bool { return r.ID == u.Drain.ID })
	if u.Drain.ID != "" && gone && known > 0 {
		u.Drained, u.Drain = u.Drain, Drained{}
		u.Drained.At = now
	}
	return u
}

// remedy is what would help against what has been so for long.
func (u Uneven) remedy(e Evenness, evenWatches bool, goAway float64, fullest string, now time.Time) (Evenness, Uneven) {
	switch {
	case evenWatches:
		e.Remedy = TheClient
	case goAway == 0:
		e.Remedy = SetGoAway
	case !u.Drained.At.IsZero() && now.Sub(u.Drained.At) < drainedFor:
		e.Remedy, e.Drained = TheClient, u.Drained
	default:
		e.Remedy, u.Drain = Drain, Drained{ID: e.Fullest, Name: fullest}
	}
	return e, u
}

func nameOf(replicas []Replica, id string) string {
	for _, r := range replicas {
		if r.ID == id {
			return r.Name
		}
	}
	return id
}
