// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// A size that is not the same to the last bit as the API tells it is in force all the
// same: nobody else has asked for it, and a follower that has it may lead.
func TestAnOddMillicore(t *testing.T) {
	w := newWorld()
	hosts(w, small)
	odd := plane.SizeBounds{CPU: sizing.Bounds{Least: 0.283, Most: 0.283}}
	w.profile.Sizing.Bounds = map[sizing.Component]plane.SizeBounds{sizing.APIServer: odd, sizing.Etcd: odd}
	w.run(4 * time.Minute)
	if n := w.count(plane.ResizePod); n != 6 || w.count(plane.MoveLeader) != 1 || !w.finding(v1alpha1.ConditionSized).True {
		t.Errorf("%d resizes, %+v:\n%s", n, w.finding(v1alpha1.ConditionSized), w.log.String())
	}
}

// Rounding does not pass a limit that stays, and a request that somebody wrote in bytes up
// to its limit is no reason to change it.
func TestALimitOfNoWholeMebibytes(t *testing.T) {
	for _, requested := range []float64{256 << 20, 500e6} {
		w := newWorld()
		h := hosts(w, plane.Amounts{CPU: 0.4, Memory: requested})
		for i := range h.pods {
			h.pods[i].Limit = plane.Amounts{CPU: 0.5, Memory: 500e6}
		}
		h.uses = func(sizing.Component, sizing.Drivers) plane.Amounts {
			return plane.Amounts{CPU: 0.1, Memory: 470 << 20}
		}
		w.run(20 * time.Minute)
		for _, p := range h.pods {
			if p.Requested.Memory > 500e6 || p.Requested.Memory < 476<<20 {
				t.Errorf("from %.0f bytes %s requests %.0f of 500,000,000:\n%s", requested, p.Pod, p.Requested.Memory, w.log.String())
			}
		}
		if n := w.count(plane.ResizePod); requested == 500e6 && n != 0 {
			t.Errorf("%d resizes of what is at its limit:\n%s", n, w.log.String())
		}
	}
}
