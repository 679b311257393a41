// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package resize

import (
	"math"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"
)

// resourcesOf draws what a container may have: requests at or below limits, either of
// them missing.
func resourcesOf(t *rapid.T) corev1.ResourceRequirements {
	r := corev1.ResourceRequirements{Requests: corev1.ResourceList{}, Limits: corev1.ResourceList{}}
	for name, most := range map[corev1.ResourceName]int64{corev1.ResourceCPU: 64_000, corev1.ResourceMemory: 256 << 30} {
		request := rapid.Int64Range(0, most).Draw(t, string(name))
		limit := rapid.Int64Range(max(1, request), most).Draw(t, string(name)+" limit")
		if rapid.Bool().Draw(t, string(name)+" is requested") {
			r.Requests[name] = quantity(name, request)
		}
		if rapid.Bool().Draw(t, string(name)+" is limited") {
			r.Limits[name] = quantity(name, limit)
			if _, has := r.Requests[name]; !has { // as the API defaults it
				r.Requests[name] = r.Limits[name]
			}
		}
	}
	return r
}

func quantity(name corev1.ResourceName, n int64) resource.Quantity {
	if name == corev1.ResourceCPU {
		return *resource.NewMilliQuantity(n, resource.DecimalSI)
	}
	return *resource.NewQuantity(n, resource.BinarySI)
}

// Whatever is asked for of whatever there is: no request is above its limit, none is
// below what was asked for unless it says that it is capped, no limit comes or goes,
// and what is written once is not written again.
func TestWhatIsWrittenIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		is := resourcesOf(t)
		s := Size{CPU: rapid.Float64Range(0.001, 64).Draw(t, "cores"), Memory: rapid.Float64Range(1, 256<<30).Draw(t, "bytes")}
		values := rapid.SampledFrom([]Values{RequestsOnly, RequestsAndLimits}).Draw(t, "values")
		change := s.target(is, values)
		to, _ := change.onto(is)
		for _, name := range resources {
			request, limit := to.Requests[name], to.Limits[name]
			_, had := is.Limits[name]
			_, has := to.Limits[name]
			if had != has || has && request.Cmp(limit) > 0 {
				t.Fatalf("%s: request %s, limit %s (%v, was %v)", name, &request, &limit, has, had)
			}
			asked := map[corev1.ResourceName]float64{corev1.ResourceCPU: s.CPU, corev1.ResourceMemory: s.Memory}[name]
			if got := request.AsApproximateFloat64(); got < asked-1e-6 && len(change.capped) == 0 {
				t.Fatalf("%s: %v requested of %v", name, got, asked)
			}
			if before := is.Limits[name]; values == RequestsOnly && before.Cmp(limit) != 0 {
				t.Fatalf("%s: the limit was %s and is %s", name, &before, &limit)
			}
		}
		again := s.target(to, values)
		if _, same := again.onto(to); !same {
			t.Fatalf("%+v is written once more as %+v", to, again)
		}
	})
}

func TestRoundedUp(t *testing.T) {
	for cores, want := range map[float64]int64{1: 1000, 1.1: 1100, 0.1 + 0.2: 300, 1.1001: 1101, 1e-9: 1, 2.0000000001: 2000} {
		if got := millis(cores); got != want {
			t.Errorf("%v cores are %dm, want %dm", cores, got, want)
		}
	}
	for bytes, want := range map[float64]int64{1: 1, 1e-9: 1, mebibyte: 1, mebibyte + 1e-7: 1, mebibyte + 1: 2, 700.5 * mebibyte: 701, mostBytes: 1 << 30} {
		if got := mebibytes(bytes) / mebibyte; got != want {
			t.Errorf("%v bytes are %dMi, want %dMi", bytes, got, want)
		}
	}
	for _, s := range []Size{{CPU: math.NaN()}, {CPU: 1, Memory: math.Inf(1)}, {CPU: -1, Memory: 1}, {CPU: mostCores + 1}, {}} {
		if s.fault() == "" {
			t.Errorf("%+v is taken for a size", s)
		}
	}
}
