// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
)

// ticks is the unit of times in /proc, a second's part (proc(5): USER_HZ, which
// is 100 on every architecture Go runs Linux on).
const ticks = 100

// stat is what is wanted of /proc/<pid>/stat.
type stat struct {
	zombie            bool
	cpuTicks, started uint64
	residentPages     uint64
}

// readStat reads /proc/<pid>/stat (proc(5)). The second field, the command, may
// hold anything, so what counts begins behind its last parenthesis.
func readStat(pid int) (stat, error) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return stat{}, fmt.Errorf("reading process %d: %w", pid, err)
	}
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	if len(fields) < 22 {
		return stat{}, fmt.Errorf("reading process %d: %d fields", pid, len(fields))
	}
	at := func(field int) uint64 { // numbered as in proc(5)
		n, _ := strconv.ParseUint(fields[field-3], 10, 64)
		return n
	}
	return stat{
		zombie: fields[0] == "Z", cpuTicks: at(14) + at(15), started: at(22), residentPages: at(24),
	}, nil
}

func usageFromProc(pid int) (cgroup.Usage, error) {
	s, err := readStat(pid)
	if err != nil {
		return cgroup.Usage{}, err
	}
	resident := s.residentPages * uint64(os.Getpagesize()) //nolint:gosec // a page is a few KiB
	return cgroup.Usage{CPUSeconds: float64(s.cpuTicks) / ticks, MemoryBytes: resident, WorkingSetBytes: resident}, nil
}
