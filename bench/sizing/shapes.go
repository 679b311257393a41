// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"math/rand/v2"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// carrying is a control plane of so many nodes, with so many requests a second for each.
func carrying(nodes, rate float64) sizing.Drivers {
	pods := 12 * nodes
	return sizing.Drivers{
		Nodes: nodes, Pods: pods, Objects: 1500 + 20*nodes,
		Bytes: 20e6 + 5000*(pods+nodes) + 2000*(1500+20*nodes), Requests: 5 + rate*nodes,
	}
}

// rate is how many requests a second a node comes with: its lease, its status, and what
// controllers do because of it.
const rate = 0.35

// shapes are what control planes go through, as people who host them tell of it. Their
// numbers were chosen before anything was measured with them.
func shapes(rng *rand.Rand) []shape {
	steady := func(nodes float64) func(int) sizing.Drivers {
		return func(int) sizing.Drivers { return carrying(nodes, rate) }
	}
	return []shape{
		{name: "flat", steady: true, load: steady(60 + 400*rng.Float64())},
		{name: "growth over days", load: growth(1*perDay, 6*perDay, 40, 2000)},
		{name: "growth in hours", load: bursts(100, growthStep{3*perDay + 9*60, 180, 1400}, growthStep{5*perDay + 14*60, 30, 600})},
		{name: "day and night", load: diurnal(300)},
		{name: "list storms", load: steady(300), more: storms(rng)},
		{name: "restarts", load: steady(200), more: events(rng, 0.6, func() event {
			return event{length: 5, cpu: 2.5 + rng.Float64(), memory: 1.3}
		})},
		{name: "defragmentation", load: steady(250), more: nightly(3*60, event{length: 10, cpu: 2, memory: 1.4})},
		{name: "hibernation", load: hibernating(200), more: waking(rng)},
		{name: "half the efficiency", load: steady(300), more: events(rng, 0.8, func() event {
			return event{length: 30 + rng.IntN(90), cpu: 2, memory: 1}
		})},
	}
}

// growth goes from one number of nodes to another between two minutes.
func growth(from, to int, least, most float64) func(int) sizing.Drivers {
	return func(at int) sizing.Drivers {
		part := min(max(float64(at-from)/float64(to-from), 0), 1)
		return carrying(math.Round(least+part*(most-least)), rate)
	}
}

// growthStep adds nodes from a minute on, over so many minutes.
type growthStep struct {
	at, over int
	nodes    float64
}

func bursts(nodes float64, steps ...growthStep) func(int) sizing.Drivers {
	return func(at int) sizing.Drivers {
		n := nodes
		for _, s := range steps {
			n += s.nodes * min(max(float64(at-s.at)/float64(s.over), 0), 1)
		}
		return carrying(math.Round(n), rate)
	}
}

// diurnal has half of its nodes and a third of the requests at night, and little at the
// weekend.
func diurnal(nodes float64) func(int) sizing.Drivers {
	return func(at int) sizing.Drivers {
		hour := float64(at%perDay) / 60
		day := 0.5 - 0.5*math.Cos(2*math.Pi*(hour-2)/24)
		if weekday := at / perDay % 7; weekday >= 5 {
			day *= 0.3
		}
		return carrying(math.Round(nodes*(0.5+0.5*day)), rate*(0.6+0.4*day))
	}
}

// hibernating has no nodes from seven in the evening to seven in the morning, nor at the
// weekend.
func hibernating(nodes float64) func(int) sizing.Drivers {
	return func(at int) sizing.Drivers {
		if !awake(at) {
			return carrying(0, rate)
		}
		return carrying(math.Round(nodes*min(float64(at%perDay-7*60+1)/8, 1)), rate)
	}
}

func awake(at int) bool {
	minute, weekday := at%perDay, at/perDay%7
	return weekday < 5 && minute >= 7*60 && minute < 19*60
}

// waking is the first minutes of a day: every node lists all that it needs.
func waking(rng *rand.Rand) func(int) (cpu, memory float64) {
	heavy := 1.5 + rng.Float64()
	return func(at int) (cpu, memory float64) {
		if minute := at % perDay; awake(at) && minute < 7*60+12 {
			return heavy, 1.15
		}
		return 1, 1
	}
}

// event is some minutes in which more is used.
type event struct {
	at, length  int
	cpu, memory float64
}

func factor(all []event) func(int) (cpu, memory float64) {
	return func(at int) (cpu, memory float64) {
		cpu, memory = 1, 1
		for _, e := range all {
			if at >= e.at && at < e.at+e.length {
				cpu, memory = max(cpu, e.cpu), max(memory, e.memory)
			}
		}
		return cpu, memory
	}
}

// events come at random, so many a day.
func events(rng *rand.Rand, perday float64, one func() event) func(int) (cpu, memory float64) {
	var all []event
	for at := rng.ExpFloat64() / perday; at < days; at += rng.ExpFloat64() / perday {
		e := one()
		e.at = int(at * perDay)
		all = append(all, e)
	}
	return factor(all)
}

func nightly(at int, e event) func(int) (cpu, memory float64) {
	var all []event
	for d := range days {
		e.at = d*perDay + at
		all = append(all, e)
	}
	return factor(all)
}

// storms are lists of everything: a backup every night at about the same time, and what
// nobody has announced.
func storms(rng *rand.Rand) func(int) (cpu, memory float64) {
	var all []event
	for d := range days {
		all = append(all, event{at: d*perDay + 2*60 + 20 + rng.IntN(20), length: 5 + rng.IntN(6), cpu: 3, memory: 1.8})
	}
	for at := rng.ExpFloat64(); at < days; at += rng.ExpFloat64() {
		all = append(all, event{at: int(at * perDay), length: 3 + rng.IntN(6), cpu: 2 + 1.5*rng.Float64(), memory: 1.3 + 0.9*rng.Float64()})
	}
	return factor(all)
}
