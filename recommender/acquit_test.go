// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// A controller whose few gets are slow, because others list large objects, holds most
// of the seats at every look, and is not to blame: it is served next to nothing.
func TestWhoIsOnlySlowIsNotJailed(t *testing.T) {
	controller := plane.Client{User: "system:serviceaccount:informer:controller", Verb: "get", Resource: "pods", Namespaced: true}
	for name, c := range map[string]struct {
		gets, took, lists float64
		jailed            bool
	}{
		"few gets beside dear lists": {gets: 5, took: 5, lists: 20},
		"gets that are all the work": {gets: 900, took: 0.5, lists: 0.1, jailed: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.crowd = 2
			w.run(time.Minute) // what gets take on a calm day is known
			w.crowd = 0
			for range 30 {
				s := w.snapshot(500 * time.Millisecond)
				for i := range s.Replicas {
					s.Replicas[i].Flows = []plane.FlowLoad{{Level: "node-high", Schema: "system-node-high", Requests: 80, ExecSeconds: 80}}
					s.Replicas[i].Held = []plane.Held{{Client: controller, Level: "workload-low", Schema: "service-accounts", Executing: 20, Seats: 20, Width: 1}}
					s.Replicas[i].Delays = []plane.Delays{{Scope: "resource", Upper: []float64{c.took, 2 * c.took}, Within: []float64{c.gets, c.gets}, Requests: c.gets}}
					s.Replicas[i].Served = []plane.Served{
						{Class: plane.Class{Verb: "GET", Resource: "pods", Scope: "resource"}, Requests: c.gets, Seconds: c.gets * c.took},
						{Class: plane.Class{Verb: "LIST", Group: "example.com", Resource: "giants", Scope: "cluster"}, Requests: 1, Seconds: c.lists},
					}
				}
				w.tickWith(s)
			}
			if jailed := strings.Contains(w.log.String(), "PassSentence (done)"); jailed != c.jailed {
				t.Errorf("jailed: %v, want %v:\n%s", jailed, c.jailed, w.log.String())
			}
		})
	}
}
