// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// FuzzDecode feeds anything at all. The decoder must neither panic nor pass its
// bounds, and where it accepts a page that the plain decoder accepts too, it must
// have found as many series of each family.
func FuzzDecode(f *testing.F) {
	wanted := []Family{{Name: "seats", Labels: []string{"level"}}, {Name: "wait", Only: Label{"type", "regular"}, Buckets: true}}
	w := want(f, wanted...)
	f.Add([]byte(nil))
	f.Add(encode(f, gauge("seats", map[string]float64{"a": 1}, "level")))
	f.Add(encode(f, gauge("other", map[string]float64{"a": 1}, "level"), gauge("wait", map[string]float64{"regular": 2}, "type")))
	f.Add(encode(f, &dto.MetricFamily{Name: new("wait"), Metric: []*dto.Metric{{Histogram: &dto.Histogram{SampleCount: new(uint64(1))}}}}))
	f.Add(encode(f, histograms("wait", 1, 2)))
	f.Add([]byte("# TYPE seats gauge\nseats 1\n"))
	f.Add([]byte("\x07\x0a\x05seats\x00\x02\x0a\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		d := NewDecoder(w, Bounds{Series: 100, LabelBytes: 64, FamilyBytes: 4096})
		var p Page
		if d.Decode(bytes.NewReader(body), &p) != nil {
			return
		}
		total := 0
		for i := range wanted {
			total += len(p.Series(i))
			for n := range p.Series(i) {
				total += len(p.Buckets(i, n))
			}
			for _, s := range p.Series(i) {
				if len(s.Labels[0]) > 64 {
					t.Errorf("a label of %d bytes", len(s.Labels[0]))
				}
			}
		}
		if total > 100 {
			t.Errorf("%d series, the bound is 100", total)
		}
		expected, err := naive(body, wanted)
		if err != nil || bytes.Count(body, []byte("seats"))+bytes.Count(body, []byte("wait")) > 1 {
			return // names within a family can be given twice, and the last is valid
		}
		for i, w := range wanted {
			if len(expected[i]) != len(p.Series(i)) {
				t.Errorf("%d series of %s, the plain decoder found %d", len(p.Series(i)), w.Name, len(expected[i]))
			}
		}
	})
}
