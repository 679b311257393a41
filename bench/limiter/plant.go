// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"time"
)

// plant is a replica that serves as fast as ever up to knee requests at once. Beyond
// it they share what there is, and with a steepness above 1 they thrash.
type plant struct {
	name            string
	knee, steepness float64
	// demand is how many requests run at once if they may: clients that were refused
	// or answered ask again at once.
	demand int
	// sick makes every request take so many times as long, whatever runs; 0 is 1.
	sick float64
	// takes is how long a write takes on a calm day, in seconds, and lists the part of
	// the requests that are lists.
	takes float64
	lists float64
	// calm is the demand before the load comes.
	calm int
}

const (
	// A list takes twenty times as long as a write. On most days a request in twenty-one
	// is a list, so that lists are half of the work.
	listTimes = 20
	fewLists  = 1.0 / 21
	// floor and ceiling are the limits that both limiters are given.
	floor, ceiling = 20, 600
	// calmFor is how long both see a calm plant, and loadFor how long the load.
	calmFor, loadFor = 200 * time.Second, 30 * time.Minute
)

// plants are what the limiters are judged on.
func plants() []plant {
	flood := func(name string, knee, steepness float64) plant {
		return plant{name: name, knee: knee, steepness: steepness, demand: 2000, takes: 0.040, lists: fewLists, calm: int(knee / 4)}
	}
	// Requests are quicker here, so that there are more of them while all is slow.
	sick := func(name string, times float64) plant {
		return plant{name: name, knee: 300, steepness: 1, demand: 200, sick: times, takes: 0.020, lists: fewLists, calm: 75}
	}
	return []plant{
		flood("knee40", 40, 1), flood("knee40_steep", 40, 1.3),
		flood("knee120", 120, 1), flood("knee120_steep", 120, 1.3),
		flood("knee300", 300, 1), flood("knee300_steep", 300, 1.3),
		sick("sick20", 20), sick("sick40", 40),
		{name: "mix", knee: 300, steepness: 1, demand: 75, takes: 0.040, lists: 0.5, calm: 75},
	}
}

// before is the same plant on a calm day.
func (p plant) before() plant {
	p.demand, p.sick, p.lists = p.calm, 1, fewLists
	return p
}

// pace is how many times as long as on a calm day requests take when so many run.
func (p plant) pace(running int) float64 {
	return max(p.sick, 1) * math.Pow(max(float64(running)/p.knee, 1), p.steepness)
}

// goodput is the work that is done under a limit, in seconds of a calm day a second.
func (p plant) goodput(limit int) float64 {
	running := min(limit, p.demand)
	return float64(running) / p.pace(running)
}

// best is the most work that is done under any limit that may be set.
func (p plant) best() (most float64) {
	for limit := floor; limit <= ceiling; limit++ {
		most = max(most, p.goodput(limit))
	}
	return most
}
