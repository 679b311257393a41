// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package zones_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
	"evenkeel.dev/evenkeel/recommender/zones"
)

// each does something to every apiserver of a zone.
func each(s zones.Seen, zone string, do func(p *plane.SizedPod)) zones.Seen {
	for i := range s.Pods {
		if s.Pods[i].Component == sizing.APIServer && s.Pods[i].Zone == zone {
			do(&s.Pods[i])
		}
	}
	return s
}

func TestMisplaced(t *testing.T) {
	shared := func(p *plane.SizedPod) { p.Node = "node-a0" }
	for _, tt := range []struct {
		name string
		seen zones.Seen
		want string
	}{
		{"all are where they should be", spread("abc/abc"), ""},
		{"the youngest of two in a zone", spread("aba/abc"), "kube-apiserver-2 to c: 2 of 3 apiservers run in zone a, and zone c has room"},
		{"to the emptiest zone", spread("aaaab/abc"), "kube-apiserver-3 to c: 4 of 5 apiservers run in zone a, and zone c has room"},
		{"even as it is", spread("aabc/abc"), ""},
		{"a zone more than is asked for", change(spread("abc/abc"), func(s *zones.Seen) { s.Host.Zones["d"] = 3 }), ""},
		{"no room there", change(spread("aab/abc"), func(s *zones.Seen) { s.Host.Zones["c"] = 0 }), ""},
		{"its rules say nothing of zones", each(spread("aab/abc"), "a", func(p *plane.SizedPod) { p.Place.ByZone = false }), ""},
		{"its volume keeps it", each(spread("aab/abc"), "a", func(p *plane.SizedPod) { p.Place.Anchored = true }), ""},
		{"another is not ready", each(spread("aab/abc"), "b", func(p *plane.SizedPod) { p.Ready = false }), ""},
		{"another is missing", change(spread("aab/abc"), func(s *zones.Seen) { s.Host.Wanted[sizing.APIServer] = 4 }), ""},
		{"one more than there are to be", change(spread("aab/abc"), func(s *zones.Seen) { s.Host.Wanted[sizing.APIServer] = 2 }), ""},
		{"it is not known how many there are to be", change(spread("aab/abc"), func(s *zones.Seen) { s.Host.Wanted = nil }), ""},
		{"members stay", spread("abc/aab"), ""},
		{"two on a node", each(spread("abca/abc"), "a", shared), "kube-apiserver-3 to a: 2 of 4 apiservers run on node node-a0, and its zone has another"},
		{
			"its zone has no other node",
			change(each(spread("abca/abc"), "a", shared), func(s *zones.Seen) { s.Host.Zones["a"], s.Host.Free["a"] = 1, 0 }), "",
		},
		{
			"its node is full, and its zone has another",
			change(each(spread("aab/abc"), "a", shared), func(s *zones.Seen) { s.Asked, s.Host.Zones["a"], s.Host.Free["a"] = 0, 1, 1 }),
			"kube-apiserver-1 to a: 2 of 3 apiservers run on node node-a0, and its zone has another",
		},
		{
			"nodes without zones",
			change(each(spread("aab/"), "a", func(p *plane.SizedPod) { shared(p); p.Zone = "" }), func(s *zones.Seen) {
				s.Asked, s.Host.Zones, s.Host.Free = 0, nil, map[string]int{"": 1}
			}),
			"kube-apiserver-1 to : 2 of 3 apiservers run on node node-a0, and another has room",
		},
		{"its rules say nothing of nodes", each(spread("abca/abc"), "a", func(p *plane.SizedPod) { shared(p); p.Place.ByNode = false }), ""},
		{"the host is not seen", change(spread("aab/abc"), func(s *zones.Seen) { s.Host.Looked = false }), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if m, ok := zones.Misplaced(tt.seen); ok {
				got = fmt.Sprintf("%s to %s: %s", m.Pod.Pod, m.To, m.Why)
				if n := zones.Places(tt.seen)[m.Place]; n != m.Count {
					t.Errorf("%d pods at %q, and %d are counted", m.Count, m.Place, n)
				}
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// seenAtRandom is any placement, with any part of it unknown or not well.
func seenAtRandom(t *rapid.T) zones.Seen {
	where := rapid.StringMatching("[abcd]{0,6}/[abcd]{0,5}").Draw(t, "where")
	s := spread(where)
	s.Asked = rapid.IntRange(0, 4).Draw(t, "asked")
	s.Host.Looked = rapid.IntRange(0, 9).Draw(t, "looked") < 9
	for _, zone := range []string{"a", "b", "c", "d"} {
		s.Host.Zones[zone] = rapid.IntRange(0, 3).Draw(t, "nodes of "+zone)
		s.Host.Free[zone] = rapid.IntRange(0, s.Host.Zones[zone]).Draw(t, "free nodes of "+zone)
	}
	s.Host.Free[""] = rapid.IntRange(0, 3).Draw(t, "free nodes without a zone")
	// Not 0: what is drawn leans to the small, and nearly every placement would be odd.
	odd := func(what string) bool { return rapid.IntRange(0, 31).Draw(t, what) == 31 }
	for i := range s.Pods {
		p := &s.Pods[i]
		p.Node = fmt.Sprintf("node-%s%d", p.Zone, rapid.IntRange(0, 2).Draw(t, "node"))
		p.Ready, p.Place.ByZone, p.Place.ByNode = !odd("not ready"), !odd("not by zone"), !odd("not by node")
		p.Place.Anchored = p.Place.Anchored || odd("anchored")
		if odd("zone unknown") {
			p.Zone = ""
		}
	}
	for _, c := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
		if odd("missing") {
			s.Host.Wanted[c]++
		}
	}
	return s
}

// Whatever runs where: no pod is moved blind, while another is missing or not well, that is
// tied to its place or would come back to it; and none whose removal leaves its zone with
// fewer than all others.
func TestAMoveNeverMakesItWorse(t *testing.T) {
	moved := 0
	rapid.Check(t, func(t *rapid.T) {
		s := seenAtRandom(t)
		m, ok := zones.Misplaced(s)
		if !ok {
			return
		}
		moved++
		if s.Unseen() != nil {
			t.Fatalf("%s is moved blind: %s", m.Pod.Pod, s.Unseen().Message)
		}
		if m.Pod.Component != sizing.APIServer || m.Pod.Place.Anchored || !m.Pod.Place.ByZone && !m.Pod.Place.ByNode {
			t.Fatalf("%+v is moved", m.Pod)
		}
		counts, nodes, n := map[string]int{}, map[string]int{}, 0
		for _, p := range s.Pods {
			if p.Component != sizing.APIServer {
				continue
			}
			if !p.Ready {
				t.Fatalf("%s is moved while %s is not ready", m.Pod.Pod, p.Pod)
			}
			counts[p.Zone]++
			nodes[p.Node]++
			n++
		}
		if n != s.Host.Wanted[sizing.APIServer] {
			t.Fatalf("%s is moved while %d of %d run", m.Pod.Pod, n, s.Host.Wanted[sizing.APIServer])
		}
		room := s.Host.Zones[m.To]
		if m.To == m.Pod.Zone {
			room = s.Host.Free[m.To]
		}
		if room == 0 {
			t.Fatalf("%s is moved to zone %s, which has no room", m.Pod.Pod, m.To)
		}
		if nodes[m.Pod.Node] < 2 && counts[m.Pod.Zone]-1 < counts[m.To]+1 {
			t.Fatalf("moving %s from zone %s to %s makes %v no more even", m.Pod.Pod, m.Pod.Zone, m.To, counts)
		}
	})
	if moved == 0 {
		t.Error("nothing was ever moved")
	}
}

// What is promised is never more than the target, and never for pods that are not there;
// without a quorum of etcd nothing is.
func TestTheClassIsHonest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := seenAtRandom(t)
		a := zones.Survives(s, rapid.SampledFrom([]string{zones.High, zones.Low, ""}).Draw(t, "target"), zones.Load{})
		ready, voters, left := map[string]bool{}, s.Host.Wanted[sizing.Etcd], map[string]int{}
		for _, p := range s.Pods {
			switch {
			case !p.Ready:
			case p.Component == sizing.APIServer:
				ready[p.Zone] = true
			default:
				left[p.Zone]++
			}
		}
		members := 0
		for _, n := range left {
			members += n
		}
		if a.Class != "" && (len(ready) == 0 || voters > 0 && 2*members <= voters) {
			t.Fatalf("promises %s with apiservers in %v and %d of %d members", a.Class, ready, members, voters)
		}
		if a.Class != zones.High {
			return
		}
		for zone, n := range left {
			if 2*(members-n) <= voters {
				t.Fatalf("promises %s, and without zone %s %d of %d members are left", a.Class, zone, members-n, voters)
			}
		}
		if len(ready) < 3 || members == 0 {
			t.Fatalf("promises %s with apiservers in %v and %d members", a.Class, ready, members)
		}
	})
}
