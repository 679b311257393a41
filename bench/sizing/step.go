// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// The step: half a core and a gibibyte, then two cores and four, for a day, and back.
// Nothing of it shows in what the control plane carries, which is the hardest case.
const (
	stepLowCPU, stepHighCPU       = 0.5, 2.0
	stepLowMemory, stepHighMemory = 1 << 30, 4 << 30
	plateau                       = perDay
	after                         = 5 * perDay
	// released is how near to what is used a request is that has been given back.
	released = 1.3
)

// stepped is how a step was met.
type stepped struct {
	// cpu and memory are the minutes until the request covered it, and back the hours
	// until it was given back; -1 for never.
	cpu, memory, back float64
}

// playStep plays the step after so many days of calm.
func playStep(calm int, p player) stepped {
	load := carrying(200, rate)
	at := func(cpu, memory float64) *minute {
		m := &minute{load: load}
		for i := range replicas {
			m.cpu[i], m.memory[i] = cpu, memory
		}
		return m
	}
	now, has := begin, p.start(begin, load)
	run := func(minutes int, m *minute, each func(i int)) {
		for i := range minutes {
			now = now.Add(time.Minute)
			if _, memory := m.busiest(); memory > has.memory {
				has = p.killed(now, has.memory, m)
			} else {
				has = p.minute(now, m)
			}
			if each != nil {
				each(i + 1)
			}
		}
	}
	s := stepped{-1, -1, -1}
	run(calm*perDay, at(stepLowCPU, stepLowMemory), nil)
	run(plateau, at(stepHighCPU, stepHighMemory), func(i int) {
		if s.cpu < 0 && has.cpu >= stepHighCPU {
			s.cpu = float64(i)
		}
		if s.memory < 0 && has.memory >= stepHighMemory {
			s.memory = float64(i)
		}
	})
	run(after, at(stepLowCPU, stepLowMemory), func(i int) {
		if s.back < 0 && has.cpu <= released*stepLowCPU && has.memory <= released*stepLowMemory {
			s.back = float64(i) / 60
		}
	})
	return s
}

// flatProfile gives half a core and a gibibyte whatever is carried: the step is no
// business of its curve.
func flatProfile() *sizing.Profile {
	return &sizing.Profile{Name: "flat", Revision: "bench", APIServer: sizing.Needs{
		CPU: sizing.Curve{Base: stepLowCPU, Error: 0.1}, Memory: sizing.Curve{Base: stepLowMemory, Error: 0.1},
	}}
}
