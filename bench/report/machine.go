// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bufio"
	"context"
	"io"
	"math"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Machine is what a figure depends on and a reader may know: no host name, user
// or path.
type Machine struct {
	// Cores are those that the process may use, Kernel the numbers of its release.
	Cores     int     `json:"cores"`
	MemoryGiB float64 `json:"memory_gib,omitempty"`
	CPUModel  string  `json:"cpu_model,omitempty"`
	Go        string  `json:"go"`
	OS        string  `json:"os"`
	Arch      string  `json:"arch"`
	Kernel    string  `json:"kernel,omitempty"`
}

// factsLimit bounds what is read of a file below /proc, in bytes.
const factsLimit = 1 << 20

// New is an empty report on the checkout in dir, on this machine.
func New(ctx context.Context, target, dir string) *Report {
	return &Report{
		Target: target, Commit: commit(ctx, dir), Machine: ThisMachine(),
		Figures: []Figure{}, Missing: []Missing{},
	}
}

// ThisMachine describes the machine; what it does not tell stays empty.
func ThisMachine() Machine {
	return Machine{
		Cores:     min(runtime.NumCPU(), runtime.GOMAXPROCS(0)),
		MemoryGiB: math.Round(memoryGiB(meminfo, "MemTotal")*10) / 10,
		CPUModel:  field("/proc/cpuinfo", "model name"),
		Go:        runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Kernel: kernel("/proc/sys/kernel/osrelease"),
	}
}

// meminfo is where the kernel tells of memory (proc(5)).
const meminfo = "/proc/meminfo"

// AvailableGiB is the memory that could be used without swapping; 0 when it cannot be
// told.
func AvailableGiB() float64 { return memoryGiB(meminfo, "MemAvailable") }

// memoryGiB is a line of a file like meminfo; 0 when it has none.
func memoryGiB(path, key string) float64 {
	kib, err := strconv.ParseFloat(strings.TrimSuffix(field(path, key), " kB"), 64)
	if err != nil {
		return 0
	}
	return kib / (1 << 20)
}

var leadingNumbers = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*`)

// kernel keeps the numbers only: what distributions and people append to the
// release may name a machine.
func kernel(path string) string {
	raw, err := os.ReadFile(path) //nolint:gosec // a file below /proc, or a test's
	if err != nil {
		return ""
	}
	return leadingNumbers.FindString(string(raw))
}

// field is the first value of a key in a file of "key: value" lines.
func field(path, key string) string {
	f, err := os.Open(path) //nolint:gosec // a file below /proc, or a test's
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(io.LimitReader(f, factsLimit))
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// commit is the checkout's commit, with "-dirty" where a file differs from it.
func commit(ctx context.Context, dir string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	head, err := git(ctx, dir, "rev-parse", "HEAD")
	if err != nil || head == "" {
		return "unknown"
	}
	changes, err := git(ctx, dir, "status", "--porcelain")
	if err != nil || changes != "" {
		return head + "-dirty"
	}
	return head
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...) //nolint:gosec // the arguments stand above
	cmd.Dir = dir
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}
