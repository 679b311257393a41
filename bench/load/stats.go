// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"slices"
	"time"
)

// Stats summarizes a window of requests.
//
// The latencies are those of the requests that succeeded or ran into their
// deadline. A refusal or a broken connection is quick, and no good answer: it is
// counted, and kept out of the percentiles, where it would flatter them.
type Stats struct {
	// Count is every finished request that was due in the window.
	Count int `json:"count"`
	// Failed are those without success, the rejected ones apart.
	Failed int `json:"failed"`
	// TimedOut are those of Failed that ran into their deadline.
	TimedOut int `json:"timedOut"`
	// Rejected were refused with status 429.
	Rejected int `json:"rejected"`
	// Pending have not finished; they are not in Count.
	Pending int `json:"pending"`
	// P50, P90 and P99 are nearest-rank percentiles of the latencies.
	P50 time.Duration `json:"p50"`
	P90 time.Duration `json:"p90"`
	P99 time.Duration `json:"p99"`
	Max time.Duration `json:"max"`
	// Mean is the arithmetic mean of the latencies.
	Mean time.Duration `json:"mean"`
}

// summary is a Stats in the making.
type summary struct {
	stats     Stats
	latencies []time.Duration
	// pending holds when the requests on their way were due.
	pending []time.Time
}

func (s *summary) add(sample Sample) {
	s.stats.Count++
	switch sample.Outcome {
	case OK:
		s.latencies = append(s.latencies, sample.Latency)
	case TimedOut:
		s.stats.Failed++
		s.stats.TimedOut++
		s.latencies = append(s.latencies, sample.Latency)
	case Rejected:
		s.stats.Rejected++
	case Failed:
		s.stats.Failed++
	}
}

func (s *summary) finish() Stats {
	stats := s.stats
	stats.Pending = len(s.pending)
	if len(s.latencies) == 0 {
		return stats
	}
	slices.Sort(s.latencies)
	var sum time.Duration
	for _, l := range s.latencies {
		sum += l
	}
	stats.P50, stats.P90, stats.P99 = rank(s.latencies, 50), rank(s.latencies, 90), rank(s.latencies, 99)
	stats.Max = s.latencies[len(s.latencies)-1]
	stats.Mean = sum / time.Duration(len(s.latencies))
	return stats
}

// rank is the nearest-rank percentile: the smallest value that at least p per
// cent of the values do not exceed.
func rank(sorted []time.Duration, p int) time.Duration {
	return sorted[(len(sorted)*p+99)/100-1]
}
