// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// What a bad minute may be put down to is told in words; where nothing is wrong nothing is.
func TestAround(t *testing.T) {
	restart := rollout.Step{Kind: rollout.Restart, Pod: "etcd-1", UID: "1"}
	node := func(ready bool) plane.HostSeen {
		return plane.HostSeen{Looked: true, Nodes: []plane.HostNode{{Name: "n1", Zone: "a", Ready: true}, {Name: "n2", Zone: "c", Ready: ready}, {Name: "n3", Zone: "c", Ready: ready}}}
	}
	less, more := plane.Amounts{CPU: 1, Memory: 1 << 30}, plane.Amounts{CPU: 2, Memory: 2 << 30}
	for name, c := range map[string]struct {
		with func(d *pass)
		want sla.Circumstances
	}{
		"nothing": {func(*pass) {}, sla.Circumstances{}},
		"a step is under way": {
			func(d *pass) { d.memory.Disturb.State.Under = &rollout.Under{Step: restart, Began: noon} },
			sla.Circumstances{Evenkeel: "the restart of etcd-1 is under way since 12:00:00"},
		},
		"a step is taken back": {
			func(d *pass) {
				d.memory.Disturb.State.Undoing = &rollout.Undoing{Step: restart, Why: "p99 is twice what it was"}
			},
			sla.Circumstances{Evenkeel: "the restart of etcd-1 is taken back: p99 is twice what it was"},
		},
		"a pod is made smaller": {
			func(d *pass) {
				d.memory.Sizes.Resizing = &plane.Resizing{Pod: "a-1", From: more, To: less, Began: noon}
			},
			sla.Circumstances{Evenkeel: "a-1 is resized from 2000m/2048Mi to 1000m/1024Mi since 12:00:00"},
		},
		"a pod is made larger": {
			func(d *pass) {
				d.memory.Sizes.Resizing = &plane.Resizing{Pod: "a-1", From: less, To: more, Began: noon}
			},
			sla.Circumstances{},
		},
		"a zone is gone": {
			func(d *pass) { d.seen.Host = node(false) },
			sla.Circumstances{Zone: "n2 and n3 of zone c: not ready"},
		},
		"one member gives no answer": {func(d *pass) { d.seen.Members[0].Fault = fault("Silent") }, sla.Circumstances{}},
		"two members give no answer": {
			func(d *pass) { d.seen.Members[0].Fault, d.seen.Members[1].Fault = fault("Silent"), fault("Silent") },
			sla.Circumstances{Etcd: "2 of 3 members of etcd give no answer"},
		},
		"no leader": {
			func(d *pass) {
				for i := range d.seen.Members {
					d.seen.Members[i].HasLeader, d.seen.Members[i].IsLeader, d.seen.Members[i].Leader = false, false, 0
				}
			},
			sla.Circumstances{Etcd: "etcd-0, etcd-1, etcd-2: no etcd leader"},
		},
		"an alarm": {
			func(d *pass) { d.seen.Members[0].Alarms = []string{"NOSPACE"} },
			sla.Circumstances{Etcd: "etcd has raised the alarm NOSPACE"},
		},
		"an offender": {
			func(d *pass) {
				d.memory.Offenders = map[string]plane.Sentence{"x": {Client: plane.Client{User: "agent", Verb: "list", Resource: "pods"}, Phase: plane.PhaseJailed}}
			},
			sla.Circumstances{Offender: "agent (list pods, cluster-wide) does harm (Jailed)"},
		},
		"one under whom nobody suffers any more": {
			func(d *pass) {
				d.memory.Offenders = map[string]plane.Sentence{"x": {Client: plane.Client{User: "agent"}, Phase: plane.PhaseJailed, Relieved: noon}}
			},
			sla.Circumstances{},
		},
		"one whom a person has jailed": {
			func(d *pass) {
				d.memory.Offenders = map[string]plane.Sentence{"x": {Client: plane.Client{User: "agent"}, Phase: plane.PhaseJailed, Manual: true}}
			},
			sla.Circumstances{},
		},
		"one whom a person has jailed and who asks for nothing, and harm": {
			func(d *pass) {
				d.memory.Offenders = map[string]plane.Sentence{"x": {Client: plane.Client{User: "agent"}, Phase: plane.PhaseJailed, Manual: true}}
				d.harm.Slow = append(d.harm.Slow, offender.Slow{})
				d.seen.Replicas = []plane.Replica{{Flows: []plane.FlowLoad{{Schema: "x"}, {Schema: "service-accounts", Requests: 9}}}}
			},
			sla.Circumstances{},
		},
		"one whom a person has jailed, and harm": {
			func(d *pass) {
				d.memory.Offenders = map[string]plane.Sentence{"x": {Client: plane.Client{User: "agent", Verb: "list", Resource: "pods"}, Phase: plane.PhaseJailed, Manual: true}}
				d.harm.Slow = append(d.harm.Slow, offender.Slow{})
				d.seen.Replicas = []plane.Replica{{Flows: []plane.FlowLoad{{Schema: "x", Rejected: 1}}}}
			},
			sla.Circumstances{Offender: "agent (list pods, cluster-wide) does harm (Jailed)"},
		},
		"one that was released": {
			func(d *pass) {
				d.memory.Offenders = map[string]plane.Sentence{"x": {Client: plane.Client{User: "agent"}, Phase: plane.PhaseReleased}}
			},
			sla.Circumstances{},
		},
		"a rollout of somebody else's": {
			func(d *pass) {
				d.seen.Host.Workloads = map[sizing.Component]plane.HostWorkload{sizing.APIServer: {Kind: "Deployment", Name: "kas", Rolling: true}}
			},
			sla.Circumstances{Rollout: "Deployment kas is being rolled out"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := &pass{seen: plane.Snapshot{Members: wellMembers(noon), Host: node(true)}, profile: plane.Profile{Tick: 5 * time.Second}, now: noon}
			c.with(d)
			if got := d.around(); got != c.want {
				t.Errorf("%+v, not %+v", got, c.want)
			}
		})
	}
}
