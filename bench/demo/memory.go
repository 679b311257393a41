// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"

	"evenkeel.dev/evenkeel/bench/report"
)

// shortOfMemory says that a run is likely to want more memory than there is, in GiB;
// empty when there is enough, or one of them is not known (0).
func shortOfMemory(need, free float64) string {
	if need <= 0 || free <= 0 || free >= need {
		return ""
	}
	return fmt.Sprintf("only %.1f GiB of memory are free, and this scenario took %.1f GiB at its peak: servers may be killed on the way, and then the figures say nothing; "+
		"a smaller storm is ARGS=\"--scenario bench/scenarios/short.yaml\"", free, need)
}

// warnOfMemory tells a person before the storm what the kernel would tell after it.
func (p *run) warnOfMemory() {
	if warning := shortOfMemory(p.Scenario.MemoryGiB, report.AvailableGiB()); warning != "" {
		p.Screen.Logf("%s", warning)
	}
}
