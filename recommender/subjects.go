// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"cmp"
	"slices"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// subjects are the replicas and members as the plan of disruptive steps sees them.
func (d *pass) subjects() []rollout.Subject {
	all := make([]rollout.Subject, 0, len(d.seen.Replicas)+len(d.seen.Members))
	for _, r := range d.seen.Replicas {
		all = append(all, d.replicaSubject(r))
	}
	for _, m := range d.seen.Members {
		all = append(all, d.memberSubject(m))
	}
	return all
}

func (d *pass) replicaSubject(r plane.Replica) rollout.Subject {
	s := rollout.Subject{
		Component: sizing.APIServer, Pod: r.Name, UID: r.UID, Zone: r.Zone, Ready: r.Ready, Well: r.Ready, Ending: r.Ending,
		Memory: r.Process.Resident, Most: r.Process.MemoryLimit,
		Requests: r.Answers.Requests, Errors: r.Answers.Errors, Refused: r.Answers.Refused,
		Ends: r.Answers.WatchEnds,
	}
	if r.Fault == nil {
		s.At, s.Window = r.Observed, r.Window
	}
	for _, delays := range r.Delays {
		i := slices.Index([]string{rollout.Resource: "resource", rollout.Namespace: "namespace", rollout.Cluster: "cluster"}, delays.Scope)
		if i >= 0 {
			s.Delays[i] = rollout.Delay{Requests: delays.Requests, P99: delays.Quantile(0.99)}
		}
	}
	d.asPod(&s)
	return s
}

func (d *pass) memberSubject(m plane.Member) rollout.Subject {
	s := rollout.Subject{
		Component: sizing.Etcd, Pod: m.Name, UID: m.UID, Zone: m.Zone, Ready: m.Ready, Ending: m.Ending,
		Well:   m.Fault == nil && m.HasLeader && len(m.Alarms) == 0 && m.ApplyBacklog <= mostBacklog,
		Leader: m.IsLeader, Voter: !m.Learner,
		Fsyncs: m.Fsyncs, Fsync: m.FsyncP99, LeaderChanges: m.LeaderChanges,
	}
	if m.Fault == nil {
		s.At, s.Window = m.Observed, m.Window
	}
	d.asPod(&s)
	return s
}

// asPod adds what the host cluster tells of the pod: of this one, and not of another that
// has its name by now.
func (d *pass) asPod(s *rollout.Subject) {
	defer func() { s.UID = cmp.Or(s.UID, s.Pod) }() // of one that nothing tells more of
	for i := range d.seen.Sizes.Pods {
		p := &d.seen.Sizes.Pods[i]
		if p.Component != s.Component || p.Pod != s.Pod || s.UID != "" && s.UID != p.UID {
			continue
		}
		s.UID, s.Node, s.Restarts, s.Killed = p.UID, p.Node, p.Restarts, p.OOMKilledAt()
		s.Restarting = restartComes(p)
		if s.Memory == 0 {
			s.Memory = p.Used.Memory
		}
		if s.Most == 0 {
			s.Most = p.LimitInForce.Memory
		}
		return
	}
}

// restartComes tells whether a container is yet to restart for a resize that was written.
// What a node will never do is not to come.
func restartComes(p *plane.SizedPod) bool {
	if !p.Reported || p.Resize.State == plane.ResizeSettled || p.Resize.State == plane.ResizeInfeasible {
		return false
	}
	cpu, memory := p.InForce, p.InForce
	cpu.CPU, memory.Memory = p.Requested.CPU, p.Requested.Memory
	return p.CPURestarts && !cpu.Same(p.InForce) || p.MemoryRestarts && !memory.Same(p.InForce)
}

// podStep is a disruptive step on a pod.
func podStep(kind rollout.Kind, p plane.SizedPod, urgent bool, why string) rollout.Step {
	return rollout.Step{Kind: kind, Component: p.Component, Pod: p.Pod, UID: p.UID, Node: p.Node, Zone: p.Zone, Leader: p.Leader, Urgent: urgent, Why: why}
}
