// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAdd(t *testing.T) {
	tests := []struct {
		name    string
		samples []float64
		want    Figure
	}{
		{"one run is its own median", []float64{67.2}, Figure{Value: 67.2, Runs: 1, Min: 67.2, Max: 67.2}},
		{"odd runs, unsorted", []float64{80.1, 61, 67.2}, Figure{Value: 67.2, Runs: 3, Min: 61, Max: 80.1}},
		{"even runs", []float64{4, 1, 3, 2}, Figure{Value: 2.5, Runs: 4, Min: 1, Max: 4}},
		{"a measured zero is a figure", []float64{0}, Figure{Runs: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &Report{}
			r.Add("jail.seconds", UnitSeconds, tt.samples...)
			tt.want.Name, tt.want.Unit = "jail.seconds", UnitSeconds
			if diff := cmp.Diff([]Figure{tt.want}, r.Figures); diff != "" {
				t.Errorf("figures (-want +got):\n%s", diff)
			}
			if len(r.Missing) > 0 {
				t.Errorf("missing = %v, want none", r.Missing)
			}
		})
	}
}

func TestWhatIsNotMeasuredIsMissing(t *testing.T) {
	tests := []struct {
		name    string
		samples []float64
		why     string
	}{
		{"no sample", nil, "no sample was taken"},
		{"not a number", []float64{1, math.NaN()}, "sample 2 of 2 is not a number (NaN)"},
		{"infinite", []float64{math.Inf(1)}, "sample 1 of 1 is not a number (+Inf)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &Report{}
			r.Add("x", UnitSeconds, 3)
			r.Add("x", UnitSeconds, tt.samples...)
			if _, ok := r.Figure("x"); ok {
				t.Errorf("figure x is there: %v", r.Figures)
			}
			if diff := cmp.Diff([]Missing{{Name: "x", Why: tt.why}}, r.Missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
		})
	}
}

func TestANameIsThereOnce(t *testing.T) {
	r := &Report{}
	r.Miss("x", "too early")
	r.Add("x", UnitSeconds, 1)
	r.Add("x", UnitMilliseconds, 2)
	want := &Report{Figures: []Figure{{Name: "x", Unit: "ms", Value: 2, Runs: 1, Min: 2, Max: 2}}, Missing: []Missing{}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestMedianHalvesTheSamples(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SliceOfN(rapid.Float64(), 1, 30).Draw(t, "samples")
		before := slices.Clone(samples)
		m := median(samples)
		if !slices.Equal(before, samples) {
			t.Fatalf("median changed its samples: %v, were %v", samples, before)
		}
		if m < slices.Min(samples) || m > slices.Max(samples) {
			t.Fatalf("median of %v is %v, outside of them", samples, m)
		}
		var below, above int
		for _, s := range samples {
			if s < m {
				below++
			}
			if s > m {
				above++
			}
		}
		if half := len(samples) / 2; below > half || above > half {
			t.Fatalf("median of %v is %v: %d below, %d above", samples, m, below, above)
		}
	})
}

func TestDigits(t *testing.T) {
	for want, f := range map[string]Figure{
		"67.2 ms":                       {Value: 67.2, Unit: UnitMilliseconds, Runs: 1},
		"5,037 ms":                      {Value: 5036.8, Unit: UnitMilliseconds, Runs: 1},
		"1,234,567 ms":                  {Value: 1234567, Unit: UnitMilliseconds, Runs: 1},
		"0.021 cores":                   {Value: 0.0212, Unit: UnitCores, Runs: 1},
		"10.3/s":                        {Value: 10.3, Unit: UnitPerSecond, Runs: 1},
		"0":                             {Value: 0, Unit: UnitCount, Runs: 1},
		"3":                             {Value: 3, Unit: UnitCount, Runs: 1},
		"2.30 s (1.20 to 4.10, 5 runs)": {Value: 2.3, Min: 1.2, Max: 4.1, Unit: UnitSeconds, Runs: 5},
		"-1,500 ms":                     {Value: -1500, Unit: UnitMilliseconds, Runs: 1},
	} {
		if got := f.Words(); got != want {
			t.Errorf("Words of %+v = %q, want %q", f, got, want)
		}
	}
}

func TestMemory(t *testing.T) {
	const two = "MemTotal:       16384000 kB\nMemFree:          100000 kB\nMemAvailable:    2097152 kB\n"
	for name, c := range map[string]struct {
		meminfo string
		want    float64
	}{
		"a number":       {two, 2},
		"no such line":   {"MemTotal: 1 kB\n", 0},
		"not a number":   {"MemAvailable: much kB\n", 0},
		"nothing at all": {"", 0},
	} {
		path := filepath.Join(t.TempDir(), "meminfo")
		if err := os.WriteFile(path, []byte(c.meminfo), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := memoryGiB(path, "MemAvailable"); got != c.want {
			t.Errorf("%s: %v GiB, want %v", name, got, c.want)
		}
	}
	if AvailableGiB() <= 0 {
		t.Error("this machine has no memory")
	}
}
