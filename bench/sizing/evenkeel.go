// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// evenkeel sizes as the operator does: by the profile where it has one, and by history.
type evenkeel struct {
	component sizing.Component
	profile   *sizing.Profile
	kept      sizing.Container
	trend     sizing.Trend
	week      sizing.Week
	has       amounts
	why       string
}

func newEvenkeel(c sizing.Component, p *sizing.Profile) *evenkeel {
	return &evenkeel{component: c, profile: p, kept: sizing.New(c)}
}

func (e *evenkeel) start(now time.Time, load sizing.Drivers) amounts {
	if e.profile == nil {
		// Somebody's guess: what the templates say.
		e.has = amounts{1, 2 << 30}
		e.kept.Requests = sizing.Requests{CPU: sizing.Applied{Request: 1}, Memory: sizing.Applied{Request: 2 << 30}}
		return e.has
	}
	return e.decide(now, load)
}

func (e *evenkeel) minute(now time.Time, m *minute) amounts {
	e.trend, e.week = e.trend.Seen(m.load, now), e.week.Seen(m.load, now)
	cpu, memory, _ := sizing.References(e.profile, e.component, sizing.Look(m.load, e.trend, e.week, now))
	for i := range replicas {
		e.kept.Add(fmt.Sprint(i), sizing.Usage{At: now, CPU: m.cpu[i], Memory: m.memory[i]}, cpu, memory)
	}
	return e.decide(now, m.load)
}

func (e *evenkeel) killed(now time.Time, had float64, m *minute) amounts {
	_, memory, _ := sizing.References(e.profile, e.component, sizing.Outlook{Now: m.load})
	e.kept.Memory.Wound(now, had, memory.Now)
	return e.minute(now, m)
}

func (e *evenkeel) decide(now time.Time, load sizing.Drivers) amounts {
	cpu, memory, _ := sizing.References(e.profile, e.component, sizing.Look(load, e.trend, e.week, now))
	cpuSize, known := e.kept.CPU.Recommend(now, cpu, sizing.Bounds{})
	memorySize, also := e.kept.Memory.Recommend(now, memory, sizing.Bounds{})
	if !known || !also {
		return e.has
	}
	e.why = fmt.Sprintf("%s/%s", cpuSize.Voice, memorySize.Voice)
	r := &e.kept.Requests
	r.CPU, r.Memory = sizing.Both(r.CPU, r.Memory, cpuSize, memorySize, now)
	e.has = amounts{r.CPU.Request, r.Memory.Request}
	return e.has
}
