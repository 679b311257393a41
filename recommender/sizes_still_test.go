// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"math"
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// noisy has requests come and go by a tenth around what a profile counts most.
func noisy(w *world, h *hosted) (at func(tick int)) {
	w.profile.Sizing.Resources.APIServer.CPU.Each.Requests = 0.001
	h.uses = func(_ sizing.Component, l sizing.Drivers) plane.Amounts {
		return plane.Amounts{CPU: 0.1 + 0.0009*l.Requests, Memory: gibi / 2}
	}
	return func(tick int) { h.load.Requests = 1000 * (1 + 0.1*math.Sin(float64(tick*tick))) }
}

// toldIn are the sentences that a condition has had in so many ticks.
func (w *world) toldIn(ticks int, condition string, each func(tick int)) map[string]bool {
	all := map[string]bool{}
	for n := range ticks {
		each(n)
		w.tick(5 * time.Second)
		all[w.finding(condition).Message] = true
	}
	return all
}

// What is only recommended is as steady as what is carried out: a status that is written
// at each look is of no use to anybody.
func TestARecommendationStandsStill(t *testing.T) {
	w := newWorld()
	h := hosts(w, small)
	w.profile.Sizing.Mode = plane.Recommend
	each := noisy(w, h)
	words := w.toldIn(400, v1alpha1.ConditionSized, each)
	if n := strings.Count(w.log.String(), " ChangeSize (shown)"); n > 6 || len(words) > 6 {
		t.Errorf("%d recommendations, %d sentences:\n%s", n, len(words), w.log.String())
	}
}

// What waits says so in the same words for as long as it does.
func TestWhatWaitsStandsStill(t *testing.T) {
	for name, change := range map[string]func(w *world, h *hosted){
		"deferred":   func(_ *world, h *hosted) { h.refuses["kube-apiserver-0"] = plane.ResizeDeferred },
		"infeasible": func(_ *world, h *hosted) { h.refuses["kube-apiserver-0"] = plane.ResizeInfeasible },
		"capped": func(w *world, _ *hosted) {
			w.profile.Sizing.Bounds = map[sizing.Component]plane.SizeBounds{sizing.APIServer: {CPU: sizing.Bounds{Most: 0.5}}}
		},
		"nonsense": func(w *world, _ *hosted) { w.profile.Sizing.Resources.APIServer.CPU.Base = -9 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			h := hosts(w, small)
			each := noisy(w, h)
			change(w, h)
			w.toldIn(360, v1alpha1.ConditionSized, each)
			words := w.toldIn(240, v1alpha1.ConditionSized, each)
			if len(words) > 4 { // one try in between
				t.Errorf("%d sentences in 20 minutes, as %q", len(words), w.finding(v1alpha1.ConditionSized).Message)
			}
		})
	}
}

// What is too large is recommended to be smaller after its hour, as it would be carried
// out.
func TestLoweringIsRecommended(t *testing.T) {
	w := newWorld()
	hosts(w, plane.Amounts{CPU: 4, Memory: 8 * gibi})
	w.profile.Sizing.Mode = plane.Recommend
	w.run(6 * time.Hour)
	if !strings.Contains(w.log.String(), "would lower the requests of apiServer from 4000m/8192Mi to 2") {
		t.Errorf("nothing says that it is too large:\n%s", w.log.String())
	}
	w.wantSized(t, v1alpha1.ReasonRecommendOnly, "recommended only: apiServer 2")
	if n := strings.Count(w.log.String(), " ChangeSize (shown)"); n != 2 {
		t.Errorf("%d recommendations for two components:\n%s", n, w.log.String())
	}
}

// A profile that yields nonsense for a while leaves everything as it is, and history goes
// on: what was needed meanwhile is known after.
func TestNonsenseLeavesSizesAlone(t *testing.T) {
	w := newWorld()
	h := hosts(w, small)
	w.run(90 * time.Minute)
	was, n := h.pods[0].Requested, w.count(plane.ResizePod)
	w.profile.Sizing.Resources.APIServer.CPU.Base = math.NaN()
	samples := w.memory.Sizes.Containers[sizing.APIServer].CPU.Samples()
	h.load.Nodes, h.load.Pods = 1000, 10000
	w.run(30 * time.Minute)
	w.wantSized(t, v1alpha1.ReasonProfileNonsense, "apiServer "+was.String())
	if w.count(plane.ResizePod) != n || w.memory.Sizes.Containers[sizing.APIServer].CPU.Samples() < samples+25 {
		t.Errorf("%d resizes meanwhile, samples from %d to %d", w.count(plane.ResizePod)-n, samples, w.memory.Sizes.Containers[sizing.APIServer].CPU.Samples())
	}
	w.profile.Sizing.Resources = measured()
	w.run(5 * time.Minute)
	if got := h.pods[0].Requested; got.CPU < 1.1 || got.CPU > 2.5 {
		t.Errorf("with 1.1 cores in use it requests %s after", got)
	}
}

// Before what was learnt is read nothing is learnt in its place.
func TestWhatWasLearntIsWaitedFor(t *testing.T) {
	w := newWorld()
	h := hosts(w, small)
	h.unrecalled = true
	w.run(10 * time.Minute)
	if len(w.memory.Sizes.Containers) != 0 || !w.finding(v1alpha1.ConditionSized).Unknown {
		t.Errorf("learnt %v, %+v", w.memory.Sizes.Containers, w.finding(v1alpha1.ConditionSized))
	}
}
