// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"slices"
	"time"

	"evenkeel.dev/evenkeel/recommender/sla"
)

func minuteOf(t time.Time) sla.Minute { return sla.MinuteOf(t) }

// longestGap is the longest time between two times, those of the beginning and of the end
// among them.
func longestGap(times []time.Time, from, to time.Time) (gap time.Duration) {
	times = append(slices.Clone(times), to)
	slices.SortFunc(times, time.Time.Compare)
	last := from
	for _, t := range times {
		gap = max(gap, t.Sub(last))
		last = t
	}
	return gap
}
