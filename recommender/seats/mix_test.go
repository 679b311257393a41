// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"strings"
	"testing"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// What is late on a calm day too is no overload, nor is another mix of requests: only
// what takes longer than its own calm mean is the load's doing.
func TestWhatIsAlwaysLateIsNoOverload(t *testing.T) {
	for name, c := range map[string]struct {
		mean float64
		cut  bool
	}{
		"as slow as ever":           {mean: 2},
		"a third slower than usual": {mean: 2.6},
		"twice as slow as usual":    {mean: 4, cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			var l plane.Line
			at := start
			look := func(mean, used float64) {
				at = at.Add(window)
				n := used * window.Seconds() / mean
				l, _ = seats.Find(l, []seats.Window{{
					Replica: "r0", Length: window, Used: used,
					Served: []plane.Served{{Class: plane.Class{Verb: "POST", Resource: "slow", Scope: "resource"}, Requests: n, Seconds: n * mean}},
					Delays: []plane.Delays{{Scope: "resource", Upper: []float64{mean, 2 * mean}, Within: []float64{n / 2, n}, Requests: n}},
				}}, nil, bounds, at)
			}
			for range 20 {
				look(2, 20)
			}
			for range 6 {
				look(c.mean, 500)
			}
			if cut := strings.HasPrefix(l.Why, "cut to"); cut != c.cut {
				t.Errorf("the line is %d: %s", l.Seats, l.Why)
			}
		})
	}
}
