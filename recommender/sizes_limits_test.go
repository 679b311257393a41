// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// limited is a world whose pods have limits that are their requests, and follow them.
func limited(w *world, size plane.Amounts) *hosted {
	h := hosts(w, size)
	w.profile.Sizing.Limits, w.profile.Sizing.Resources = true, nil
	h.follows = true
	for i := range h.pods {
		h.pods[i].Limit, h.pods[i].LimitInForce = size, size
	}
	return h
}

// A load that stays the same has one size, also where the limit is the request: a size that
// fits is not taken for one that holds the container.
func TestLimitsDoNotSwing(t *testing.T) {
	w := newWorld()
	limited(w, plane.Amounts{CPU: 0.3, Memory: gibi})
	w.run(8 * time.Hour)
	settled := w.count(plane.ChangeSize)
	w.run(24 * time.Hour)
	if n := w.count(plane.ChangeSize) - settled; n > 0 {
		t.Errorf("%d changes of size in a day of the same load:\n%s", n, w.log.String())
	}
}

// Memory that cannot be given back, as its limit would follow, does not keep CPU short.
func TestMemoryDoesNotHoldCPU(t *testing.T) {
	w := newWorld()
	h := limited(w, plane.Amounts{CPU: 0.3, Memory: gibi})
	h.uses = func(c sizing.Component, _ sizing.Drivers) plane.Amounts {
		if c == sizing.Etcd {
			return plane.Amounts{CPU: 0.05, Memory: 0.5 * gibi}
		}
		return plane.Amounts{CPU: 0.2, Memory: 0.95 * gibi}
	}
	w.run(4 * time.Hour)
	h.uses = func(c sizing.Component, _ sizing.Drivers) plane.Amounts {
		if c == sizing.Etcd {
			return plane.Amounts{CPU: 0.05, Memory: 0.5 * gibi}
		}
		return plane.Amounts{CPU: 1.5, Memory: 0.95 * gibi}
	}
	w.run(10 * time.Minute)
	for _, p := range h.pods[:3] {
		if p.Requested.CPU < 1.5 {
			t.Errorf("%s requests %s", p.Pod, p.Requested)
		}
	}
}
