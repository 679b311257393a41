// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/monitoring/series"
	"evenkeel.dev/evenkeel/operator/metrics"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// measured are the series that passes and rounds set.
var measured = metrics.New(
	series.Probes, series.ProbeSeconds,
	series.LoadLine, series.Ceiling, series.Used, series.Waiting, series.Sentences, series.Size, series.Wanted, series.Replicas, series.ReplicasReady,
	series.EtcdMembers, series.EtcdMembersReady, series.EtcdSeen, series.EtcdHasLeader, series.EtcdLeaderMoves, series.EtcdFsync, series.EtcdCommit,
	series.EtcdDatabase, series.EtcdInUse, series.EtcdQuota, series.EtcdAlarms,
	series.Condition, series.Blind, series.LastPass, series.Decisions, series.Expires, series.InForce, series.Observe,
)

func init() { registry.Registry.MustRegister(measured) } //nolint:gochecknoinits // the way controller-runtime's registry is used

// tellProbes tells of a round of this vantage point.
func tellProbes(key types.NamespacedName, r probe.Round) {
	measured.Begin(key, series.Probes, series.ProbeSeconds)
	for _, p := range r.Probes {
		door := "replica"
		if p.Replica == "" {
			door = "balancer"
		}
		measured.Count(series.Probes, key, 1, door, strings.ToLower(string(p.Question)), strings.ToLower(string(p.Result)), strings.ToLower(string(p.Phase)))
		if p.Phase == sla.Done && p.Result != sla.Denied {
			measured.Observe(series.ProbeSeconds, key, p.Took.Seconds(), door)
		}
	}
}

// measure tells what a pass has seen and decided. What a pass that holds does not know
// stays as it was: LastPass and the conditions say so.
func (p *pass) measure() {
	gauge := func(name string, value float64, labels ...string) { measured.Gauge(name, p.key(), value, labels...) }
	measured.Begin(p.key())
	for _, applied := range []string{"true", "false"} { // alerts are on these, and the first is to be seen
		measured.Touch(series.Decisions, p.key(), string(plane.StopSteps), v1alpha1.ReasonPlanStopped, applied)
	}
	gauge(series.LastPass, float64(p.now.UnixMilli())/1000)
	gauge(series.Sentences, float64(p.status.Jailed))
	gauge(series.ReplicasReady, float64(p.status.ReadyReplicas))
	if p.workloadNow.selector != nil {
		gauge(series.Replicas, float64(p.workloadNow.replicas))
	}
	for _, c := range p.status.Conditions {
		gauge(series.Condition, map[metav1.ConditionStatus]float64{metav1.ConditionTrue: 1, metav1.ConditionUnknown: -1}[c.Status], c.Type)
	}
	p.measureCertificates()
	blind, waiting := 0, 0
	for _, r := range p.snapshot.Replicas {
		if r.Ready && r.Fault != nil {
			blind++
		}
		for _, l := range r.Levels {
			waiting += l.Waiting
		}
	}
	if p.fault == nil {
		gauge(series.Blind, float64(blind))
	}
	line := plane.LoadLine{}
	if p.fault == nil {
		line = p.plan.LoadLine
		gauge(series.Waiting, float64(waiting))
		p.measureSizes()
		p.measureMembers()
	}
	if p.fault == nil || p.kept.memory.Line.Seats == 0 {
		gauge(series.LoadLine, float64(line.Seats))
		gauge(series.Ceiling, float64(line.Ceiling))
		gauge(series.Used, float64(line.Used))
	}
	for _, o := range p.outcomes {
		if !o.Written.IsZero() && !o.InForce.IsZero() {
			measured.ObserveOwn(series.InForce, o.InForce.Sub(o.Written).Seconds(), string(o.Kind))
		}
	}
}

// measureCertificates tells when certificates end; 0 is not known. Of one that is not taken any
// more, as it has ended, it is told on until there is another.
func (p *pass) measureCertificates() {
	ends := p.kept.ends
	if a := p.kept.access; a != nil {
		ends["access"] = a.NotAfter()
	}
	if a := p.kept.etcd.access; a != nil {
		ends["etcd-client"] = a.NotAfter()
	}
	if etcd := p.cpp.Spec.Etcd; etcd == nil || etcd.ClientTLS == nil {
		delete(ends, "etcd-client")
	}
	if p.r.Books != nil {
		if book := p.r.Books.Of(p.key()); book != nil {
			ends["serving"] = book.Expires()
		}
	}
	for _, name := range []string{"access", "serving", "etcd-client"} {
		end := 0.0
		if t := ends[name]; !t.IsZero() {
			end = float64(t.Unix())
		}
		measured.Gauge(series.Expires, p.key(), end, name)
	}
}

// measureSizes tells what the containers request, and should.
func (p *pass) measureSizes() {
	for _, component := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
		var is, wanted plane.Amounts
		for _, pod := range p.snapshot.Sizes.Pods {
			if pod.Component == component {
				is.CPU, is.Memory = max(is.CPU, pod.Requested.CPU), max(is.Memory, pod.Requested.Memory)
			}
		}
		for _, s := range p.plan.Sizes {
			if s.Component == component {
				wanted = s.Want
			}
		}
		name := map[sizing.Component]string{sizing.APIServer: "kube-apiserver", sizing.Etcd: "etcd"}[component]
		measured.Gauge(series.Size, p.key(), is.CPU, name, "cpu")
		measured.Gauge(series.Size, p.key(), is.Memory, name, "memory")
		measured.Gauge(series.Wanted, p.key(), wanted.CPU, name, "cpu")
		measured.Gauge(series.Wanted, p.key(), wanted.Memory, name, "memory")
	}
}

// measureMembers tells of etcd, of its worst member. How many are ready is what the host cluster
// says, also of members that cannot be looked at: that they are not seen is to be seen.
func (p *pass) measureMembers() {
	var seen int
	var leader, fsync, commit, size, used, quota, alarms float64
	for _, m := range p.snapshot.Members {
		if m.Fault != nil || m.Observed.IsZero() {
			continue
		}
		seen++
		if m.HasLeader {
			leader = 1
		}
		fsync, commit = max(fsync, m.FsyncP99), max(commit, m.CommitP99)
		if float64(m.DBSize) > size {
			size, used = float64(m.DBSize), float64(m.DBInUse)
		}
		quota, alarms = max(quota, float64(m.Quota)), max(alarms, float64(len(m.Alarms)))
	}
	for name, value := range map[string]float64{
		series.EtcdMembers: float64(p.snapshot.Host.Wanted[sizing.Etcd]), series.EtcdMembersReady: float64(p.readyMembers), series.EtcdSeen: float64(seen),
		series.EtcdHasLeader: leader, series.EtcdFsync: fsync, series.EtcdCommit: commit, series.EtcdDatabase: size, series.EtcdInUse: used,
		series.EtcdQuota: quota, series.EtcdAlarms: alarms,
	} {
		measured.Gauge(name, p.key(), value)
	}
	measured.Count(series.EtcdLeaderMoves, p.key(), p.leaderMoves())
}

// leaderMoves is how often the leader has changed since the pass before, by raft's terms: a
// term is an election.
func (p *pass) leaderMoves() float64 {
	var term, leader uint64
	for _, m := range p.snapshot.Members {
		if m.Fault == nil && m.Term > term {
			term, leader = m.Term, m.Leader
		}
	}
	was := p.kept.term
	if term == 0 || leader == 0 {
		return 0
	}
	p.kept.term = term
	if was == 0 || term <= was {
		return 0
	}
	return float64(term - was)
}
