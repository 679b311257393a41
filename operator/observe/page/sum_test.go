// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
)

// answers are as many series as a busy server has of its requests, by three codes.
func answers(n int) *dto.MetricFamily {
	f := &dto.MetricFamily{Name: new("requests"), Type: dto.MetricType_COUNTER.Enum()}
	for i := range n {
		f.Metric = append(f.Metric, &dto.Metric{
			Label: []*dto.LabelPair{
				{Name: new("code"), Value: new([]string{"200", "429", "500"}[i%3])},
				{Name: new("resource"), Value: new(fmt.Sprint("resource-", i))},
			},
			Counter: &dto.Counter{Value: new(float64(i))},
		})
	}
	return f
}

// Thousands of series that are added up cost the page's bound three, and memory none.
func TestSumOfManySeries(t *testing.T) {
	body := encode(t, answers(6000), histograms("sizes", 7, 70, 700))
	w := want(t, Family{Name: "requests", Labels: []string{"code"}, Sum: true}, Family{Name: "sizes", Sum: true})
	d := NewDecoder(w, Bounds{Series: 4})
	var p Page
	r := bytes.NewReader(body)
	decode := func() {
		r.Reset(body)
		if err := d.Decode(r, &p); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // into the same memory
		decode()
		expected := [][]Series{
			{{Labels: [MaxLabels]string{"200"}, Value: 5997000}, {Labels: [MaxLabels]string{"429"}, Value: 5999000}, {Labels: [MaxLabels]string{"500"}, Value: 6001000}},
			{{Value: 4.5, Count: 783}},
		}
		if diff := cmp.Diff(expected, kept(&p, 2)); diff != "" {
			t.Fatalf("series (-want +got):\n%s", diff)
		}
	}
	if n := testing.AllocsPerRun(20, decode); n != 0 {
		t.Errorf("%v allocations for a page with the same series as before, want 0", n)
	}
	if err := NewDecoder(w, Bounds{Series: 3}).Decode(bytes.NewReader(body), &p); !errors.Is(err, ErrOversize) {
		t.Errorf("four sums within a bound of 3: error %v, want ErrOversize", err)
	}
}
