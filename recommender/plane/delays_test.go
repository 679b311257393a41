// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane_test

import (
	"math"
	"testing"

	"evenkeel.dev/evenkeel/recommender/plane"
)

func TestQuantile(t *testing.T) {
	upper := []float64{0.1, 0.2, 1}
	for name, c := range map[string]struct {
		delays plane.Delays
		part   float64
		want   float64
	}{
		"in the middle of a bucket":                  {plane.Delays{Upper: upper, Within: []float64{50, 90, 100}, Requests: 100}, 0.7, 0.15},
		"at a bound":                                 {plane.Delays{Upper: upper, Within: []float64{50, 90, 100}, Requests: 100}, 0.9, 0.2},
		"over all bounds":                            {plane.Delays{Upper: upper, Within: []float64{10, 20, 30}, Requests: 100}, 0.99, 1},
		"all in the first":                           {plane.Delays{Upper: upper, Within: []float64{100, 100, 100}, Requests: 100}, 0.5, 0.05},
		"a first bound of 0, as flow control's have": {plane.Delays{Upper: []float64{0, 0.1, 0.2}, Within: []float64{0, 50, 90}, Requests: 100}, 0.7, 0.15},
		"empty buckets":                              {plane.Delays{Upper: upper, Within: []float64{0, 0, 100}, Requests: 100}, 0.5, 0.6},
		"no requests":                                {plane.Delays{Upper: upper, Within: []float64{0, 0, 0}}, 0.99, 0},
		"no number of requests":                      {plane.Delays{Upper: upper, Within: []float64{1, 1, 1}, Requests: math.NaN()}, 0.99, 0},
		"bounds that do not ascend":                  {plane.Delays{Upper: []float64{0.1, 0.1}, Within: []float64{1, 2}, Requests: 2}, 0.99, 0.1},
		"buckets that fall":                          {plane.Delays{Upper: upper, Within: []float64{50, 20, 100}, Requests: 100}, 0.75, 0.6},
		"other buckets than there are":               {plane.Delays{Upper: upper, Within: []float64{1}, Requests: 1}, 0.99, 0},
		"a bound that is none ends it all":           {plane.Delays{Upper: []float64{0.1, math.NaN(), 1}, Within: []float64{1, 5, 10}, Requests: 10}, 0.99, 0.1},
	} {
		if got := c.delays.Quantile(c.part); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %g, want %g", name, got, c.want)
		}
	}
}

func TestPart(t *testing.T) {
	upper := []float64{0, 0.1, 0.2, 1}
	for name, c := range map[string]struct {
		delays  plane.Delays
		seconds float64
		want    float64
	}{
		"in the middle of a bucket": {plane.Delays{Upper: upper, Within: []float64{0, 50, 90, 100}, Requests: 100}, 0.15, 0.7},
		"at a bound":                {plane.Delays{Upper: upper, Within: []float64{0, 50, 90, 100}, Requests: 100}, 0.2, 0.9},
		"over all bounds":           {plane.Delays{Upper: upper, Within: []float64{0, 10, 20, 30}, Requests: 100}, 5, 0.3},
		"no time at all":            {plane.Delays{Upper: upper, Within: []float64{0, 50, 90, 100}, Requests: 100}, -1, 0},
		"no requests":               {plane.Delays{Upper: upper, Within: []float64{0, 0, 0, 0}}, 1, 1},
		"no number of requests":     {plane.Delays{Upper: upper, Within: []float64{0, 1, 1, 1}, Requests: math.NaN()}, 1, 1},
		"more than there were":      {plane.Delays{Upper: upper, Within: []float64{0, 1, 8, 9}, Requests: 4}, 1, 0.25},
		"buckets that fall":         {plane.Delays{Upper: upper, Within: []float64{0, 50, 20, 100}, Requests: 100}, 0.15, 0.5},
	} {
		if got := c.delays.Part(c.seconds); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %g, want %g", name, got, c.want)
		}
	}
}

func TestDelaysAddUp(t *testing.T) {
	a := plane.Delays{Scope: "resource", Upper: []float64{1, 2}, Within: []float64{3, 4}, Requests: 5}
	if got := (plane.Delays{}).Plus(a).Plus(a); got.Requests != 10 || got.Within[0] != 6 || got.Within[1] != 8 || a.Within[0] != 3 {
		t.Errorf("twice %+v is %+v", a, got)
	}
	other := plane.Delays{Scope: "resource", Upper: []float64{1, 3}, Within: []float64{1, 1}, Requests: 1}
	if got := a.Plus(other); got.Requests != 5 {
		t.Errorf("buckets that cannot be compared were added: %+v", got)
	}
}
