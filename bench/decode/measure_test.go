// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"evenkeel.dev/evenkeel/bench/pages"
	"evenkeel.dev/evenkeel/bench/report"
)

// body is a page with other families and the limits of so many levels, in a form.
func body(t *testing.T, format expfmt.FormatType, levels int) []byte {
	t.Helper()
	var out bytes.Buffer
	to := expfmt.NewEncoder(&out, expfmt.NewFormat(format))
	for _, name := range []string{"apiserver_other", nominalSeats, nominalSeats + "_of_others"} {
		f := &dto.MetricFamily{Name: &name, Type: dto.MetricType_GAUGE.Enum()}
		for i := range levels {
			f.Metric = append(f.Metric, &dto.Metric{
				Label: []*dto.LabelPair{{Name: new("priority_level"), Value: new(string(rune('a' + i)))}},
				Gauge: &dto.Gauge{Value: new(float64(10 * i))},
			})
		}
		if err := to.Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func TestDecodersAgree(t *testing.T) {
	all, err := decoders()
	if err != nil {
		t.Fatal(err)
	}
	text, proto := body(t, expfmt.TypeTextPlain, 8), body(t, expfmt.TypeProtoDelim, 8)
	for _, d := range all {
		page := map[string][]byte{pages.TextFile: text, pages.ProtoFile: proto}[d.file]
		if f, err := d.decode(page); err != nil || f != (found{levels: 8, seats: 280}) {
			t.Errorf("%s finds %+v, %v; want 8 levels of 280 seats", d.name, f, err)
		}
		if _, err := d.decode(slices.Clone(page[:len(page)-3])); err == nil && d.file == pages.ProtoFile {
			t.Errorf("%s takes a page that is cut off", d.name)
		}
	}
	if err := agree(all, map[string][]byte{pages.TextFile: text, pages.ProtoFile: proto}); err != nil {
		t.Error(err)
	}
	other := body(t, expfmt.TypeTextPlain, 7)
	if err := agree(all, map[string][]byte{pages.TextFile: other, pages.ProtoFile: proto}); err == nil || !strings.Contains(err.Error(), "not comparable") {
		t.Errorf("agree = %v of different pages", err)
	}
}

// The report has every figure of a run, and the table a line for every decoder.
func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	for file, format := range map[string]expfmt.FormatType{pages.TextFile: expfmt.TypeTextPlain, pages.ProtoFile: expfmt.TypeProtoDelim} {
		if err := os.WriteFile(filepath.Join(dir, file), body(t, format, 3), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := &report.Report{}
	if err := measure(r, dir, 1); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"evenkeel.us", "expfmt_text.us", "expfmt_proto.us", "prometheus_text.us", "prometheus_proto.us", "page_bytes"} {
		if f, ok := r.Figure("decode." + name); !ok || f.Value <= 0 {
			t.Errorf("decode.%s is %+v", name, f)
		}
	}
	if f, ok := r.Figure("decode.evenkeel.allocs"); !ok || f.Value != 0 {
		t.Errorf("Evenkeel allocates %+v for a page, want none", f)
	}
	if rows := table(r).Rows; len(rows) != len(titles) {
		t.Errorf("the table has %d lines, want %d", len(rows), len(titles))
	}
	if err := measure(r, t.TempDir(), 1); err == nil || !strings.Contains(err.Error(), "bench pages") {
		t.Errorf("measure without pages = %v", err)
	}
}
