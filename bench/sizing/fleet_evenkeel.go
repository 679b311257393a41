// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"math"
	"time"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// evenkeelFleet is what Evenkeel keeps and does for each VerticalPodAutoscaler: a history
// for each container by name, a recommendation and a status a minute, and once an hour
// what it has learnt.
type evenkeelFleet struct {
	planes, generation int
	containers         map[containerKey]*sizing.Container
	shown              map[containerKey][2]float32
	pods               []podUse
	saved              map[int]time.Time
	// written are bytes of status and of what was learnt.
	written int
}

type containerKey struct {
	plane      int
	vpa, named string
}

// podUse is a sample of one container, as the metrics API gives it.
type podUse struct {
	key containerKey
	pod string
	use sizing.Usage
}

func newEvenkeelFleet() fleet {
	return &evenkeelFleet{containers: map[containerKey]*sizing.Container{}, shown: map[containerKey][2]float32{}, saved: map[int]time.Time{}}
}

func (f *evenkeelFleet) roll(planes, generation int) { f.planes, f.generation = planes, generation }

func (f *evenkeelFleet) sample(now time.Time) {
	f.pods = f.pods[:0]
	for plane := range f.planes {
		n := 0
		for _, w := range workloads {
			for i := range w.pods {
				for _, c := range w.containers {
					n++
					cpu, memory := used(plane, n, now)
					f.pods = append(f.pods, podUse{containerKey{plane, w.name, c}, podName(w, i, f.generation), sizing.Usage{At: now, CPU: cpu, Memory: memory}})
				}
			}
		}
	}
}

func (f *evenkeelFleet) loop(now time.Time) {
	cpu, memory := sizing.Unit(sizing.CPU), sizing.Unit(sizing.Memory)
	for _, p := range f.pods {
		c := f.containers[p.key]
		if c == nil {
			made := sizing.New(sizing.APIServer)
			c = &made
			f.containers[p.key] = c
		}
		c.Add(p.pod, p.use, cpu, memory)
	}
	for key, c := range f.containers {
		f.recommend(key, c, now, cpu, memory)
	}
	for plane := range f.planes {
		if now.Sub(f.saved[plane]) >= time.Hour {
			f.save(plane)
			f.saved[plane] = now
		}
	}
}

func (f *evenkeelFleet) recommend(key containerKey, c *sizing.Container, now time.Time, cpuRef, memoryRef sizing.Reference) {
	cpu, known := c.CPU.Recommend(now, cpuRef, sizing.Bounds{})
	memory, also := c.Memory.Recommend(now, memoryRef, sizing.Bounds{})
	if !known || !also {
		return
	}
	c.Requests.CPU, c.Requests.Memory = sizing.Both(c.Requests.CPU, c.Requests.Memory, cpu, memory, now)
	was, is := f.shown[key], [2]float32{float32(cpu.Target), float32(memory.Target)}
	if math.Abs(float64(was[0]/is[0])-1) < 0.02 && math.Abs(float64(was[1]/is[1])-1) < 0.02 {
		return
	}
	f.shown[key] = is
	raw, err := json.Marshal(map[string]any{"containerName": key.named, "target": cpu.Target, "memory": memory.Target, "lower": cpu.Lower, "upper": cpu.Upper})
	if err == nil {
		f.written += len(raw)
	}
}

// save writes down what was learnt of one control plane.
func (f *evenkeelFleet) save(plane int) (all []savedContainer) {
	for _, w := range workloads {
		for _, name := range w.containers {
			key := containerKey{plane, w.name, name}
			c := f.containers[key]
			if c == nil {
				continue
			}
			cpu, memory, err := c.Save()
			if err != nil {
				continue
			}
			f.written += len(cpu) + len(memory)
			all = append(all, savedContainer{key, cpu, memory})
		}
	}
	return all
}

type savedContainer struct {
	key         containerKey
	cpu, memory []byte
}

func (f *evenkeelFleet) restart() fleet {
	again, _ := newEvenkeelFleet().(*evenkeelFleet)
	again.roll(f.planes, f.generation)
	for plane := range f.planes {
		for _, s := range f.save(plane) {
			c, err := sizing.LoadContainer(sizing.APIServer, s.cpu, s.memory)
			if err != nil {
				continue
			}
			again.containers[s.key] = &c
		}
	}
	return again
}
