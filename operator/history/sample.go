// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package history

import (
	"math"
	"time"
)

// Verdict is whether a control plane served.
type Verdict uint8

// What can be known of that, in the order in which one counts more than another within a step
// of time. The zero value is that nothing was looked at.
const (
	Unknown Verdict = iota
	Up
	Blind
	Down
)

// String is the word for a verdict.
func (v Verdict) String() string {
	switch v {
	case Blind:
		return "unseen"
	case Up:
		return "up"
	case Down:
		return "down"
	case Unknown:
	}
	return "unknown"
}

// Sample is what was measured of one control plane at one time. What was not seen is NaN;
// use None to begin with.
type Sample struct {
	// Used are the seats in use on the busiest replica, LoadLine and Ceiling those of one
	// replica, and Waiting the requests in queues of all of them.
	Used, LoadLine, Ceiling, Waiting float32
	// OneP99 is of requests for one object, gets and writes, and ListP99 of those for all of a
	// namespace or the cluster; both are in seconds.
	ListP99, OneP99 float32
	// Requests, Failed and Shed are of all replicas, each second.
	Requests, Failed, Shed float32
	// CPU and Memory are of all apiservers, in cores and in bytes: in use, and requested.
	CPU, CPURequested, Memory, MemoryRequested float32
	// Probe is how long a probe took that was answered, in seconds.
	Probe float32
	// Ready are the replicas that are; below 0 it is not known.
	Ready   int16
	Verdict Verdict
}

// None is a sample of which nothing was seen.
func None() Sample {
	n := float32(math.NaN())
	return Sample{
		Used: n, LoadLine: n, Ceiling: n, Waiting: n, ListP99: n, OneP99: n, Requests: n, Failed: n, Shed: n,
		CPU: n, CPURequested: n, Memory: n, MemoryRequested: n, Probe: n, Ready: -1,
	}
}

// Point is a sample of a step of time that began at At.
type Point struct {
	At time.Time
	Sample
}

// short is a duration in seconds as the upper half of a float32. It is right to within
// 0.4 percent, which is more than a percentile of a histogram is.
type short uint16

func shorten(f float32) short {
	if f != f { // NaN alone is not itself
		return 0x7fc0
	}
	return short((math.Float32bits(f) + 0x7fff) >> 16)
}

func (s short) seconds() float32 { return math.Float32frombits(uint32(s) << 16) }

// row is a sample as it is kept: 52 bytes.
type row struct {
	used, loadLine, ceiling, waiting           float32
	requests, failed, shed                     float32
	cpu, cpuRequested, memory, memoryRequested float32
	listP99, oneP99, probe                     short
	ready                                      int8
	verdict                                    Verdict
}

var empty = pack(None())

func pack(s Sample) row {
	return row{
		used: s.Used, loadLine: s.LoadLine, ceiling: s.Ceiling, waiting: s.Waiting,
		requests: s.Requests, failed: s.Failed, shed: s.Shed,
		cpu: s.CPU, cpuRequested: s.CPURequested, memory: s.Memory, memoryRequested: s.MemoryRequested,
		listP99: shorten(s.ListP99), oneP99: shorten(s.OneP99), probe: shorten(s.Probe),
		ready: int8(max(-1, min(s.Ready, math.MaxInt8))), verdict: s.Verdict,
	}
}

func (r row) sample() Sample {
	return Sample{
		Used: r.used, LoadLine: r.loadLine, Ceiling: r.ceiling, Waiting: r.waiting,
		ListP99: r.listP99.seconds(), OneP99: r.oneP99.seconds(),
		Requests: r.requests, Failed: r.failed, Shed: r.shed,
		CPU: r.cpu, CPURequested: r.cpuRequested, Memory: r.memory, MemoryRequested: r.memoryRequested,
		Probe: r.probe.seconds(), Ready: int16(r.ready), Verdict: r.verdict,
	}
}
