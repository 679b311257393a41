// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// Many clients list large objects, none of them more than the others: what they list
// gets a level of its own, and the reason says what each list costs.
func TestDearListsGetALevelOfTheirOwn(t *testing.T) {
	for name, c := range map[string]struct {
		ended float64
		never []string
		want  string
	}{
		"few end, each takes most of a second of CPU": {ended: 1, want: "PassSentence (done): jailed all clients together (list reports.example.com, cluster-wide): one seat a replica"},
		"many end, each is cheap":                     {ended: 100},
		"one of the clients must not be jailed": {ended: 1, never: []string{"system:serviceaccount:billing:a"},
			want: "NameOffender (shown): named all clients together (list reports.example.com, cluster-wide), which cannot be jailed: "},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.profile.NeverJail = c.never
			w.crowd = 2
			w.run(time.Minute) // what gets take on a calm day is known
			w.crowd = 0
			for range 30 {
				s := w.snapshot(500 * time.Millisecond)
				for i := range s.Replicas {
					r := &s.Replicas[i]
					r.Flows = []plane.FlowLoad{{Level: "node-high", Schema: "system-node-high", Requests: 80, ExecSeconds: 80}}
					r.Process.CPU = 1.5
					r.Served = []plane.Served{
						{Class: plane.Class{Verb: "GET", Resource: "pods", Scope: "resource"}, Requests: 5, Seconds: 1},
						{Class: plane.Class{Verb: "LIST", Group: "example.com", Resource: "reports", Scope: "cluster"}, Requests: c.ended, Seconds: 9},
					}
					r.Held = nil
					for u := range 12 {
						lister := plane.Client{User: fmt.Sprintf("scanner-%02d", u), Verb: "list", Group: "example.com", Resource: "reports"}
						r.Held = append(r.Held, plane.Held{Client: lister, Level: "global-default", Schema: "global-default", Executing: 2, Seats: 6, Width: 3})
					}
				}
				w.tickWith(s)
			}
			said := w.log.String()
			if !strings.Contains(said, c.want) || c.want == "" && strings.Contains(said, "all clients together") {
				t.Fatalf("the decisions are\n%s\nwant %q", said, c.want)
			}
			if strings.Contains(c.want, "jailed") && !strings.Contains(said, "saw: each takes a replica 0.7 s of CPU time, whatever seats flow control takes it for") {
				t.Errorf("the evidence is\n%s", said)
			}
		})
	}
}

// A crowd that is held is not held harder for what is slow and still in time, however
// long that lasts; for what is late it is, and never refused altogether.
func TestManyAreHeldHarderOnlyForWhatIsLate(t *testing.T) {
	for name, c := range map[string]struct {
		took float64
		want string
	}{
		"slow":          {took: 0.3, want: "seats"},
		"late for long": {took: 3, want: "one"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.profile.Term = 10 * time.Minute
			w.crowd = 2
			w.run(2 * time.Minute) // what gets take on a calm day is known
			w.crowd = 0
			for range 240 {
				s := w.snapshot(500 * time.Millisecond)
				for i := range s.Replicas {
					r := &s.Replicas[i]
					r.Flows = []plane.FlowLoad{{Level: "node-high", Schema: "system-node-high", Requests: 80, ExecSeconds: 80 * c.took}}
					r.Served = []plane.Served{{Class: plane.Class{Verb: "GET", Resource: "pods", Scope: "resource"}, Requests: 80, Seconds: 80 * c.took}}
					r.Delays = []plane.Delays{{Scope: "resource", Upper: []float64{c.took, 2 * c.took}, Within: []float64{80, 80}, Requests: 80}}
					r.Held = nil
					for u := range 12 {
						account := plane.Client{User: fmt.Sprintf("system:serviceaccount:ci:job-%02d", u), Verb: "list", Resource: "pods"}
						h := plane.Held{Client: account, Level: "workload-low", Schema: "service-accounts", Executing: 2, Seats: 6, Width: 3}
						if jail, jailed := w.jailOf(account); jailed {
							h.Level, h.Schema = jail.Name, jail.Name
							r.Flows = append(r.Flows, plane.FlowLoad{Level: jail.Name, Schema: jail.Name, Requests: 1, Executing: 1})
						}
						r.Held = append(r.Held, h)
					}
				}
				w.tickWith(s)
			}
			got := "free"
			for _, s := range w.config.Sentences {
				got = string(s.Grade.Kind)
			}
			if got != c.want {
				t.Errorf("the namespace has the grade %s, want %s:\n%s", got, c.want, w.log.String())
			}
		})
	}
}
