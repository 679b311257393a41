// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package zones_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
	"evenkeel.dev/evenkeel/recommender/zones"
)

const (
	spreadPatch = `spec:
  template:
    spec:
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: topology.kubernetes.io/zone
        whenUnsatisfiable: DoNotSchedule
        labelSelector: {matchLabels: {"app": "kube-apiserver", "tier": "1"}}
        matchLabelKeys: [pod-template-hash]
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: DoNotSchedule
        labelSelector: {matchLabels: {"app": "kube-apiserver", "tier": "1"}}
        matchLabelKeys: [pod-template-hash]`
	newBudget = `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: "kube-apiserver"}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector: {matchLabels: {"app": "kube-apiserver", "tier": "1"}}`
	wider = `spec:
  minAvailable: null
  maxUnavailable: 1`
)

func TestAdvise(t *testing.T) {
	loose := func(p *plane.SizedPod) { p.Place.ByZone = false }
	for _, tt := range []struct {
		name      string
		seen      zones.Seen
		do, lines string
	}{
		{"too few zones", change(spread("aab/"), func(s *zones.Seen) { delete(s.Host.Zones, "c") }), "give the host cluster nodes in another zone that take its pods, or ask for fewer zones", ""},
		{"a template without zones", each(spread("aab/"), "a", loose), "patch Deployment kube-apiserver, whose pods then start anew one after the other", spreadPatch},
		{"a template with zones", spread("aab/"), "", ""},
		{"pods that nobody knows how to select", change(each(spread("aab/"), "a", loose), func(s *zones.Seen) {
			s.Host.Workloads[sizing.APIServer] = plane.HostWorkload{Kind: "Deployment", Name: "kube-apiserver"}
		}), "", ""},
		{"labels that do not fit a line", change(each(spread("aab/"), "a", loose), func(s *zones.Seen) {
			s.Host.Workloads[sizing.APIServer].Labels["long"] = strings.Repeat("x", 400)
		}), "", ""},
		{"volumes in one zone", spread("abc/aab"), "have the volume of one pod made anew in the other zone: of etcd a follower, while all members are well", ""},
		{"fewer replicas than zones", spread("ab/"), "have kube-apiserver run a pod for each zone, or ask for fewer zones", ""},
		{"an even number of members", spread("abc/abca"), "add a member of etcd, or remove one, by hand", ""},
		{"no budget", change(spread("abc/"), func(s *zones.Seen) { s.Host.Budgets = nil }), "create", newBudget},
		{
			"a budget over some", change(spread("abc/"), func(s *zones.Seen) { s.Host.Budgets[0].Covers = 1 }),
			"patch PodDisruptionBudget kube-apiserver", "spec:\n  selector: {matchLabels: {\"app\": \"kube-apiserver\", \"tier\": \"1\"}}",
		},
		{"a budget that lets the quorum go", change(spread("abc/abc"), func(s *zones.Seen) { budgetOf(s, sizing.Etcd).Desired = 1 }), "patch PodDisruptionBudget etcd", wider},
		{"a budget that blocks", change(spread("abc/"), func(s *zones.Seen) { s.Host.Budgets[0].Desired = 3 }), "patch PodDisruptionBudget kube-apiserver", wider},
		{"two budgets", change(spread("abc/"), func(s *zones.Seen) { s.Host.Budgets = append(s.Host.Budgets, s.Host.Budgets[0]) }), "delete all of these budgets but one", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			problems := zones.Problems(tt.seen)
			if len(problems) == 0 {
				t.Fatal("nothing is wrong")
			}
			got, ok := zones.Advise(tt.seen, problems[0])
			if ok != (tt.do != "") || got.Do != tt.do {
				t.Errorf("advises %q, want %q", got.Do, tt.do)
			}
			if diff := cmp.Diff(tt.lines, strings.Join(got.Lines, "\n")); diff != "" {
				t.Errorf("other lines (-want +got):\n%s", diff)
			}
			if len(got.Lines) > 16 {
				t.Errorf("%d lines, of which the status keeps 16", len(got.Lines))
			}
		})
	}
}
