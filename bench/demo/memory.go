// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// shortOfMemory says that a run is likely to want more memory than there is; empty
// when there is enough, or it cannot be told. meminfo is the text of /proc/meminfo.
func shortOfMemory(needGiB float64, meminfo string) string {
	free, ok := availableGiB(meminfo)
	if !ok || needGiB <= 0 || free >= needGiB {
		return ""
	}
	return fmt.Sprintf("only %.1f GiB of memory are free, and this scenario took %.1f GiB at its peak: servers may be killed on the way, and then the figures say nothing; "+
		"a smaller storm is ARGS=\"--scenario bench/scenarios/short.yaml\"", free, needGiB)
}

// availableGiB is MemAvailable of proc(5).
func availableGiB(meminfo string) (gib float64, ok bool) {
	for line := range strings.Lines(meminfo) {
		rest, found := strings.CutPrefix(line, "MemAvailable:")
		if !found {
			continue
		}
		kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
		return kib / (1 << 20), err == nil
	}
	return 0, false
}

// warnOfMemory tells a person before the storm what the kernel would tell after it.
func (p *run) warnOfMemory() {
	meminfo, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return
	}
	if warning := shortOfMemory(p.Scenario.MemoryGiB, string(meminfo)); warning != "" {
		p.Screen.Logf("%s", warning)
	}
}
