// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import (
	"slices"
	"time"
)

// Container is what is kept of one container of a component: its pods share it, as they
// request the same. Its zero value is one without history.
type Container struct {
	CPU, Memory *History
	// Requests is what every pod should request; zero before the first decision.
	Requests Requests
	// seen is when each pod's last sample was.
	seen []podSeen
}

type podSeen struct {
	pod string
	at  time.Time
}

// Requests are what a container should request of each kind, and since when.
type Requests struct{ CPU, Memory Applied }

// Usage is what one pod's container used: cores over a window, and bytes at its end.
type Usage struct {
	At          time.Time
	CPU, Memory float64
}

// New is a container of a component, without history.
func New(c Component) Container {
	cpu, memory := Rules(c)
	return Container{CPU: NewHistory(cpu), Memory: NewHistory(memory)}
}

// Clone is the same container, which goes its own way from here.
func (c Container) Clone() Container {
	c.CPU, c.Memory, c.seen = c.CPU.Clone(), c.Memory.Clone(), slices.Clone(c.seen)
	return c
}

// Seen is when the last sample of any pod was.
func (c Container) Seen() time.Time {
	if c.CPU == nil {
		return time.Time{}
	}
	return c.CPU.Seen()
}

// Wounded is when the last kill for memory was that was taken; zero without one.
func (c Container) Wounded() time.Time {
	if c.Memory == nil {
		return time.Time{}
	}
	return c.Memory.wounded
}

// Answered is what a container had, at the most, whose kill for memory such a request
// answers.
func Answered(request float64) float64 { return request / (healed * margin) }

// forgetPods is how long a pod is remembered that gives no sample.
const forgetPods = 10 * time.Minute

// Add takes a pod's sample, once.
func (c *Container) Add(pod string, u Usage, cpu, memory Reference) {
	i := slices.IndexFunc(c.seen, func(s podSeen) bool { return s.pod == pod })
	switch {
	case i < 0:
		c.seen = append(c.seen, podSeen{pod, u.At})
	case !u.At.After(c.seen[i].at):
		return
	default:
		c.seen[i].at = u.At
	}
	c.seen = slices.DeleteFunc(c.seen, func(s podSeen) bool { return u.At.Sub(s.at) > forgetPods })
	c.CPU.Add(Sample{At: u.At, Used: u.CPU, Curve: cpu.Now})
	c.Memory.Add(Sample{At: u.At, Used: u.Memory, Curve: memory.Now})
}

// Base has the histories compared to what a profile gives from now on. What was learnt
// under another one holds.
func (c *Container) Base(profile string, cpu, memory Reference) {
	c.CPU.Base(profile, cpu.Now)
	c.Memory.Base(profile, memory.Now)
}

// Save are the two histories as JSON, with what they are compared to.
func (c Container) Save() (cpu, memory []byte, err error) {
	if cpu, err = c.CPU.Save(); err == nil {
		memory, err = c.Memory.Save()
	}
	return cpu, memory, err
}

// LoadContainer is a container of a component whose histories were saved.
func LoadContainer(of Component, cpu, memory []byte) (c Container, err error) {
	cpuRule, memoryRule := Rules(of)
	if c.CPU, err = LoadHistory(cpuRule, cpu); err != nil {
		return Container{}, err
	}
	if c.Memory, err = LoadHistory(memoryRule, memory); err != nil {
		return Container{}, err
	}
	return c, nil
}
