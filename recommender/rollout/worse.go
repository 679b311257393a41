// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"math"
)

// Signal is what got worse.
type Signal string

// The signals.
const (
	Readiness  Signal = "readiness"
	Restarted  Signal = "restart"
	Killed     Signal = "kill for memory"
	Leak       Signal = "memory"
	Errors     Signal = "5xx"
	Refused    Signal = "429"
	Slow       Signal = "latency"
	WatchEnds  Signal = "watches"
	Fsync      Signal = "fsync"
	LeaderLost Signal = "leader"
	Unseen     Signal = "metrics"
	Stuck      Signal = "time"
)

const (
	// leastShare is the least part of the requests that is a regression, and leastCount
	// how many they must be at the least: one client's mistake is none.
	leastShare, leastCount = 0.01, 5
	// sigmas is how far from the usual share a count must be for it not to be chance: of a
	// thousand rollouts with some hundred judgements each fewer than ten are to be stopped
	// by it.
	sigmas = 4
	// times is how many times its usual peak a percentile must be.
	times = 2
	// enough requests make a percentile, enoughFsyncs that of fsyncs.
	enough, enoughFsyncs = 50, 20
	// slowFsync is the least 99th percentile, in seconds, that is slow, and fsyncTimes
	// how many times its usual peak it must be: twice what etcd's documentation asks for.
	slowFsync, fsyncTimes = 0.020, 3
)

// Bad is something that is worse than it was.
type Bad struct {
	Signal Signal
	Words  string
	// Certain is what needs no second look: a restart is one.
	Certain bool
}

// worse compares what some subjects did in the last interval with what was usual.
func (u Usual) worse(s sum, who string) (bad []Bad) {
	share := func(signal Signal, count, usual float64, what string) {
		p := u.share(usual)
		least := s.requests*p + sigmas*math.Sqrt(s.requests*p*(1-p)) + leastCount
		if count >= least && count >= leastShare*s.requests && count >= times*p*s.requests {
			bad = append(bad, Bad{Signal: signal, Words: fmt.Sprintf("%s answers %.3g %% of its requests with %s, %.2g %% before", who, 100*count/max(s.requests, 1), what, 100*p)})
		}
	}
	share(Errors, s.errors, u.Errors, "5xx")
	share(Refused, s.refused, u.Refused, "429")
	for i, d := range s.delays {
		if d.Requests >= enough && d.P99 > scopes[i].slo && d.P99 > times*u.Delays[i] {
			bad = append(bad, Bad{Signal: Slow, Words: fmt.Sprintf("requests for %s take %s %s (99th percentile), %s before", scopes[i].name, who, seconds(d.P99), seconds(u.Delays[i]))})
		}
	}
	if usual := u.Ends / max(u.Seconds, 1) * s.seconds; s.ends >= usual+sigmas*math.Sqrt(usual)+leastCount {
		bad = append(bad, Bad{Signal: WatchEnds, Words: fmt.Sprintf("%s ended %.0f watches in an interval, %.1f before", who, s.ends, usual)})
	}
	if s.fsyncs >= enoughFsyncs && s.fsync > slowFsync && s.fsync > fsyncTimes*u.Fsync {
		bad = append(bad, Bad{Signal: Fsync, Words: fmt.Sprintf("an fsync of %s takes %s (99th percentile), %s before", who, seconds(s.fsync), seconds(u.Fsync))})
	}
	return bad
}

// seconds are written as people do: in milliseconds where they are few.
func seconds(s float64) string {
	if s < 1 {
		return fmt.Sprintf("%.0f ms", 1000*s)
	}
	return fmt.Sprintf("%.1f s", s)
}
