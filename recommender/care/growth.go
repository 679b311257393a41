// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package care

import (
	"slices"
	"time"
)

const (
	// growthEvery is how far the samples of growth are apart, and growthKept how many are
	// kept: a day of them.
	growthEvery = 15 * time.Minute
	growthKept  = 96
	// growthNeeds is how many there must be for a slope: three hours. The apiserver compacts
	// every five minutes (k8s.io/apiserver, --etcd-compaction-interval), so that what is in
	// use goes up and down within that; a slope over less than hours is noise.
	growthNeeds = 13
	// day is what growth is told over.
	day = 24 * time.Hour
)

// Growth is how what is in use of the database has grown. Its zero value has seen nothing;
// it is never changed in place.
type Growth struct{ Samples []Sample }

// Sample is what was in use at a time, in bytes.
type Sample struct {
	At    time.Time
	Bytes int64
}

// Seen is the growth with one more look, which counts when the last sample is old enough.
func (g Growth) Seen(bytes int64, at time.Time) Growth {
	n := len(g.Samples)
	if bytes <= 0 || n > 0 && at.Sub(g.Samples[n-1].At) < growthEvery {
		return g
	}
	kept := slices.Clone(g.Samples[max(0, n-growthKept+1):])
	return Growth{Samples: append(kept, Sample{At: at, Bytes: bytes})}
}

// Slope is by how many bytes a day what is in use grows: from the median of the first
// third of the samples to that of the last, so that neither one look nor one burst makes
// it. It is below 0 where it shrinks, and unknown over less than three hours.
func (g Growth) Slope() (bytesADay float64, known bool) {
	n := len(g.Samples)
	if n < growthNeeds {
		return 0, false
	}
	first, last := median(g.Samples[:n/3]), median(g.Samples[n-n/3:])
	span := last.At.Sub(first.At)
	if span <= 0 {
		return 0, false
	}
	return float64(last.Bytes-first.Bytes) * float64(day) / float64(span), true
}

// median is the median of the bytes, at the time in the middle.
func median(samples []Sample) Sample {
	bytes := make([]int64, 0, len(samples))
	for _, s := range samples {
		bytes = append(bytes, s.Bytes)
	}
	slices.Sort(bytes)
	return Sample{At: samples[len(samples)/2].At, Bytes: bytes[len(bytes)/2]}
}

// mostDays is from when on it does not matter any more when the quota is reached.
const mostDays = 3650

// Days is in how many days what is in use reaches the quota at this growth. It is unknown
// where the growth is, and where nothing grows.
func (g Growth) Days(r Room) (days float64, known bool) {
	slope, known := g.Slope()
	if !known || slope <= 0 || r.Quota <= 0 || !r.Known() {
		return 0, false
	}
	return min(max(0, float64(r.Quota-r.InUse)/slope), mostDays), true
}
