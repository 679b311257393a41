// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
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
	h := limited(w, plane.Amounts{CPU: 0.3, Memory: gibi})
	for i := range h.pods {
		h.pods[i].Limit.Memory, h.pods[i].LimitInForce.Memory = 0, 0
	}
	w.run(8 * time.Hour)
	settled := w.count(plane.ChangeSize)
	w.run(24 * time.Hour)
	if n := w.count(plane.ChangeSize) - settled; n > 0 {
		t.Errorf("%d changes of size in a day of the same load:\n%s", n, w.log.String())
	}
}

// Memory whose limit is its request is given back as well: what is left is clear of its use.
func TestLimitsAreGivenBack(t *testing.T) {
	w := newWorld()
	h := limited(w, plane.Amounts{CPU: 2, Memory: 4 * gibi})
	w.run(12 * time.Hour)
	for _, p := range h.pods {
		uses := h.uses(p.Component, h.load)
		if p.Requested.CPU > 1.3*uses.CPU+0.02 || p.Requested.Memory > 1.3*uses.Memory || p.Limit.Memory < 1.1*uses.Memory {
			t.Errorf("%s requests %s and uses %s", p.Pod, p.Requested, uses)
		}
	}
}
