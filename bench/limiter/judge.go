// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"slices"
)

// What a limiter is judged by.
const (
	// A limit is near another that is within a twentieth of it.
	near = 0.05
	// It is settled when it is near its last value for mostOf the next steady seconds,
	// and of all that remain: a try of another limit now and then does not unsettle it.
	mostOf = 0.8
	steady = 300
	// early is how many seconds of the load are the beginning.
	early = 300
)

// verdict is how a limiter did on a plant. What is not said to be early is of the last
// third of the load.
type verdict struct {
	// goodput is the part of the best that any limit gives.
	goodput, earlyGoodput float64
	// pace is how many times as long as on a calm day requests take.
	pace, earlyPace float64
	// limit is the median, and swing how far the highest is from the lowest, in percent
	// of it.
	limit, swing float64
	// lowest is the lowest limit in all of the load.
	lowest float64
	// settled tells whether the limit came to rest: after so many seconds and requests.
	settled                       bool
	settleSeconds, settleRequests float64
}

// judge looks at the seconds of a load; there must be three at least.
func judge(seconds []second, best float64) verdict {
	var limits []int
	for _, s := range seconds {
		limits = append(limits, s.limit)
	}
	last := len(seconds) * 2 / 3
	end := slices.Sorted(slices.Values(limits[last:]))
	v := verdict{limit: float64(end[len(end)/2]), lowest: float64(slices.Min(limits))}
	v.swing = 100 * float64(end[len(end)-1]-end[0]) / v.limit
	v.goodput, v.pace = means(seconds[last:])
	v.earlyGoodput, v.earlyPace = means(seconds[:min(early, len(seconds))])
	v.goodput /= best
	v.earlyGoodput /= best
	if at, ok := settles(limits, v.limit); ok {
		v.settled, v.settleSeconds = true, float64(at)
		for _, s := range seconds[:at] {
			v.settleRequests += float64(s.done)
		}
	}
	return v
}

// means are the mean work and pace.
func means(seconds []second) (work, pace float64) {
	for _, s := range seconds {
		work += s.work / float64(len(seconds))
		pace += s.pace / float64(len(seconds))
	}
	return work, pace
}

// settles is the first second from which on the limit stays near its last value.
func settles(limits []int, last float64) (at int, ok bool) {
	// isNear[i] counts those that are near from i on.
	isNear := make([]int, len(limits)+1)
	for i := len(limits) - 1; i >= 0; i-- {
		isNear[i] = isNear[i+1]
		if math.Abs(float64(limits[i])-last) <= near*last {
			isNear[i]++
		}
	}
	for i := range len(limits) - steady + 1 {
		now := isNear[i] > isNear[i+1]
		next := float64(isNear[i] - isNear[i+steady])
		if now && next >= mostOf*steady && float64(isNear[i]) >= mostOf*float64(len(limits)-i) {
			return i, true
		}
	}
	return 0, false
}
