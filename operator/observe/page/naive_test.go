// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"
)

// encode writes families as a server does.
func encode(tb testing.TB, families ...*dto.MetricFamily) []byte {
	tb.Helper()
	var b bytes.Buffer
	for _, f := range families {
		if _, err := protodelim.MarshalTo(&b, f); err != nil {
			tb.Fatalf("encoding %s: %v", f.GetName(), err)
		}
	}
	return b.Bytes()
}

// naive decodes a page the plain way: all of it, with the generated types.
func naive(body []byte, wanted []Family) ([][]Series, error) {
	series := make([][]Series, len(wanted))
	r := bufio.NewReader(bytes.NewReader(body))
	for {
		f := &dto.MetricFamily{}
		if err := protodelim.UnmarshalFrom(r, f); errors.Is(err, io.EOF) {
			return series, nil
		} else if err != nil {
			return nil, err
		}
		for i, w := range wanted {
			if w.Name != f.GetName() {
				continue
			}
			for _, m := range f.GetMetric() {
				s, ok := naiveSeries(m, w)
				same := slices.IndexFunc(series[i], func(o Series) bool { return o.Labels == s.Labels })
				switch {
				case !ok:
				case w.Sum && same >= 0:
					series[i][same].Value += s.Value
					series[i][same].Count += s.Count
				default:
					series[i] = append(series[i], s)
				}
			}
		}
	}
}

func naiveSeries(m *dto.Metric, w Family) (s Series, ok bool) {
	ok = w.Only == Label{}
	for _, l := range m.GetLabel() {
		for i, name := range w.Labels {
			if l.GetName() == name {
				s.Labels[i] = l.GetValue()
			}
		}
		ok = ok || w.Only == Label{l.GetName(), l.GetValue()}
	}
	switch {
	case m.Gauge != nil:
		s.Value = m.GetGauge().GetValue()
	case m.Counter != nil:
		s.Value = m.GetCounter().GetValue()
	case m.Untyped != nil:
		s.Value = m.GetUntyped().GetValue()
	case m.Summary != nil:
		s.Value, s.Count = m.GetSummary().GetSampleSum(), m.GetSummary().GetSampleCount()
	case m.Histogram != nil:
		s.Value, s.Count = m.GetHistogram().GetSampleSum(), m.GetHistogram().GetSampleCount()
	}
	return s, ok
}

// kept copies what a page holds.
func kept(p *Page, families int) [][]Series {
	series := make([][]Series, families)
	for i := range families {
		series[i] = append(series[i], p.Series(i)...)
	}
	return series
}
