// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package cgroup_test

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
)

// TestLimitsAreKept runs a busy process in a group where that is allowed, and
// checks that a machine without cgroups says so and does no harm.
func TestLimitsAreKept(t *testing.T) {
	m, err := cgroup.Detect(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Group("pods/busy")
	if err != nil {
		t.Fatal(err)
	}
	if err := g.SetCPU(100, 200); err != nil {
		t.Fatal(err)
	}
	if err := g.SetMemory(64 << 20); err != nil {
		t.Fatal(err)
	}
	if m.Mode() == cgroup.None {
		if m.Why() == "" || len(g.ProcsFiles()) != 0 {
			t.Errorf("mode none says %q and has %v", m.Why(), g.ProcsFiles())
		}
		return
	}
	t.Cleanup(func() {
		if err := m.Clean(); err != nil {
			t.Error(err)
		}
	})
	busy := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range g.ProcsFiles() {
		if err := os.WriteFile(f, []byte(strconv.Itoa(busy.Process.Pid)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The kernel accounts in periods of 100 ms: await the tenth throttled one.
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		u, err := g.Usage()
		if err != nil {
			t.Fatal(err)
		}
		if u.ThrottledPeriods >= 10 && u.CPUSeconds > 0 {
			if most := 0.2*float64(u.Periods)*0.1*1.5 + 0.1; u.CPUSeconds > most {
				t.Errorf("used %.2f s in %d periods at a fifth of a core", u.CPUSeconds, u.Periods)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("not throttled at a fifth of a core: %+v", u)
		}
	}
	if err := m.Clean(); err != nil {
		t.Errorf("cleaning with a process inside: %v", err)
	}
	if err := busy.Wait(); err == nil {
		t.Error("the process in the group outlived Clean")
	}
}
