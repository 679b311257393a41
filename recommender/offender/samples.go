// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"cmp"
	"slices"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// Merge adds the replicas' last debug dumps up to one sample, of the time when the
// latest was asked for; ok is false when no replica has given one.
func Merge(replicas []plane.Replica) (sample plane.Sample, ok bool) {
	type key struct {
		client        plane.Client
		level, schema string
	}
	sum := map[key]plane.Held{}
	for _, r := range replicas {
		if r.Dumped.IsZero() {
			continue
		}
		sample.Replicas++
		if r.Dumped.After(sample.Time) {
			sample.Time = r.Dumped
		}
		for _, h := range r.Held {
			k := key{h.Client, h.Level, h.Schema}
			was := sum[k]
			h.Executing += was.Executing
			h.Waiting += was.Waiting
			h.Seats += was.Seats
			h.Width = max(h.Width, was.Width)
			h.Members = max(h.Members, was.Members)
			h.OldestWait = max(h.OldestWait, was.OldestWait)
			if was.LastArrival.After(h.LastArrival) {
				h.LastArrival = was.LastArrival
			}
			sum[k] = h
		}
	}
	for _, h := range sum {
		sample.Held = append(sample.Held, h)
	}
	slices.SortFunc(sample.Held, func(a, b plane.Held) int {
		return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(a.Client.String(), b.Client.String()), cmp.Compare(a.Schema, b.Schema))
	})
	return sample, sample.Replicas > 0
}

// Keep appends a sample and drops those that are too old or too many to count. A
// sample of the same time takes the other's place: a replica has been heard since.
func Keep(samples []plane.Sample, next plane.Sample) []plane.Sample {
	kept := slices.DeleteFunc(slices.Clone(samples), func(s plane.Sample) bool {
		return next.Time.Sub(s.Time) > sampleAge || !s.Time.Before(next.Time)
	})
	kept = append(kept, next)
	return kept[max(0, len(kept)-Samples):]
}

// weight is the seats that a client has and those that its queued requests would
// take.
func weight(h plane.Held) int { return h.Seats + h.Waiting*max(1, h.Width) }
