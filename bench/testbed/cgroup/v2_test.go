// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package cgroup

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestV2HandsControllersDownFromTheTop: the kernel refuses to let a folder hand
// down what it has not been handed itself.
func TestV2HandsControllersDownFromTheTop(t *testing.T) {
	got := above("/sys/fs/cgroup/evenkeel-1", "/sys/fs/cgroup/evenkeel-1/pods/uid/etcd")
	want := []string{"/sys/fs/cgroup", "/sys/fs/cgroup/evenkeel-1", "/sys/fs/cgroup/evenkeel-1/pods", "/sys/fs/cgroup/evenkeel-1/pods/uid"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("folders (-want +got):\n%s", diff)
	}
}

// TestV2WritesAndReadsTheKernelsFiles checks values and units against plain files
// of the names and formats of cgroup-v2.rst.
func TestV2WritesAndReadsTheKernelsFiles(t *testing.T) {
	mount := t.TempDir()
	m := &Manager{mode: V2, roots: map[string]string{"": filepath.Join(mount, "evenkeel-1")}}
	g, err := m.Group("pods/uid/etcd")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(mount, "evenkeel-1/pods/uid/etcd")
	if err := g.SetCPU(1000, 250); err != nil {
		t.Fatal(err)
	}
	if err := g.SetMemory(1 << 20); err != nil {
		t.Fatal(err)
	}
	wantFile(t, dir, "cpu.weight", "39") // of 1024 shares, as a kubelet has it
	wantFile(t, dir, "cpu.max", "25000 100000")
	wantFile(t, dir, "memory.max", "1048576")
	if err := g.SetCPU(0, 0); err != nil {
		t.Fatal(err)
	}
	if err := g.SetMemory(0); err != nil {
		t.Fatal(err)
	}
	wantFile(t, dir, "cpu.weight", "1")
	wantFile(t, dir, "cpu.max", "max 100000")
	wantFile(t, dir, "memory.max", "max")
	wantFile(t, filepath.Dir(dir), "cgroup.subtree_control", "+cpu +memory")

	for file, text := range map[string]string{
		"cpu.stat":       "usage_usec 2500000\nuser_usec 2000000\nnr_periods 40\nnr_throttled 31\nthrottled_usec 9\n",
		"memory.current": "5000\n",
		"memory.stat":    "anon 3000\ninactive_file 1200\n",
		"memory.events":  "low 0\noom 3\noom_kill 2\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := g.Usage()
	if err != nil {
		t.Fatal(err)
	}
	want := Usage{CPUSeconds: 2.5, MemoryBytes: 5000, WorkingSetBytes: 3800, Periods: 40, ThrottledPeriods: 31, OOMKills: 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
}

func wantFile(t *testing.T, dir, name, want string) {
	t.Helper()
	got, err := read(dir, name)
	if err != nil || got != want {
		t.Errorf("%s holds %q (%v), want %q", name, got, err, want)
	}
}

// TestNilManagerLimitsNothing: who needs no cgroups passes none.
func TestNilManagerLimitsNothing(t *testing.T) {
	var m *Manager
	g, err := m.Group("host/etcd")
	if err != nil || g.SetCPU(1, 1) != nil || g.SetMemory(1) != nil || len(g.ProcsFiles()) != 0 || g.Remove() != nil {
		t.Errorf("a group of no manager did something: %v %v", g, err)
	}
}
