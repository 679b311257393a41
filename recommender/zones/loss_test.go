// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package zones_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
	"evenkeel.dev/evenkeel/recommender/zones"
)

// A class is promised for what runs, and never more than is.
func TestTheClass(t *testing.T) {
	for _, tt := range []struct {
		name, target string
		seen         zones.Seen
		class, why   string
	}{
		{"three zones", "99.95", spread("abc/abc"), "99.95", "apiservers are ready in 3 zones, and etcd keeps its quorum without any one of them"},
		{"by default", "", spread("abc/abc"), "99.95", "apiservers are ready in 3 zones, and etcd keeps its quorum without any one of them"},
		{"a lower target is not exceeded", "99.9", spread("abc/abc"), "99.9", "apiservers are ready in 3 zones, and etcd keeps its quorum without any one of them"},
		{"two zones", "99.95", spread("aab/abc"), "99.5", "99.5 instead of 99.95: apiservers are ready in 2 of 3 zones (a, b)"},
		{
			"two zones asked for and more promised than they give", "99.95", change(spread("aab/abc"), func(s *zones.Seen) { s.Asked = 2 }),
			"99.5", "99.5 instead of 99.95: apiservers are ready in 2 of 3 zones (a, b)",
		},
		{
			"one is not ready", "99.95", change(spread("abc/abc"), func(s *zones.Seen) { first(s, sizing.APIServer).Ready = false }),
			"99.5", "99.5 instead of 99.95: apiservers are ready in 2 of 3 zones (b, c)",
		},
		{"two members in one zone", "99.95", spread("abc/aab"), "99.5", "99.5 instead of 99.95: without zone a 1 of 3 members of etcd are left, and its quorum is 2"},
		{
			"a member is not ready", "99.95", change(spread("abc/abc"), func(s *zones.Seen) { first(s, sizing.Etcd).Ready = false }),
			"99.5", "99.5 instead of 99.95: without zone b 1 of 3 members of etcd are left, and its quorum is 2",
		},
		{
			"a member's pod is missing", "99.95", change(spread("abc/ab"), func(s *zones.Seen) { s.Host.Wanted[sizing.Etcd] = 3 }),
			"99.5", "99.5 instead of 99.95: without zone a 1 of 3 members of etcd are left, and its quorum is 2",
		},
		{"five members in three zones", "99.95", spread("abc/abcab"), "99.95", "apiservers are ready in 3 zones, and etcd keeps its quorum without any one of them"},
		{"etcd is not seen", "99.95", spread("abc/"), "99.5", "99.5 instead of 99.95: etcd is not seen, so that it is not known what it survives"},
		{
			"no zone is asked for", "99.5", change(spread("aaa/aaa"), func(s *zones.Seen) { s.Asked = 0 }),
			"99.5", "no zone need be survived for it",
		},
		{"three zones asked for a low target", "99.5", spread("aab/abc"), "99.5", "apiservers are ready in 2 of 3 zones (a, b)"},
		{
			"one member of three is ready", "99.95", change(spread("abc/abc"), membersReady(1)),
			"", "1 of 3 members of etcd are ready, and its quorum is 2: nothing can be promised",
		},
		{
			"one member of three is ready, and little promised", "99.5", change(spread("abc/abc"), membersReady(1)),
			"", "1 of 3 members of etcd are ready, and its quorum is 2: nothing can be promised",
		},
		{
			"one member of three is ready, and no zones asked for", "", change(spread("abc/abc"), func(s *zones.Seen) { s.Asked = 0; membersReady(1)(s) }),
			"", "1 of 3 members of etcd are ready, and its quorum is 2: nothing can be promised",
		},
		{
			"no member runs", "99.5", change(spread("abc/"), func(s *zones.Seen) { s.Host.Wanted[sizing.Etcd] = 3 }),
			"", "0 of 3 members of etcd are ready, and its quorum is 2: nothing can be promised",
		},
		{
			"none is ready", "99.95", change(spread("a/abc"), func(s *zones.Seen) { first(s, sizing.APIServer).Ready = false }),
			"", "no apiserver is ready: nothing can be promised",
		},
		{
			"nothing is seen", "99.95", change(spread("abc/abc"), func(s *zones.Seen) { s.Host.Looked = false }),
			"", "it is not known what can be promised: the nodes of the host cluster have not been seen",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := zones.Survives(tt.seen, tt.target, zones.Load{})
			if got.Class != tt.class || got.Why != tt.why {
				t.Errorf("%q: %s\nwant %q: %s", got.Class, got.Why, tt.class, tt.why)
			}
		})
	}
}

// membersReady has so many members of etcd ready, and no more.
func membersReady(n int) func(s *zones.Seen) {
	return func(s *zones.Seen) {
		for i := range s.Pods {
			if s.Pods[i].Component == sizing.Etcd {
				s.Pods[i].Ready = n > 0
				n--
			}
		}
	}
}

// What the others carry is the lesser of seats and CPU, and not told without both.
func TestAZonesLoss(t *testing.T) {
	load := zones.Load{Line: 200, Seats: 300, SeatsKnown: true, CPU: 3, CPUKnown: true}
	for _, tt := range []struct {
		name string
		seen zones.Seen
		load zones.Load
		want []plane.ZoneLoss
	}{
		{"CPU is what is short", spread("aabc/abc"), load, []plane.ZoneLoss{
			{Zone: "a", Replicas: 2, Members: 1, Headroom: 0.25, Known: true, Quorum: true}, // of 4 cores, and of 400 seats
			{Zone: "b", Replicas: 1, Members: 1, Headroom: 0.5, Known: true, Quorum: true},
			{Zone: "c", Replicas: 1, Members: 1, Headroom: 0.5, Known: true, Quorum: true},
		}},
		{"seats are what is short", spread("ab/aab"), zones.Load{Line: 200, Seats: 300, SeatsKnown: true, CPU: 1, CPUKnown: true}, []plane.ZoneLoss{
			{Zone: "a", Replicas: 1, Members: 2, Headroom: -0.5, Known: true},
			{Zone: "b", Replicas: 1, Members: 1, Headroom: -0.5, Known: true, Quorum: true},
			{Zone: "c", Headroom: 0.25, Known: true, Quorum: true}, // which could carry some
		}},
		{"one zone carries all", change(spread("aa/aaa"), func(s *zones.Seen) { s.Host.Zones = nil }), load, []plane.ZoneLoss{
			{Zone: "a", Replicas: 2, Members: 3, Headroom: -1, Known: true},
		}},
		{"requests count where there is no limit", change(spread("ab/"), func(s *zones.Seen) {
			s.Host.Zones = nil
			for i := range s.Pods {
				s.Pods[i].Limit.CPU, s.Pods[i].Requested.CPU = 0, 4
			}
		}), zones.Load{Line: 1200, Seats: 300, SeatsKnown: true, CPU: 3, CPUKnown: true}, []plane.ZoneLoss{
			{Zone: "a", Replicas: 1, Headroom: 0.25, Known: true},
			{Zone: "b", Replicas: 1, Headroom: 0.25, Known: true},
		}},
		{"seats are not known", change(spread("a/"), func(s *zones.Seen) { s.Host.Zones = nil }), zones.Load{Line: 200, CPUKnown: true}, []plane.ZoneLoss{{Zone: "a", Replicas: 1}}},
		{"CPU is not known", change(spread("a/"), func(s *zones.Seen) { s.Host.Zones = nil }), zones.Load{Line: 200, SeatsKnown: true}, []plane.ZoneLoss{{Zone: "a", Replicas: 1}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, zones.Survives(tt.seen, "99.95", tt.load).Zones); diff != "" {
				t.Errorf("other losses (-want +got):\n%s", diff)
			}
		})
	}
}
