// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import (
	"math"
	"time"
)

const (
	// looseFor is how long a request must be more than is worth having before it is given
	// back, and apart how far two such changes are at the least.
	looseFor, apart = time.Hour, 2 * time.Hour
	// again is how soon after a change a need that is above it makes a larger step.
	again = 15 * time.Minute
)

// Applied is what a container requests, and since when.
type Applied struct {
	Request float64
	Changed time.Time
	// Loose is since when the request has been above the upper bound; zero while it is
	// not.
	Loose time.Time
}

// Due tells whether the request is to change, and to what: at once where it is below the
// need, and after an hour where it is above what is worth having.
func (a Applied) Due(s Size, now time.Time) (next Applied, due bool) {
	next = a
	switch {
	case a.Request < s.Lower && now.Sub(a.Changed) < again:
		// It grows faster than can be told: with all that is not worth giving back.
		return Applied{Request: s.Upper, Changed: now}, true
	case a.Request < s.Lower:
		return Applied{Request: s.Target, Changed: now}, true
	case a.Request <= s.Upper:
		next.Loose = time.Time{}
		return next, false
	case a.Loose.IsZero():
		next.Loose = now
		return next, false
	case now.Sub(a.Loose) < looseFor || now.Sub(a.Changed) < apart:
		return next, false
	}
	return Applied{Request: s.Target, Changed: now}, true
}

// Both are what is due of CPU and memory together, in what can be requested. What goes with
// a change of the other is no change more: then each goes to its target where it is short
// of it, and what is too much is given back together.
func Both(cpu, memory Applied, cpuSize, memorySize Size, now time.Time) (nextCPU, nextMemory Applied) {
	cpuSize.Upper, memorySize.Upper = upper(CPU, cpu, cpuSize), upper(Memory, memory, memorySize)
	nextCPU, cpuDue := cpu.Due(cpuSize, now)
	nextMemory, memoryDue := memory.Due(memorySize, now)
	with := func(a, next Applied, s Size, lowered bool) Applied {
		if a.Request < s.Target || lowered && a.Request > s.Upper {
			return Applied{Request: s.Target, Changed: now}
		}
		return next
	}
	if cpuDue && !memoryDue {
		nextMemory = with(memory, nextMemory, memorySize, nextCPU.Request < cpu.Request)
	}
	if memoryDue && !cpuDue {
		nextCPU = with(cpu, nextCPU, cpuSize, nextMemory.Request < memory.Request)
	}
	// What is not changed stays as somebody has written it, in bytes if he likes.
	if nextCPU.Request != cpu.Request {
		nextCPU.Request = Round(CPU, nextCPU.Request)
	}
	if nextMemory.Request != memory.Request {
		nextMemory.Request = Round(Memory, nextMemory.Request)
	}
	return nextCPU, nextMemory
}

// upper is the upper bound, and the request itself where that is above it by less than can
// be requested: it was written in bytes, up to a limit.
func upper(k Kind, a Applied, s Size) float64 {
	if Down(k, a.Request) <= s.Upper {
		return max(s.Upper, a.Request)
	}
	return s.Upper
}

// Round is what can be requested: whole millicores and mebibytes, rounded up.
func Round(k Kind, v float64) float64 {
	if k == CPU {
		return math.Ceil(v*1000-1e-6) / 1000
	}
	return math.Ceil(v/(1<<20)-1e-6) * (1 << 20)
}

// Down is as much of it as can be requested without passing it: what bounds a request must
// be so, or rounding up goes beyond it.
func Down(k Kind, v float64) float64 {
	if k == CPU {
		return math.Floor(v*1000+1e-6) / 1000
	}
	return math.Floor(v/(1<<20)+1e-6) * (1 << 20)
}
