// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"math"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// seatsPerCore is how many seats are in use where a core is used: requests wait for
	// etcd and for their clients as well.
	seatsPerCore = 8
	// ceiling is the two inflight flags of upstream's defaults, added.
	ceiling = 600
	// perCore is how many requests a core serves, in a second.
	perCore = 400
)

// levels are upstream's suggested priority levels and their shares
// (k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap), and the part of the demand in each.
var levels = []struct {
	name   string
	shares int
	part   float64
}{
	{"catch-all", 5, 0},
	{"global-default", 20, 0.1},
	{"leader-election", 10, 0.02},
	{"node-high", 40, 0.2},
	{"system", 30, 0.03},
	{"workload-high", 40, 0.15},
	{"workload-low", 100, 0.5},
}

// snapshot is the plant as the operator would see it.
func (p *plant) snapshot(now time.Time) plane.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := plane.Snapshot{
		Config:  config(),
		Members: members(now),
		Host: plane.HostSeen{
			Looked: true, Zones: map[string]int{"a": 3, "b": 3, "c": 3}, Wanted: map[sizing.Component]int{sizing.APIServer: p.wanted, sizing.Etcd: 3},
		},
		Sizes: plane.SizesSeen{Largest: plane.Amounts{CPU: 16, Memory: 64 * gibi}, Recalled: true},
	}
	for _, r := range p.replicas {
		r.page.read(now)
		s.Replicas = append(s.Replicas, r.seen(now))
		s.Sizes.Pods = append(s.Sizes.Pods, r.pod())
	}
	return s
}

// seen is a replica as it answers at its own address.
func (r *replica) seen(now time.Time) plane.Replica {
	seen := plane.Replica{Name: r.name, Zone: r.zone, Version: "v1.36.3", Ready: r.ready}
	if !r.ready {
		return seen
	}
	cores := r.page.value
	n := perCore * cores * look.Seconds()
	seen.Ceiling, seen.Observed, seen.Window = ceiling, now, look
	seen.Pulse, seen.Pulsed = 2*time.Millisecond, now
	seen.Process = plane.Process{CPU: cores, CPULimit: r.inForce.CPU, Resident: r.memory(), MemoryLimit: limit(r.inForce).Memory}
	seen.Answers = plane.Answers{Requests: n}
	seen.Served = []plane.Served{{Class: plane.Class{Verb: "GET", Resource: "pods", Scope: "resource"}, Requests: n, Seconds: n * 0.005}}
	total := 0
	for _, l := range levels {
		total += l.shares
	}
	for _, l := range levels {
		nominal := int(math.Ceil(float64(ceiling*l.shares) / float64(total)))
		demand := seatsPerCore * l.part * cores
		seen.Levels = append(seen.Levels, plane.LevelLoad{
			Name: l.name, Nominal: nominal, Current: nominal, Executing: int(math.Round(demand)), Demand: demand,
		})
		seen.Flows = append(seen.Flows, plane.FlowLoad{Level: l.name, Schema: l.name, Requests: n * l.part, ExecSeconds: n * l.part * 0.005})
	}
	return seen
}

// pod is a replica as the host cluster tells of it.
func (r *replica) pod() plane.SizedPod {
	p := plane.SizedPod{Component: sizing.APIServer, Node: "node-" + r.name, Zone: r.zone, Ready: r.ready, Well: r.ready, Created: r.born}
	p.Pod, p.UID, p.Container, p.QoS, p.Reported = r.name, r.name+"-uid", container, "Burstable", true
	p.Requested, p.Limit = r.size, limit(r.size)
	p.Allocated, p.InForce, p.LimitInForce = r.size, r.inForce, limit(r.inForce)
	p.Resize.State = plane.ResizeSettled
	if !r.settles.IsZero() {
		p.Resize.State = plane.ResizeInProgress
	}
	if m := r.sampled; !m.at.IsZero() {
		p.Used = sizing.Usage{At: m.at, CPU: m.value, Memory: r.memory()}
	}
	return p
}

// limit is the limit that goes with a request.
func limit(of plane.Amounts) plane.Amounts {
	return plane.Amounts{CPU: of.CPU, Memory: roomy * of.Memory}
}

// config is the tenant's flow control, as a new cluster has it.
func config() *plane.FlowConfig {
	c := &plane.FlowConfig{}
	for _, l := range levels {
		c.Levels = append(c.Levels, plane.Level{Name: l.name, Shares: l.shares, BorrowingPercent: plane.NoLimit, Suggested: true})
	}
	return c
}

// members are three of etcd that have room for all that comes.
func members(now time.Time) (all []plane.Member) {
	for i := range 3 {
		all = append(all, plane.Member{
			Name: fmt.Sprintf("etcd-%d", i), Zone: []string{"a", "b", "c"}[i], Ready: true, Observed: now, Window: look, Version: "3.7.3",
			HasLeader: true, IsLeader: i == 0, Leader: 1, Term: 2, Fsyncs: 100, FsyncMean: 0.001, FsyncP99: 0.004,
			CommitMean: 0.002, CommitP99: 0.008, DBSize: 200 << 20, DBInUse: 150 << 20, Quota: 8 << 30,
		})
	}
	return all
}
