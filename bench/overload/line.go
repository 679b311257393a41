// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"math"
	"slices"
	"time"
)

// moved is by how much a line has to change to count as moved: 5 %.
const moved = 0.05

// point is the load line from a time on, until the next point.
type point struct {
	at    time.Time
	seats int32
}

// geometric are so many lines from least to most, each the same multiple of the one
// before, rounded, and each once.
func geometric(least, most, values int) []int32 {
	if values < 2 || least >= most {
		return []int32{int32(most)} //nolint:gosec // a ceiling is far below 2^31
	}
	step := math.Pow(float64(most)/float64(least), 1/float64(values-1))
	lines := make([]int32, 0, values)
	for i := range values {
		lines = append(lines, int32(math.Round(float64(least)*math.Pow(step, float64(i)))))
	}
	return slices.Compact(lines)
}

// around are up to n more lines beside the best: in the middle, by ratio, between it and
// its neighbors among those that were tried, the lower one first.
func around(best int32, tried []int32, n int) []int32 {
	sorted := slices.Sorted(slices.Values(tried))
	i := slices.Index(sorted, best)
	var more []int32
	for _, j := range []int{i - 1, i + 1} {
		if i < 0 || j < 0 || j >= len(sorted) || len(more) == n {
			continue
		}
		between := int32(math.Round(math.Sqrt(float64(sorted[i]) * float64(sorted[j]))))
		if between != sorted[i] && between != sorted[j] {
			more = append(more, between)
		}
	}
	return more
}

// settled is how long after the beginning the line moved for the last time before the
// end: changed by more than 5 % from one value to the next. A line that never moved was
// settled at once.
func settled(line []point, began, end time.Time) time.Duration {
	last := began
	for i := 1; i < len(line); i++ {
		before, now := float64(line[i-1].seats), float64(line[i].seats)
		if line[i].at.After(began) && line[i].at.Before(end) && math.Abs(now-before) > moved*before {
			last = line[i].at
		}
	}
	return last.Sub(began)
}

// oscillation is how far the line swung in [from, to): its span in percent of its
// median over time, in steps of a second. NaN when it was not known.
func oscillation(line []point, from, to time.Time) float64 {
	var values []int32
	for at := from; at.Before(to); at = at.Add(time.Second) {
		if v, ok := valueAt(line, at); ok {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	median := float64(values[len(values)/2])
	return 100 * float64(values[len(values)-1]-values[0]) / median
}

// valueAt is the line at a time.
func valueAt(line []point, at time.Time) (seats int32, ok bool) {
	for _, p := range line {
		if p.at.After(at) {
			break
		}
		seats, ok = p.seats, true
	}
	return seats, ok
}

// cuts counts how often the line was lowered in [from, to).
func cuts(line []point, from, to time.Time) int {
	n := 0
	for i := 1; i < len(line); i++ {
		if line[i].seats < line[i-1].seats && !line[i].at.Before(from) && line[i].at.Before(to) {
			n++
		}
	}
	return n
}
