// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package cgroup

import (
	"fmt"
	"strconv"
	"strings"
)

// Usage is what a group has used.
type Usage struct {
	// CPUSeconds is the processor time since the group was made.
	CPUSeconds float64
	// MemoryBytes is all memory, page cache included; WorkingSetBytes leaves out
	// the inactive page cache, as a kubelet reports it.
	MemoryBytes, WorkingSetBytes uint64
	// ThrottledPeriods of Periods ran into the CPU limit.
	ThrottledPeriods, Periods uint64
	// OOMKills counts the processes that the kernel has killed for memory.
	OOMKills uint64
}

// Usage reads what the group has used; all zero in mode none.
func (g *Group) Usage() (Usage, error) {
	if g == nil {
		return Usage{}, nil
	}
	switch g.mode {
	case V1:
		return g.usageV1()
	case V2:
		return g.usageV2()
	default:
		return Usage{}, nil
	}
}

func (g *Group) usageV1() (u Usage, err error) {
	nanoseconds, err := number(g.dirs["cpuacct"], "cpuacct.usage")
	if err != nil {
		return u, err
	}
	u.CPUSeconds = float64(nanoseconds) / 1e9
	if u.MemoryBytes, err = number(g.dirs["memory"], "memory.usage_in_bytes"); err != nil {
		return u, err
	}
	memory, err := keyed(g.dirs["memory"], "memory.stat")
	if err != nil {
		return u, err
	}
	cpu, err := keyed(g.dirs["cpu"], "cpu.stat")
	if err != nil {
		return u, err
	}
	// Not every kernel counts kills in v1.
	if oom, err := keyed(g.dirs["memory"], "memory.oom_control"); err == nil {
		u.OOMKills = oom["oom_kill"]
	}
	u.fill(memory["total_inactive_file"], cpu)
	return u, nil
}

func (g *Group) usageV2() (u Usage, err error) {
	cpu, err := keyed(g.dirs[""], "cpu.stat")
	if err != nil {
		return u, err
	}
	u.CPUSeconds = float64(cpu["usage_usec"]) / 1e6
	if u.MemoryBytes, err = number(g.dirs[""], "memory.current"); err != nil {
		return u, err
	}
	memory, err := keyed(g.dirs[""], "memory.stat")
	if err != nil {
		return u, err
	}
	if events, err := keyed(g.dirs[""], "memory.events"); err == nil {
		u.OOMKills = events["oom_kill"]
	}
	u.fill(memory["inactive_file"], cpu)
	return u, nil
}

func (u *Usage) fill(inactive uint64, cpu map[string]uint64) {
	u.WorkingSetBytes = u.MemoryBytes - min(inactive, u.MemoryBytes)
	u.Periods, u.ThrottledPeriods = cpu["nr_periods"], cpu["nr_throttled"]
}

func number(dir, file string) (uint64, error) {
	text, err := read(dir, file)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", file, err)
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", file, err)
	}
	return n, nil
}

// keyed reads a file of lines "key number".
func keyed(dir, file string) (map[string]uint64, error) {
	text, err := read(dir, file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	values := map[string]uint64{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseUint(value, 10, 64); err == nil {
			values[key] = n
		}
	}
	return values, nil
}
