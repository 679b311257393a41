// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

var update = flag.Bool("update", false, "write the golden transcripts anew")

// TestTranscripts plays whole stories and compares what was decided, and why,
// with transcripts that a person can read.
func TestTranscripts(t *testing.T) {
	for name, play := range map[string]func(w *world){
		"storm-enforced": func(w *world) {
			w.stillSlow = plane.GradeOne
			w.run(30 * time.Second)
			w.storming = []plane.Client{agent}
			w.run(40 * time.Second)
			w.storming = nil
			w.run(40 * time.Second)
		},
		"storm-recommended": func(w *world) {
			w.profile.Jail, w.profile.LoadLine = plane.Recommend, plane.Recommend
			w.run(30 * time.Second)
			w.storming = []plane.Client{agent}
			w.run(30 * time.Second)
			w.storming = nil
			w.run(2 * time.Minute)
		},
		"storm-never-ends": func(w *world) {
			w.run(30 * time.Second)
			w.storming = []plane.Client{agent}
			w.stillSlow = plane.GradeSeats
			w.run(4 * time.Minute)
		},
		"offender-exempt": func(w *world) {
			w.level = "exempt"
			w.run(30 * time.Second)
			w.storming = []plane.Client{{User: "admin", Verb: "list", Resource: "secrets"}}
			w.run(20 * time.Second)
		},
		"mode-back-to-recommend": func(w *world) {
			w.run(30 * time.Second)
			w.storming = []plane.Client{agent}
			w.run(10 * time.Second)
			w.profile.Jail, w.profile.LoadLine = plane.Recommend, plane.Recommend
			w.run(5 * time.Second)
		},
		"shares-enforced": func(w *world) {
			w.profile.Shares = plane.Enforce
			w.profile.SeatsMax = 120
			w.demand = map[string]float64{"workload-high": 40, "workload-low": 20}
			w.run(70 * time.Minute)
			w.profile.Shares = plane.Recommend
			w.run(time.Minute)
		},
		"flags-managed": func(w *world) {
			w.ceiling, w.knee, w.profile.SeatsMin, w.profile.SeatsMax = 60, 1000, 0, 120
			managed(w)
			w.crowd = 3
			w.run(5 * time.Minute)
			w.crowd = 500
			w.run(9 * time.Minute)
			w.workload.stuck = true // the next rollout hangs
			w.run(20 * time.Minute)
			w.profile.ManageFlags = false
			w.run(time.Minute)
		},
		"sizes-enforced": func(w *world) {
			h := hosts(w, plane.Amounts{CPU: 0.1, Memory: gibi / 4})
			w.run(5 * time.Minute) // what the templates say is too small
			for range 30 {         // and then the tenant grows to ten times its nodes in half an hour
				h.load.Nodes, h.load.Pods, h.load.Bytes = h.load.Nodes+30, h.load.Pods+300, h.load.Bytes+3e6
				w.run(time.Minute)
			}
			h.load = sizing.Drivers{Nodes: 100, Pods: 1000, Objects: 2000, Bytes: 140 << 20, Requests: 50}
			w.run(8 * time.Hour) // most of it goes
		},
		"sizes-refused": func(w *world) {
			h := hosts(w, plane.Amounts{CPU: 0.1, Memory: gibi / 4})
			h.refuses["kube-apiserver-1"], h.refuses["etcd-0"] = plane.ResizeDeferred, plane.ResizeInfeasible
			w.run(12 * time.Minute)
			h.ill["etcd-2"] = true
			h.load.Nodes, h.load.Pods = 1000, 10000
			w.run(2 * time.Minute)
		},
		"plan-one-after-another": func(w *world) {
			restarting(w)
			w.run(20 * time.Minute)
		},
		"plan-stopped": func(w *world) {
			h := restarting(w)
			h.slow = map[string]float64{"etcd-0": 0.18}
			w.run(10 * time.Minute)
		},
		"scale-enforced": func(w *world) {
			wide := widened(w, 120)
			w.run(5 * time.Minute)
			wide.seats = 2.5 * 120 // a size in place meets that
			w.run(10 * time.Minute)
			wide.seats = 4 * 120 // and not this, with a zone lost
			w.run(10 * time.Minute)
			wide.seats = 120 // and goes again
			w.run(time.Hour)
		},
		"two-offenders": func(w *world) {
			w.run(30 * time.Second)
			w.storming = []plane.Client{agent}
			w.run(12 * time.Second)
			w.storming = append(w.storming, plane.Client{User: "system:serviceaccount:ci:runner", Verb: "list", Resource: "secrets"})
			w.run(12 * time.Second)
		},
		"two-offenders-at-once": func(w *world) {
			w.run(30 * time.Second)
			w.storming = []plane.Client{agent, {User: "system:serviceaccount:ci:runner", Verb: "list", Resource: "secrets"}}
			w.run(12 * time.Second)
		},
		"group-of-service-accounts": func(w *world) {
			w.run(30 * time.Second)
			w.storming = namespaceOf("ci", 9)
			w.run(12 * time.Second)
			w.memory = plane.Memory{} // a restart passes no second sentence
			w.run(2 * time.Minute)
		},
		"mutating-churn": func(w *world) {
			w.run(30 * time.Second)
			for _, verb := range []string{"create", "patch", "delete", "update", "get"} {
				w.storming = append(w.storming, plane.Client{User: agent.User, Verb: verb, Group: "events.k8s.io", Resource: "events", Namespaced: true})
			}
			w.run(12 * time.Second)
		},
		"relist-churn": func(w *world) {
			w.run(30 * time.Second)
			w.storming = []plane.Client{agent, {User: agent.User, Verb: "watch", Resource: "pods"}}
			w.run(12 * time.Second)
		},
		"offender-node": func(w *world) {
			w.run(30 * time.Second)
			w.storming = []plane.Client{{User: "system:node:n17", Verb: "list", Resource: "pods"}}
			w.run(12 * time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			play(w)
			path := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(w.log.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), w.log.String()); diff != "" {
				t.Errorf("another transcript than %s (-want +got):\n%s", path, diff)
			}
		})
	}
}

// namespaceOf are service accounts of a namespace that do the same.
func namespaceOf(namespace string, n int) []plane.Client {
	var all []plane.Client
	for i := range n {
		all = append(all, plane.Client{User: fmt.Sprintf("system:serviceaccount:%s:job-%d", namespace, i), Verb: "list", Resource: "pods"})
	}
	return all
}
