// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"slices"
	"time"
)

// Stats summarises a window of requests.
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

func (s *Stats) add(sample Sample, latencies []time.Duration) []time.Duration {
	s.Count++
	switch sample.Outcome {
	case OK:
		return append(latencies, sample.Latency)
	case TimedOut:
		s.Failed++
		s.TimedOut++
		return append(latencies, sample.Latency)
	case Rejected:
		s.Rejected++
	case Failed:
		s.Failed++
	}
	return latencies
}

// fill computes the percentiles; it sorts latencies in place.
func (s *Stats) fill(latencies []time.Duration) {
	if len(latencies) == 0 {
		return
	}
	slices.Sort(latencies)
	var sum time.Duration
	for _, l := range latencies {
		sum += l
	}
	s.P50, s.P90, s.P99 = rank(latencies, 50), rank(latencies, 90), rank(latencies, 99)
	s.Max = latencies[len(latencies)-1]
	s.Mean = sum / time.Duration(len(latencies))
}

// rank is the nearest-rank percentile: the smallest value that at least p per
// cent of the values do not exceed.
func rank(sorted []time.Duration, p int) time.Duration {
	return sorted[(len(sorted)*p+99)/100-1]
}
