// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"math/rand/v2"
	"time"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// begin is the first minute of every trace, a Monday.
var begin = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// days is how long a trace is: upstream's half-life is one of them.
const days = 8

const perDay = 24 * 60

// replicas is how many pods a component has.
const replicas = 3

// trace is what one component of one control plane carries and uses, a minute each.
type trace struct {
	name      string
	component sizing.Component
	minutes   []minute
	// steady is true where nothing but noise happens.
	steady bool
	// scored is the first minute that counts.
	scored int
}

// minute is one of them.
type minute struct {
	load sizing.Drivers
	// cpu and memory are those of each replica, in cores and bytes.
	cpu, memory [replicas]float64
}

// busiest is the replica that uses most, of each kind.
func (m *minute) busiest() (cpu, memory float64) {
	for i := range replicas {
		cpu, memory = max(cpu, m.cpu[i]), max(memory, m.memory[i])
	}
	return cpu, memory
}

// maker makes one trace: the load, what follows from it at the tenant's own ratio, and
// what happens besides.
type maker struct {
	rng       *rand.Rand
	component sizing.Component
	profile   *sizing.Profile
	// ratio is how the tenant uses what the profile gives: half of it to one and a half
	// times.
	ratio [2]float64
	// weights are the replicas' parts of the busiest: of an apiserver by sticky clients,
	// of etcd by who leads.
	weights [replicas]float64
	noise   [2]float64
}

func newMaker(seed uint64, c sizing.Component, p *sizing.Profile) *maker {
	rng := rand.New(rand.NewPCG(seed, uint64(len(c)))) //nolint:gosec // traces repeat from their seed
	m := &maker{rng: rng, component: c, profile: p}
	for i := range m.ratio {
		m.ratio[i] = 0.5 + 1.1*rng.Float64()
	}
	m.weights = [replicas]float64{1, 0.7 + 0.3*rng.Float64(), 0.6 + 0.3*rng.Float64()}
	return m
}

// The noise is autocorrelated: of one minute much is left in the next.
const (
	noiseKept   = 0.9
	cpuNoise    = 0.05
	memoryNoise = 0.01
)

// shape is what a trace is made from: the load at a minute, and by what factor more CPU
// and memory are used than follows from it.
type shape struct {
	name   string
	steady bool
	load   func(at int) sizing.Drivers
	more   func(at int) (cpu, memory float64)
}

// make makes the trace of a shape.
func (m *maker) make(s shape) trace {
	t := trace{name: s.name, component: m.component, steady: s.steady, scored: perDay, minutes: make([]minute, days*perDay)}
	for at := range t.minutes {
		load := s.load(at)
		need, _ := m.profile.Need(m.component, load)
		cpu, memory := 1.0, 1.0
		if s.more != nil {
			cpu, memory = s.more(at)
		}
		cpu *= m.ratio[0] * need.CPU.At(load) * m.wander(0, cpuNoise)
		memory *= m.ratio[1] * need.Memory.At(load) * m.wander(1, memoryNoise)
		t.minutes[at].load = load
		for i, w := range m.weights {
			t.minutes[at].cpu[i] = cpu * w
			t.minutes[at].memory[i] = memory * (0.9 + 0.1*w)
		}
	}
	return t
}

// wander is a factor around one.
func (m *maker) wander(kind int, sigma float64) float64 {
	m.noise[kind] = noiseKept*m.noise[kind] + math.Sqrt(1-noiseKept*noiseKept)*m.rng.NormFloat64()
	return max(1+sigma*m.noise[kind], 0.2)
}
