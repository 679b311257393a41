// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package regress

import (
	"slices"
	"strings"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// snapshot is one look at the plant.
func (p *plant) snapshot() plane.Snapshot {
	s := plane.Snapshot{
		Config:   &plane.FlowConfig{},
		Outcomes: p.outcomes,
		Host:     plane.HostSeen{Looked: true, Wanted: map[sizing.Component]int{sizing.APIServer: 3, sizing.Etcd: 3}},
	}
	s.Sizes.Recalled, s.Sizes.LoadSeen = true, p.now
	p.load *= 1 + 0.01*p.noise.NormFloat64()
	for _, one := range p.pods {
		p.grow(one)
		if one.Component == sizing.Etcd {
			s.Host.Nodes = append(s.Host.Nodes, plane.HostNode{Name: one.Node, Zone: one.Zone, Ready: true})
		}
		ready := !p.now.Before(one.ready)
		seen := one.SizedPod
		seen.Ready, seen.Well, seen.Leader = ready, ready && seen.Component == sizing.Etcd, seen.Pod == p.leader
		seen.Used = sizing.Usage{At: p.now, CPU: p.about(0.4), Memory: one.memory}
		s.Sizes.Pods = append(s.Sizes.Pods, seen)
		if one.Component == sizing.Etcd {
			s.Members = append(s.Members, p.member(one, ready))
		} else {
			s.Replicas = append(s.Replicas, p.replica(one, ready))
		}
	}
	slices.SortFunc(s.Replicas, func(a, b plane.Replica) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Members, func(a, b plane.Member) int { return strings.Compare(a.Name, b.Name) })
	return s
}

// replica is an apiserver's page. One that has just started has little to tell at first,
// is slower, and a few of its watches do not keep up while their clients come back.
func (p *plant) replica(one *pod, ready bool) plane.Replica {
	r := plane.Replica{Name: one.Pod, Zone: one.Zone, Ready: ready, Ceiling: 600}
	if !ready || p.noise.Float64() < missed {
		r.Observed = p.now.Add(-2 * tick)
		return r
	}
	r.Observed = p.now
	if p.now.Sub(one.started) < 2*tick {
		return r // its first page
	}
	r.Window = tick
	slow, ends := 1.0, 0.02
	if p.now.Sub(one.started) < warming {
		slow, ends = 3, 0.5
	}
	n := p.count(p.load / 3 * tick.Seconds())
	r.Answers = plane.Answers{
		Requests: n, Errors: min(n, p.count(0.0004*n*slow)), Refused: min(n, p.count(0.001*n*slow)),
		Watches: int(p.load), WatchEnds: p.count(ends),
	}
	r.Process.Resident = one.memory
	for scope, seconds := range map[string]float64{"resource": 0.08, "namespace": 0.5, "cluster": 2.5} {
		r.Delays = append(r.Delays, delays(scope, n/3, slow*p.about(seconds)))
	}
	return r
}

// delays is a histogram whose 99th percentile is so many seconds.
func delays(scope string, requests, p99 float64) plane.Delays {
	d := plane.Delays{Scope: scope, Requests: requests}
	for upper := 0.005; upper < 60; upper *= 2 {
		d.Upper = append(d.Upper, upper)
		d.Within = append(d.Within, requests*min(1, upper/p99*0.99))
	}
	return d
}

// member is an etcd member's page.
func (p *plant) member(one *pod, ready bool) plane.Member {
	m := plane.Member{Name: one.Pod, UID: one.UID, Node: one.Node, Zone: one.Zone, Ready: ready}
	m.Observed, m.HasLeader, m.IsLeader, m.Leader, m.Term = p.now, true, one.Pod == p.leader, 1, 7
	if !ready || p.noise.Float64() < missed {
		m.Observed = p.now.Add(-2 * tick) // what was last seen
		return m
	}
	if p.now.Sub(one.started) < 2*tick {
		return m
	}
	m.Window, m.Index, m.Applied = tick, 1000, 1000
	m.Fsyncs, m.FsyncP99 = p.count(p.load/10*tick.Seconds()), p.about(0.006)
	m.FsyncMean = m.FsyncP99 / 4
	return m
}
