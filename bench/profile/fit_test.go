// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

func TestNNLS(t *testing.T) {
	for name, c := range map[string]struct {
		a    [][]float64
		b    []float64
		want []float64
	}{
		"inside":             {[][]float64{{1, 0}, {1, 1}, {1, 2}}, []float64{1, 3, 5}, []float64{1, 2}},
		"at the bound":       {[][]float64{{1, 0}, {1, 1}, {1, 2}}, []float64{3, 2, 1}, []float64{2, 0}},
		"scales far apart":   {[][]float64{{1, 0}, {1, 1e9}, {1, 2e9}}, []float64{1, 3, 5}, []float64{1, 2e-9}},
		"column of zeros":    {[][]float64{{1, 0}, {1, 0}}, []float64{2, 2}, []float64{2, 0}},
		"all want to shrink": {[][]float64{{1, 1}, {1, 2}}, []float64{-1, -1}, []float64{0, 0}},
	} {
		got, err := NNLS(c.a, c.b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for j := range got {
			if math.Abs(got[j]-c.want[j]) > 1e-9*math.Max(1, c.want[j]) {
				t.Errorf("%s: x = %v, want %v", name, got, c.want)
			}
		}
	}
	for name, c := range map[string]struct {
		a [][]float64
		b []float64
	}{
		"nothing": {}, "lengths differ": {[][]float64{{1}}, []float64{1, 2}},
		"ragged": {[][]float64{{1, 2}, {1}}, []float64{1, 2}}, "not a number": {[][]float64{{math.NaN()}}, []float64{1}},
	} {
		if x, err := NNLS(c.a, c.b); err == nil {
			t.Errorf("%s: x = %v, want an error", name, x)
		}
	}
}

// TestNNLSIsTheBest checks the conditions of Karush, Kuhn and Tucker, which hold at the
// best of all x ≥ 0 and nowhere else: no unknown is below zero, none above zero would
// gain by moving, and none at zero by growing.
func TestNNLSIsTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unknowns := rapid.IntRange(1, 6).Draw(t, "unknowns")
		rows := rapid.IntRange(unknowns, 14).Draw(t, "rows")
		a, b := make([][]float64, rows), make([]float64, rows)
		for i := range a {
			b[i] = float64(rapid.IntRange(-1000, 1000).Draw(t, "b")) / 10
			for range unknowns {
				a[i] = append(a[i], float64(rapid.IntRange(-100, 100).Draw(t, "a"))/10)
			}
		}
		x, err := NNLS(a, b)
		if err != nil {
			t.Fatal(err)
		}
		length := 0.0
		for _, v := range b {
			length = math.Hypot(length, v)
		}
		for j := range x {
			gain, size := 0.0, 0.0
			for i, row := range a {
				left := b[i]
				for k, v := range row {
					left -= v * x[k]
				}
				gain += row[j] * left
				size = math.Hypot(size, row[j])
			}
			gain /= math.Max(1e-9, size*length)
			if x[j] < 0 || gain > 1e-6 || x[j] > 0 && math.Abs(gain) > 1e-6 {
				t.Fatalf("x = %v: unknown %d would gain %g by moving", x, j, gain)
			}
		}
	})
}

// TestFitFindsTheCurve: a curve that has no error is found again.
func TestFitFindsTheCurve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := func(name string, most float64) float64 { return rapid.Float64Range(0, most).Draw(t, name) }
		want := sizing.Curve{Base: 0.05 + part("base", 1), Each: sizing.Drivers{
			Nodes: part("node", 1e-3), Pods: part("pod", 1e-4), Objects: part("object", 1e-5), Bytes: part("byte", 1e-8), Requests: part("request", 1e-2),
		}}
		var loads []sizing.Drivers
		var needs []float64
		for _, s := range standard {
			d := sizing.Drivers{
				Nodes: float64(s.Nodes), Pods: float64((s.Nodes * s.PodsPerNode)), Objects: float64(s.Small+s.Large) + 0.7*float64(s.Nodes),
				Bytes: 1e5 + 900*float64(s.Small) + 9000*float64(s.Large) + 2500*float64((s.Nodes*s.PodsPerNode)), Requests: 3 + 0.1*float64(s.Nodes) + s.Reads,
			}
			loads, needs = append(loads, d), append(needs, want.At(d))
		}
		got, residuals, err := Fit(loads, needs)
		if err != nil {
			t.Fatal(err)
		}
		if got.Error > 1e-4 || len(residuals) != len(standard) {
			t.Fatalf("the fit of %+v is off by %g: %+v", want, got.Error, got)
		}
	})
}

func TestFitRefuses(t *testing.T) {
	d := []sizing.Drivers{{}, {Nodes: 1}}
	for name, needs := range map[string][]float64{"no need": {1, 0}, "not a number": {1, math.NaN()}, "too few": {1}} {
		if _, _, err := Fit(d, needs); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
