// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package zones_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
	"evenkeel.dev/evenkeel/recommender/zones"
)

var began = time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC)

// spread are a control plane's pods, one for each zone that is named, "servers/members";
// "aab/abc" has two apiservers in zone a, one in b, and a member in each of three. Every
// pod has a node of its own, is ready and would be placed apart from its likes; members
// have volumes. Zones a, b and c are asked for, and each has three nodes with room, which
// carry no apiserver. Each component has the one budget that it needs.
func spread(where string) zones.Seen {
	servers, members, _ := strings.Cut(where, "/")
	s := zones.Seen{Asked: 3, Host: plane.HostSeen{
		Looked: true, Zones: map[string]int{"a": 3, "b": 3, "c": 3}, Free: map[string]int{"a": 3, "b": 3, "c": 3},
		Wanted: map[sizing.Component]int{},
		Workloads: map[sizing.Component]plane.HostWorkload{
			sizing.APIServer: {Kind: "Deployment", Name: "kube-apiserver", Labels: map[string]string{"app": "kube-apiserver", "tier": "1"}},
			sizing.Etcd:      {Kind: "StatefulSet", Name: "etcd", Labels: map[string]string{"app": "etcd"}},
		},
	}}
	for c, of := range map[sizing.Component]string{sizing.APIServer: servers, sizing.Etcd: members} {
		name := s.Host.Workloads[c].Name
		for i, zone := range of {
			p := plane.SizedPod{
				Component: c, Node: fmt.Sprintf("node-%c%d", zone, i), Zone: string(zone), Ready: true, Created: began.Add(time.Duration(i) * time.Minute),
				Place: plane.PodPlace{ByZone: true, ByNode: true, Anchored: c == sizing.Etcd},
			}
			p.Pod, p.UID = fmt.Sprintf("%s-%d", name, i), fmt.Sprintf("%s-uid-%d", name, i)
			p.Limit.CPU = 2
			s.Pods = append(s.Pods, p)
		}
		n := len(of)
		s.Host.Wanted[c] = n
		if n > 0 {
			s.Host.Budgets = append(s.Host.Budgets, plane.DisruptionBudget{
				Name: name, Component: c, Covers: n, Allowed: 1, Expected: n, Healthy: n, Desired: n - 1, Rule: "maxUnavailable: 1",
			})
		}
	}
	return s
}

// change gives what is seen after something was done to it.
func change(s zones.Seen, do func(s *zones.Seen)) zones.Seen {
	do(&s)
	return s
}

// first is the first of a component in what is seen.
func first(s *zones.Seen, c sizing.Component) *plane.SizedPod {
	for i := range s.Pods {
		if s.Pods[i].Component == c {
			return &s.Pods[i]
		}
	}
	return nil
}

func budgetOf(s *zones.Seen, c sizing.Component) *plane.DisruptionBudget {
	for i := range s.Host.Budgets {
		if s.Host.Budgets[i].Component == c {
			return &s.Host.Budgets[i]
		}
	}
	return nil
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		name string
		seen zones.Seen
		want []string
	}{
		{"spread and guarded", spread("abc/abc"), nil},
		{"more replicas than zones", spread("abcab/abcab"), nil},
		{"a zone more than asked for is used", change(spread("abcd/abc"), func(s *zones.Seen) { s.Host.Zones["d"] = 1 }), nil},
		{
			"a zone is gone",
			change(spread("aab/abb"), func(s *zones.Seen) { delete(s.Host.Zones, "c") }),
			[]string{"TooFewZones: 3 zones are asked for, and the host cluster gives 2: a, b"},
		},
		{
			"a zone without room still gives what runs in it",
			change(spread("abc/abc"), func(s *zones.Seen) { s.Host.Zones["c"] = 0 }), nil,
		},
		{
			"two in one zone, none in another",
			spread("aab/abc"),
			[]string{"ZonesUneven: apiServer: 2 in zone a, 1 in zone b, none in zone c"},
		},
		{
			"members in one zone",
			spread("abc/aaa"),
			[]string{"ZonesUneven: etcd: 3 in zone a, none in zone b, none in zone c"},
		},
		{
			"fewer replicas than zones",
			spread("ab/abc"),
			[]string{"ZonesUneven: apiServer: 1 in zone a, 1 in zone b, none in zone c; 2 pods cannot be in 3 zones"},
		},
		{
			"one is missing",
			change(spread("ab/abc"), func(s *zones.Seen) { s.Host.Wanted[sizing.APIServer] = 3 }),
			[]string{"ZonesUneven: apiServer: 1 in zone a, 1 in zone b, none in zone c; 2 of 3 pods run"},
		},
		{
			"a node is shared",
			change(spread("abca/abc"), func(s *zones.Seen) {
				for i := range s.Pods {
					if s.Pods[i].Component == sizing.APIServer && s.Pods[i].Zone == "a" {
						s.Pods[i].Node = "node-a0"
					}
				}
			}),
			[]string{"NodeShared: apiServer: kube-apiserver-0, kube-apiserver-3 run on one node, node-a0"},
		},
		{
			"more replicas than nodes",
			change(spread("abca/abc"), func(s *zones.Seen) {
				s.Host.Zones, s.Host.Free = map[string]int{"a": 1, "b": 1, "c": 1}, map[string]int{"a": 0, "b": 0, "c": 0}
				for i := range s.Pods {
					s.Pods[i].Node = "node-" + s.Pods[i].Zone
				}
			}), nil,
		},
		{
			"all on one node of a host without zones",
			change(spread("aaa/"), func(s *zones.Seen) {
				s.Asked, s.Host.Zones, s.Host.Free = 0, nil, map[string]int{"": 2}
				for i := range s.Pods {
					s.Pods[i].Node, s.Pods[i].Zone = "node", ""
				}
			}),
			[]string{"NodeShared: apiServer: kube-apiserver-0, kube-apiserver-1, kube-apiserver-2 run on one node, node"},
		},
		{
			"two on a node that is full, and another has room",
			change(spread("aaa/"), func(s *zones.Seen) {
				s.Asked, s.Host.Zones, s.Host.Free = 1, map[string]int{"a": 1}, map[string]int{"a": 1}
				s.Pods[1].Node = s.Pods[0].Node
			}),
			[]string{"NodeShared: apiServer: kube-apiserver-0, kube-apiserver-1 run on one node, node-a0"},
		},
		{
			"a zone whose only pod restarts on a node without room",
			change(spread("abc/"), func(s *zones.Seen) {
				s.Host.Zones["a"], first(s, sizing.APIServer).Ready = 0, false
				s.Host.Nodes = []plane.HostNode{{Name: "node-a0", Zone: "a", Ready: true}}
			}), nil,
		},
		{
			"a zone whose only pod is not ready, as its node is not",
			change(spread("abc/"), func(s *zones.Seen) {
				s.Host.Zones["a"], first(s, sizing.APIServer).Ready = 0, false
				s.Host.Nodes = []plane.HostNode{{Name: "node-a0", Zone: "a", Leaving: "is not ready"}}
			}),
			[]string{"TooFewZones: 3 zones are asked for, and the host cluster gives 2: b, c"},
		},
		{
			"an apiserver and a member on one node",
			change(spread("abc/abc"), func(s *zones.Seen) { first(s, sizing.Etcd).Node = first(s, sizing.APIServer).Node }), nil,
		},
		{
			"four members",
			spread("abc/abca"),
			[]string{"EvenNumberOfMembers: etcd: 4 members that vote survive the loss of 1, as 3 would: an even number buys nothing"},
		},
		{
			"two members",
			change(spread("abc/ab"), func(s *zones.Seen) { s.Asked = 2 }),
			[]string{"EvenNumberOfMembers: etcd: 2 members that vote survive the loss of none: an even number buys nothing"},
		},
		{
			"a learner beside three members",
			change(spread("abc/abca"), func(s *zones.Seen) {
				s.Members = []plane.Member{{Name: "etcd-0"}, {Name: "etcd-1"}, {Name: "etcd-2"}, {Name: "etcd-3", Learner: true}}
			}), nil,
		},
		{
			"no budget",
			change(spread("abc/"), func(s *zones.Seen) { s.Host.Budgets = nil }),
			[]string{"NoDisruptionBudget: apiServer: no PodDisruptionBudget covers its pods: nothing keeps all of them from being evicted at once"},
		},
		{
			"a budget over some",
			change(spread("abc/"), func(s *zones.Seen) { s.Host.Budgets[0].Covers = 2 }),
			[]string{"NoDisruptionBudget: apiServer: PodDisruptionBudget kube-apiserver covers 2 of its 3 pods"},
		},
		{
			"a budget that lets the quorum go",
			change(spread("abc/abc"), func(s *zones.Seen) {
				b := budgetOf(s, sizing.Etcd)
				b.Desired, b.Rule = 1, "maxUnavailable: 2"
			}),
			[]string{"NoDisruptionBudget: etcd: PodDisruptionBudget etcd (maxUnavailable: 2) lets 2 of 3 members go at once, and the quorum with them"},
		},
		{
			"five members, of which two may go",
			change(spread("abc/abcab"), func(s *zones.Seen) { budgetOf(s, sizing.Etcd).Desired = 3 }), nil,
		},
		{
			"two budgets",
			change(spread("abc/"), func(s *zones.Seen) {
				s.Host.Budgets = append(s.Host.Budgets, s.Host.Budgets[0])
				s.Host.Budgets[1].Name = "all"
			}),
			[]string{"DisruptionBudgetTwice: apiServer: its pods are under 2 PodDisruptionBudgets (kube-apiserver, all): the API evicts none of them"},
		},
		{
			"a budget that never allows one",
			change(spread("abc/"), func(s *zones.Seen) { b := &s.Host.Budgets[0]; b.Desired, b.Allowed, b.Rule = 3, 0, "minAvailable: 3" }),
			[]string{"DisruptionBudgetBlocks: apiServer: PodDisruptionBudget kube-apiserver (minAvailable: 3) lets none of 3 pods go even when all are well: no node of theirs can be drained"},
		},
		{
			"a budget that allows none now",
			change(spread("abc/"), func(s *zones.Seen) { b := &s.Host.Budgets[0]; b.Healthy, b.Allowed = 2, 0 }), nil,
		},
		{
			"a budget that is not counted yet",
			change(spread("abc/"), func(s *zones.Seen) { b := &s.Host.Budgets[0]; b.Expected, b.Healthy, b.Desired, b.Allowed = 0, 0, 0, 0 }), nil,
		},
		{
			"budgets that cannot be read",
			change(spread("abc/"), func(s *zones.Seen) { s.Host.Budgets, s.Host.BudgetsFault = nil, &plane.Fault{} }), nil,
		},
		{"a single pod needs no budget", change(spread("a/"), func(s *zones.Seen) { s.Asked, s.Host.Budgets = 1, nil }), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, p := range zones.Problems(tt.seen) {
				got = append(got, p.Reason+": "+p.Words)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("other problems (-want +got):\n%s", diff)
			}
		})
	}
}

// What is wrong with the zones comes before what is wrong with nodes, members and budgets.
func TestTheWorstIsFirst(t *testing.T) {
	s := change(spread("aaa/abca"), func(s *zones.Seen) {
		delete(s.Host.Zones, "c")
		first(s, sizing.APIServer).Node = "node-a1"
		budgetOf(s, sizing.APIServer).Covers = 0
		b := budgetOf(s, sizing.Etcd)
		b.Desired = b.Expected
		s.Host.Zones["b"], s.Asked = 1, 4
	})
	var got []string
	for _, p := range zones.Problems(s) {
		got = append(got, p.Reason)
	}
	want := []string{
		v1alpha1.ReasonTooFewZones, v1alpha1.ReasonZonesUneven, v1alpha1.ReasonNodeShared, v1alpha1.ReasonEvenMembers,
		v1alpha1.ReasonNoBudget, v1alpha1.ReasonBudgetBlocks,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("another order (-want +got):\n%s", diff)
	}
}

func TestUnseen(t *testing.T) {
	for _, tt := range []struct {
		name string
		seen zones.Seen
		want string
	}{
		{"all is seen", spread("abc/abc"), ""},
		{"no nodes", change(spread("abc/abc"), func(s *zones.Seen) { s.Host.Looked = false }), "nodes of the host cluster"},
		{"no pods", spread("/abc"), "no pod of the apiservers"},
		{"a node without zone", change(spread("abc/abc"), func(s *zones.Seen) { first(s, sizing.Etcd).Zone = "" }), "no label topology.kubernetes.io/zone"},
		{"and no zones are asked for", change(spread("abc/abc"), func(s *zones.Seen) { s.Asked, first(s, sizing.Etcd).Zone = 0, "" }), ""},
		{"a pod without node", change(spread("abc/abc"), func(s *zones.Seen) { first(s, sizing.APIServer).Node = "" }), "on which node kube-apiserver-0 runs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.seen.Unseen()
			if (got == nil) != (tt.want == "") || got != nil && (got.Reason != v1alpha1.ReasonPlacesUnknown || !strings.Contains(got.Message, tt.want)) {
				t.Errorf("%+v, want one with %q", got, tt.want)
			}
		})
	}
}

// What is told where nothing is wrong is so.
func TestSpread(t *testing.T) {
	share := func(s *zones.Seen) {
		s.Host.Free, s.Pods[1].Node = nil, s.Pods[0].Node
	}
	few := func(s *zones.Seen) {
		b := budgetOf(s, sizing.APIServer)
		b.Desired, b.Rule = 1, "minAvailable: 1"
	}
	for name, c := range map[string]struct {
		seen zones.Seen
		want string
	}{
		"all apart": {spread("abc/abc"), "every component is spread over 3 zones, each pod on a node of its own, and its disruption budget lets one go at a time"},
		"no zones are asked for": {
			change(spread("abc/abc"), func(s *zones.Seen) { s.Asked = 0 }),
			"no two pods of a component share a node, and its disruption budget lets one go at a time; no zones are asked for",
		},
		"two share a node": {
			change(spread("aabc/"), share),
			"every component is spread over 3 zones, and its disruption budget lets one go at a time; 2 apiservers share nodes, as no other has room for them",
		},
		"two share a node, and no zones are asked for": {
			change(spread("aa/"), func(s *zones.Seen) { s.Asked = 0; share(s) }),
			"2 apiservers share nodes, as no other has room for them; a component's disruption budget lets one go at a time; no zones are asked for",
		},
		"a budget that lets most go": {
			change(spread("abcab/abc"), few),
			"every component is spread over 3 zones, each pod on a node of its own, and disruption budget kube-apiserver (minAvailable: 1) lets 4 of 5 pods of apiServer go at once",
		},
		"a budget that is not counted": {
			change(spread("abc/"), func(s *zones.Seen) { b := &s.Host.Budgets[0]; b.Expected, b.Desired = 0, 0 }),
			"every component is spread over 3 zones, each pod on a node of its own, and its disruption budget is not counted yet",
		},
		"no budget is needed": {
			change(spread("a/"), func(s *zones.Seen) { s.Asked, s.Host.Budgets = 0, nil }), "no two pods of a component share a node; no zones are asked for",
		},
	} {
		if got := zones.Spread(c.seen); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if all := zones.Problems(c.seen); len(all) > 0 {
			t.Errorf("%s: %+v", name, all)
		}
	}
}
