// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample is the report of a demo that protected its tenant.
func sample() *Report {
	r := &Report{
		Target: "demo", Commit: "0123456789abcdef0123456789abcdef01234567",
		Machine: Machine{
			Cores: 2, MemoryGiB: 23.5, CPUModel: "A Processor", Go: "go1.26.8",
			OS: "linux", Arch: "amd64", Kernel: "6.1.102",
		},
		Missing: []Missing{{Name: ObserveCPU, Why: "the pods ran without cgroups"}},
	}
	for phase, ms := range map[string][]float64{
		Quiet: {8, 9, 79, 127}, Default: {2207, 3767, 5037, 5891}, Whole: {9, 412, 1803, 2411}, Evenkeel: {7, 9, 67.2, 162},
	} {
		for i, part := range []string{P50, P90, P99, Max} {
			r.Add(Victims(phase, part), UnitMilliseconds, ms[i])
		}
		r.Add(Victims(phase, Failed), UnitCount, 0)
	}
	slices.SortFunc(r.Figures, func(a, b Figure) int { return strings.Compare(a.Name, b.Name) })
	r.Add(OffenderRate(Default), UnitPerSecond, 10.3)
	r.Add(OffenderRate(Evenkeel), UnitPerSecond, 0)
	r.Add(Recommended, UnitSeconds, 1.84)
	r.Add(Jailed, UnitSeconds, 2.3, 1.2, 4.1, 2.2, 2.6)
	r.Add(Held, UnitSeconds, 14.2)
	r.Add(Released, UnitSeconds, 58.3)
	r.Add(ReleaseAllowed, UnitSeconds, 65)
	r.Add(BallastEffective, UnitMilliseconds, 112)
	r.Add(Restarts, UnitCount, 0)
	r.Add(OperatorCPU, UnitCores, 0.0212)
	r.Add(OperatorRSS, UnitMiB, 61.4)
	r.Add(DemoSeconds, UnitSeconds, 221)
	return r
}

func TestDemoGoldens(t *testing.T) {
	d := NewDemo(sample())
	golden(t, "demo.txt", d.Text())
	golden(t, "demo.md", d.Markdown())
}

func TestCompareGolden(t *testing.T) {
	before, after := sample(), sample()
	after.Commit = "fedcba9876543210fedcba9876543210fedcba98-dirty"
	after.Machine.Cores = 4
	after.Add(Jailed, UnitSeconds, 1.15)
	after.Add(Restarts, UnitCount, 2)
	after.Miss(OperatorRSS, "the operator died")
	after.Add("new.seconds", UnitSeconds, 4)
	var b strings.Builder
	if err := Compare(&b, before, after); err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.txt", b.String())

	after.Target = "bench-decode"
	if err := Compare(&b, before, after); err == nil || !strings.Contains(err.Error(), "different things") {
		t.Errorf("comparing two targets: %v, want a refusal", err)
	}
}

func TestBars(t *testing.T) {
	tests := []struct {
		name     string
		change   func(r *Report)
		key      string
		verdict  Verdict
		measured string
	}{
		{"as fast as three times quiet is met", func(r *Report) { r.Add(Victims(Evenkeel, P99), UnitMilliseconds, 237) }, "slowdown", Met, "3× (237 ms against 79.0 ms)"},
		{"slower is missed", func(r *Report) { r.Add(Victims(Evenkeel, P99), UnitMilliseconds, 238) }, "slowdown", Missed, "3.01× (238 ms against 79.0 ms)"},
		{"a gain of 50 is met", func(r *Report) { r.Add(Victims(Default, P99), UnitMilliseconds, 3360) }, "gain", Met, "50× (3,360 ms against 67.2 ms)"},
		{"a gain below 50 is missed", func(r *Report) { r.Add(Victims(Default, P99), UnitMilliseconds, 3340) }, "gain", Missed, "49.7× (3,340 ms against 67.2 ms)"},
		{"no quiet figure", func(r *Report) { r.Miss(Victims(Quiet, P99), "x") }, "slowdown", Unknown, "no figure victims.quiet.p99_ms"},
		{"a quiet figure of zero", func(r *Report) { r.Add(Victims(Quiet, P99), UnitMilliseconds, 0) }, "slowdown", Unknown, "no figure victims.quiet.p99_ms above 0"},
		{"one victim failed", func(r *Report) { r.Add(Victims(Whole, Failed), UnitCount, 1) }, "failed", Missed, "1"},
		{"one failed in one run of three", func(r *Report) { r.Add(Victims(Whole, Failed), UnitCount, 0, 0, 1) }, "failed", Missed, "0 (0 to 1, 3 runs)"},
		{"jail by median", func(r *Report) { r.Add(Jailed, UnitSeconds, 2, 5, 9) }, "jail", Met, "5.00 s (2.00 to 9.00, 3 runs)"},
		{"jailed late", func(r *Report) { r.Add(Jailed, UnitSeconds, 5.1) }, "jail", Missed, "5.10 s"},
		{"released too late", func(r *Report) { r.Add(Released, UnitSeconds, 65.4) }, "release", Missed, "65.4 s"},
		{"a term unknown", func(r *Report) { r.Miss(ReleaseAllowed, "x") }, "release", Unknown, "no figure release.allowed_seconds"},
		{"a restart", func(r *Report) { r.Add(Restarts, UnitCount, 1) }, "restarts", Missed, "1"},
		{"a slow ballast", func(r *Report) { r.Add(BallastEffective, UnitMilliseconds, 1100) }, "ballast", Missed, "1,100 ms"},
		{"a greedy operator", func(r *Report) { r.Add(OperatorCPU, UnitCores, 0.06) }, "operator-cpu", Missed, "0.060 cores"},
		{"a fat operator", func(r *Report) { r.Add(OperatorRSS, UnitMiB, 151) }, "operator-memory", Missed, "151 MiB"},
		{"observation measured", func(r *Report) { r.Add(ObserveCPU, UnitCores, 0.4) }, "observation", Met, "0.400 cores"},
		{"observation not measured", func(*Report) {}, "observation", Unknown, "no figure observe.tenant_cpu_cores"},
		{"too long a demo", func(r *Report) { r.Add(DemoAllowed, UnitSeconds, 200) }, "duration", Missed, "221 s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := sample()
			tt.change(r)
			bars := NewDemo(r).Bars
			i := slices.IndexFunc(bars, func(b Bar) bool { return b.Key == tt.key })
			if i < 0 {
				t.Fatalf("there is no bar %q", tt.key)
			}
			if bars[i].Verdict != tt.verdict || bars[i].Measured != tt.measured {
				t.Errorf("bar %s: %s, %q; want %s, %q", tt.key, bars[i].Verdict, bars[i].Measured, tt.verdict, tt.measured)
			}
		})
	}
}

func TestUnmetHoldsWhatIsUnknown(t *testing.T) {
	r := sample()
	r.Add(Restarts, UnitCount, 1)
	var keys []string
	for _, b := range NewDemo(r).Unmet() {
		keys = append(keys, b.Key)
	}
	if diff := cmp.Diff([]string{"restarts", "observation", "duration"}, keys); diff != "" {
		t.Errorf("unmet (-want +got):\n%s", diff)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with go test ./bench/report -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
