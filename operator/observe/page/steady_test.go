// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"fmt"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// likeReal is a page as large as a fresh kube-apiserver's, with n wanted series.
func likeReal(tb testing.TB, n int) []byte {
	tb.Helper()
	var families []*dto.MetricFamily
	for i := range 300 {
		values := map[string]float64{}
		for j := range 20 {
			values[fmt.Sprintf("a-value-that-is-about-as-long-as-a-real-one-%d", j)] = float64(j)
		}
		families = append(families, gauge(fmt.Sprintf("apiserver_family_%d", i), values, "resource"))
	}
	wanted := map[string]float64{}
	for i := range n {
		wanted[fmt.Sprintf("level-%d", i)] = float64(i)
	}
	families[150] = gauge("seats", wanted, "level")
	return encode(tb, families...)
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	body := likeReal(t, 200)
	d := NewDecoder(want(t, Family{Name: "seats", Labels: []string{"level"}}), Bounds{})
	var p Page
	r := bytes.NewReader(body)
	decode := func() {
		r.Reset(body)
		if err := d.Decode(r, &p); err != nil {
			t.Fatal(err)
		}
	}
	decode()
	if allocations := testing.AllocsPerRun(100, decode); allocations != 0 {
		t.Errorf("%v allocations for a page with the same series as before, want 0", allocations)
	}
	if n := len(p.Series(0)); n != 200 {
		t.Errorf("%d series, want 200", n)
	}
}

// A server that makes up label values does not fill the operator's memory.
func TestStringsAreForgotten(t *testing.T) {
	d := NewDecoder(want(t, Family{Name: "seats", Labels: []string{"level"}}), Bounds{})
	var p Page
	for round := range 10 {
		values := map[string]float64{}
		for i := range 5000 {
			values[fmt.Sprintf("%d-%d", round, i)] = 1
		}
		if err := d.Decode(bytes.NewReader(encode(t, gauge("seats", values, "level"))), &p); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.strings) > maxStrings+5000 {
		t.Errorf("%d strings are remembered", len(d.strings))
	}
}

func BenchmarkSkip(b *testing.B) {
	body := likeReal(b, 0)
	d := NewDecoder(want(b, Family{Name: "none"}), Bounds{})
	var p Page
	r := bytes.NewReader(body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset(body)
		if err := d.Decode(r, &p); err != nil {
			b.Fatal(err)
		}
	}
}
