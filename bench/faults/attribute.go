// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/bench/load/victim"
)

// detect is how long a connection to a replica that died may still look alive to its
// client. The testbed's processes die on this machine, so that peers see a reset at once.
const detect = time.Second

// moveTakes is how long after its decision a move of the leader may still disturb.
const moveTakes = 3 * time.Second

// Strike is one fault, and what came of it.
type Strike struct {
	Kind Kind
	// Target is the zone or the pod that was hit, and At when.
	Target string
	At     time.Time
	// Leader is the member that led etcd before, empty when none said so; Led is true
	// where it died.
	Leader string
	Led    bool
	// Carriers are the apiservers that died, and Member is true where a member of etcd
	// did.
	Carriers map[string]bool
	Member   bool
	// Failed counts the critical requests that failed because of it and were not in
	// flight on what died, InFlight those that were, and Hows how the former failed.
	Failed, InFlight int
	Hows             map[string]int
	// Leaderless are those of Failed that were sent when the leader had died and no write
	// had been acknowledged since: the members that live pass writes on to the one that
	// is dead until they miss it, and etcd answers these with an error after 7 s.
	Leaderless int
	// First is how long it took until a write was acknowledged that was sent after the
	// fault, and Every until each writer had one. Ready is until what died was ready again
	// (after Return, where a zone was cut). A time is zero where it did not come within
	// its bound, which Late then names.
	First, Every, Ready time.Duration
	Late                []string
}

// inFlight is true for a request that was on what died: on a connection to it, or in a
// handshake that was cut, as the balancer passes over whoever does not even accept; or
// through a replica that may have been waiting for the member that died, which nobody
// outside can see. A process takes a tenth of a second to die, and accepts until then.
func (s *Strike) inFlight(r victim.Renewal) bool {
	if r.Ended.Before(s.At) {
		return false
	}
	soon := r.Due.Before(s.At.Add(detect)) && r.Ended.Before(s.At.Add(detect))
	switch {
	case r.Sent.IsZero():
		return len(s.Carriers) > 0 && soon
	case s.Carriers[r.Carrier] && r.Sent.Before(s.At.Add(detect)):
		return true
	default:
		return s.Member && (r.Sent.Before(s.At) || soon)
	}
}

// attribute counts each failed request for one of the faults: the one that it was in
// flight on, or else the last that had come when it failed. What failed before the first
// fault is outside. moved counts those that failed as Evenkeel had etcd's leader moved at
// one of these times, and that no fault explains.
func attribute(strikes []Strike, failed []victim.Renewal, moves []time.Time) (outside, moved int) {
	for _, r := range failed {
		s := blamed(strikes, r)
		switch {
		case s != nil && s.inFlight(r):
			s.InFlight++
		case s != nil && s.leaderless(r):
			s.Failed++
			s.Leaderless++
			s.blame(r)
		case byMove(moves, r):
			moved++
		case s != nil:
			s.Failed++
			s.blame(r)
		default:
			outside++
		}
	}
	return outside, moved
}

// byMove is true for a request that was with the apiservers while the leader moved.
func byMove(moves []time.Time, r victim.Renewal) bool {
	return slices.ContainsFunc(moves, func(at time.Time) bool {
		return !r.Sent.IsZero() && r.Ended.After(at) && r.Sent.Before(at.Add(moveTakes))
	})
}

func blamed(strikes []Strike, r victim.Renewal) (last *Strike) {
	for i := range strikes {
		s := &strikes[i]
		if s.inFlight(r) {
			return s
		}
		if !r.Ended.Before(s.At) {
			last = s
		}
	}
	return last
}

func (s *Strike) leaderless(r victim.Renewal) bool {
	return s.Led && !r.Sent.Before(s.At) && r.Sent.Before(s.At.Add(s.First))
}

// blame keeps how the request failed.
func (s *Strike) blame(r victim.Renewal) {
	how := strconv.Itoa(r.Status) + " " + http.StatusText(r.Status)
	switch {
	case r.Err != nil && r.Sent.IsZero():
		how = "no connection"
	case errors.Is(r.Err, context.DeadlineExceeded):
		how = "no answer in " + victim.Deadline.String()
	case r.Err != nil:
		how = "the connection broke"
	}
	if s.Hows == nil {
		s.Hows = map[string]int{}
	}
	s.Hows[how]++
}

// hows are the ways in which requests failed that were not in flight, the most frequent
// first.
func (s *Strike) hows() string {
	names := slices.SortedFunc(maps.Keys(s.Hows), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.Hows[b], s.Hows[a]), cmp.Compare(a, b))
	})
	for i, n := range names {
		names[i] = fmt.Sprintf("%d × %s", s.Hows[n], n)
	}
	return strings.Join(names, ", ")
}
