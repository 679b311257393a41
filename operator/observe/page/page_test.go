// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"
)

func want(tb testing.TB, families ...Family) *Wanted {
	tb.Helper()
	w, err := Want(families...)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

func gauge(name string, values map[string]float64, label string) *dto.MetricFamily {
	f := &dto.MetricFamily{Name: &name, Help: new("help"), Type: dto.MetricType_GAUGE.Enum()}
	for v, value := range values {
		f.Metric = append(f.Metric, &dto.Metric{
			Label: []*dto.LabelPair{{Name: &label, Value: new(v)}},
			Gauge: &dto.Gauge{Value: new(value)},
		})
	}
	return f
}

func TestDecodeKeepsOnlyWhatIsWanted(t *testing.T) {
	histogram := &dto.MetricFamily{Name: new("wait"), Type: dto.MetricType_HISTOGRAM.Enum(), Metric: []*dto.Metric{
		{
			Label: []*dto.LabelPair{{Name: new("execute"), Value: new("true")}, {Name: new("level"), Value: new("low")}},
			Histogram: &dto.Histogram{SampleCount: new(uint64(7)), SampleSum: new(1.5), Bucket: []*dto.Bucket{
				{CumulativeCount: new(uint64(3)), UpperBound: new(0.1)},
			}},
		},
		{
			Label:     []*dto.LabelPair{{Name: new("execute"), Value: new("false")}, {Name: new("level"), Value: new("low")}},
			Histogram: &dto.Histogram{SampleCount: new(uint64(1)), SampleSum: new(15.0)},
		},
	}}
	body := encode(t, gauge("other", map[string]float64{"a": 1}, "level"), gauge("seats", map[string]float64{"low": 5}, "level"),
		histogram, gauge("seats_of_others", map[string]float64{"a": 1}, "level"))
	w := want(t, Family{Name: "seats", Labels: []string{"level"}},
		Family{Name: "wait", Labels: []string{"absent", "level"}, Only: Label{"execute", "true"}},
		Family{Name: "missing"})
	var p Page
	if err := NewDecoder(w, Bounds{}).Decode(bytes.NewReader(body), &p); err != nil {
		t.Fatal(err)
	}
	expected := [][]Series{
		{{Labels: [MaxLabels]string{"low"}, Value: 5}},
		{{Labels: [MaxLabels]string{"", "low"}, Value: 1.5, Count: 7}},
		nil,
	}
	if diff := cmp.Diff(expected, kept(&p, 3), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	if !p.Has(0) || !p.Has(1) || p.Has(2) || p.Has(3) {
		t.Errorf("Has says %v %v %v %v", p.Has(0), p.Has(1), p.Has(2), p.Has(3))
	}
	if p.Families != 4 || p.Bytes != int64(len(body)) {
		t.Errorf("%d families, %d bytes; want 4 and %d", p.Families, p.Bytes, len(body))
	}
	if v, ok := p.First(0); !ok || v != 5 {
		t.Errorf("First(0) = %v, %v", v, ok)
	}
	if _, ok := p.First(2); ok {
		t.Error("First(2) found a value in a family that is not there")
	}
}

func histograms(name string, counts ...uint64) *dto.MetricFamily {
	f := &dto.MetricFamily{Name: &name, Type: dto.MetricType_HISTOGRAM.Enum()}
	for i, n := range counts {
		f.Metric = append(f.Metric, &dto.Metric{
			Label: []*dto.LabelPair{{Name: new("n"), Value: new(string(rune('a' + i)))}},
			Histogram: &dto.Histogram{SampleCount: new(n + 2), SampleSum: new(1.5), Bucket: []*dto.Bucket{
				{CumulativeCount: new(n), UpperBound: new(0.001)}, {CumulativeCount: new(n + 1), UpperBound: new(0.002)},
			}},
		})
	}
	return f
}

func TestDecodeKeepsBucketsThatAreWanted(t *testing.T) {
	body := encode(t, histograms("fsync", 7, 70, 700), histograms("commit", 3))
	w := want(t, Family{Name: "fsync", Buckets: true, Only: Label{"n", "c"}}, Family{Name: "commit"}, Family{Name: "missing", Buckets: true})
	d := NewDecoder(w, Bounds{})
	var p Page
	for range 2 { // into the same memory
		if err := d.Decode(bytes.NewReader(body), &p); err != nil {
			t.Fatal(err)
		}
		want := []Bucket{{0.001, 700}, {0.002, 701}}
		if diff := cmp.Diff(want, p.Buckets(0, 0)); diff != "" || p.Buckets(0, 1) != nil {
			t.Errorf("buckets (-want +got):\n%s and %v of a series that is not there", diff, p.Buckets(0, 1))
		}
		if p.Series(1)[0].Count != 5 || len(p.Buckets(1, 0)) != 0 || p.Buckets(2, 0) != nil || p.Buckets(3, 0) != nil {
			t.Errorf("buckets that were not wanted or are not there: %v, %v", p.Buckets(1, 0), p.Buckets(2, 0))
		}
	}
	all := want(t, Family{Name: "fsync", Buckets: true})
	if err := NewDecoder(all, Bounds{}).Decode(bytes.NewReader(body), &p); err != nil || p.Buckets(0, 2)[0].Count != 700 || p.Buckets(0, 1)[1].Count != 71 {
		t.Errorf("of three series: %v, %v, error %v", p.Buckets(0, 1), p.Buckets(0, 2), err)
	}
	if err := NewDecoder(all, Bounds{Series: 8}).Decode(bytes.NewReader(body), &p); !errors.Is(err, ErrOversize) {
		t.Errorf("three series of two buckets each within a bound of 8: error %v, want ErrOversize", err)
	}
}

func TestDecodeBounds(t *testing.T) {
	w := want(t, Family{Name: "seats", Labels: []string{"level"}})
	seats := gauge("seats", map[string]float64{"a": 1, "b": 2, "c": 3}, "level")
	long := gauge("seats", map[string]float64{strings.Repeat("x", 50): 1}, "level")
	huge := protowire.AppendVarint(nil, 1<<62)
	body := encode(t, gauge("other", map[string]float64{"a": 1}, "level"), seats)
	for _, c := range []struct {
		name    string
		body    []byte
		bounds  Bounds
		is      error
		message string
	}{
		{"all within", body, Bounds{Bytes: int64(len(body)), Families: 2, Series: 3, LabelBytes: 1}, nil, ""},
		{"bytes", body, Bounds{Bytes: int64(len(body)) - 1}, ErrOversize, "more than"},
		{"families", body, Bounds{Families: 1}, ErrOversize, "more than 1 families"},
		{"series", body, Bounds{Series: 2}, ErrOversize, "more than 2 series"},
		{"label", encode(t, long), Bounds{LabelBytes: 49}, ErrOversize, "the label level has a value of 50 bytes"},
		{"wanted family", body, Bounds{FamilyBytes: 20}, ErrOversize, "the family seats has"},
		{"declared length", huge, Bounds{}, ErrOversize, "a family of 4611686018427387904 bytes"},
		{"empty", nil, Bounds{}, nil, ""},
		{"cut after a length", body[:1], Bounds{}, ErrGarbage, "ends within a family"},
		{"cut in a name", body[:5], Bounds{}, ErrGarbage, "ends within a family"},
		{"cut in a skipped family", body[:10], Bounds{}, ErrGarbage, "ends within a family"},
		{"cut in a wanted family", body[:len(body)-3], Bounds{}, ErrGarbage, "ends within"},
		{"text", []byte("# HELP seats of a level\n# TYPE seats gauge\n"), Bounds{}, ErrGarbage, "name"},
		{"broken length", bytes.Repeat([]byte{0xff}, 20), Bounds{}, ErrGarbage, "length"},
		{"broken metric", append([]byte{11}, "\x0a\x05seats\x22\x02\x0a\x09"...), Bounds{}, ErrGarbage, "in the family seats"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p Page
			err := NewDecoder(w, c.bounds).Decode(bytes.NewReader(c.body), &p)
			if !errors.Is(err, c.is) || c.is == nil && err != nil {
				t.Fatalf("error %v, want %v", err, c.is)
			}
			if err != nil && !strings.Contains(err.Error(), c.message) {
				t.Errorf("error %q does not say %q", err, c.message)
			}
		})
	}
}

// endless is a server that never stops.
type endless struct{ sent int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.sent += int64(len(p))
	for i := range p {
		p[i] = 0
	}
	return len(p), nil
}

func TestDecodeEndsAnEndlessPage(t *testing.T) {
	d := NewDecoder(want(t, Family{Name: "seats"}), Bounds{Bytes: 1 << 20, Families: 1 << 30})
	var e endless
	if err := d.Decode(&e, &Page{}); !errors.Is(err, ErrOversize) {
		t.Fatalf("error %v, want ErrOversize", err)
	}
	if e.sent > 2<<20 {
		t.Errorf("%d bytes were read, the bound is 1 MiB", e.sent)
	}
}

func TestDecodeReturnsTheReadersError(t *testing.T) {
	broken := errors.New("connection reset")
	d := NewDecoder(want(t, Family{Name: "seats"}), Bounds{})
	body := encode(t, gauge("seats", map[string]float64{"a": 1}, "level"))
	err := d.Decode(io.MultiReader(bytes.NewReader(body), iotest.ErrReader(broken)), &Page{})
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want the reader's", err)
	}
}

func TestWantRefuses(t *testing.T) {
	for _, families := range [][]Family{
		{{}},
		{{Name: "a"}, {Name: "a"}},
		{{Name: "a", Labels: make([]string, MaxLabels+1)}},
		{{Name: "a", Sum: true, Buckets: true}},
	} {
		if _, err := Want(families...); err == nil {
			t.Errorf("Want(%v) has no error", families)
		}
	}
}

// Whatever families a server sends, in whatever pieces, the wanted ones have the
// values that a plain decoder finds; and so has the next page in the same memory.
func TestDecodeEqualsNaive(t *testing.T) {
	names := []string{"seats", "wait", "seats_total", "other", "a_name_that_is_longer_than_any_that_is_wanted"}
	wanted := []Family{
		{Name: "seats", Labels: []string{"level", "schema"}},
		{Name: "wait", Labels: []string{"schema"}, Only: Label{"type", "regular"}},
		{Name: "seats_total"},
		{Name: "other", Labels: []string{"type", "level"}, Sum: true},
	}
	w := want(t, wanted...)
	rapid.Check(t, func(t *rapid.T) {
		d := NewDecoder(w, Bounds{})
		var p Page
		for range 3 {
			families := rapid.SliceOfN(drawFamily(names), 0, 12).Draw(t, "families")
			var body []byte
			for _, f := range families {
				body = append(body, encode(&testing.T{}, f)...)
			}
			expected, err := naive(body, wanted)
			if err != nil {
				t.Fatal(err)
			}
			var r io.Reader = bytes.NewReader(body)
			if rapid.Bool().Draw(t, "byte by byte") {
				r = iotest.OneByteReader(r)
			}
			if err := d.Decode(r, &p); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(expected, kept(&p, len(wanted)), cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
				t.Fatalf("series (-naive +ours):\n%s", diff)
			}
		}
	})
}

func drawFamily(names []string) *rapid.Generator[*dto.MetricFamily] {
	labels := rapid.SampledFrom([]string{"level", "schema", "type", "reason"})
	values := rapid.OneOf(rapid.SampledFrom([]string{"regular", "watch", ""}), rapid.String())
	return rapid.Custom(func(t *rapid.T) *dto.MetricFamily {
		f := &dto.MetricFamily{Name: new(rapid.SampledFrom(names).Draw(t, "name"))}
		if rapid.Bool().Draw(t, "help") {
			f.Help = new(strings.Repeat("h", rapid.IntRange(0, 3*windowBytes/2).Draw(t, "helpful")))
		}
		for range rapid.IntRange(0, 5).Draw(t, "metrics") {
			m := &dto.Metric{}
			for range rapid.IntRange(0, 4).Draw(t, "labels") {
				m.Label = append(m.Label, &dto.LabelPair{Name: new(labels.Draw(t, "label")), Value: new(values.Draw(t, "value"))})
			}
			v, n := rapid.Float64().Draw(t, "v"), rapid.Uint64().Draw(t, "n")
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				m.Gauge = &dto.Gauge{Value: &v}
			case 1:
				m.Counter = &dto.Counter{Value: &v, Exemplar: &dto.Exemplar{Value: &v}}
			case 2:
				m.Untyped = &dto.Untyped{Value: &v}
			case 3:
				m.Summary = &dto.Summary{SampleCount: &n, SampleSum: &v, Quantile: []*dto.Quantile{{Quantile: &v, Value: &v}}}
			case 4:
				m.Histogram = &dto.Histogram{SampleCount: &n, SampleSum: &v, Bucket: []*dto.Bucket{{CumulativeCount: &n, UpperBound: &v}}, Schema: new(int32(-3))}
			}
			m.TimestampMs = new(int64(12))
			f.Metric = append(f.Metric, m)
		}
		return f
	})
}
