// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// wellLooked is a look at three replicas and three members that are all well.
func wellLooked(now time.Time) *pass {
	d := &pass{now: now, profile: plane.Profile{Tick: 5 * time.Second}}
	d.seen.Config = &plane.FlowConfig{}
	d.seen.Host = plane.HostSeen{Wanted: map[sizing.Component]int{sizing.APIServer: 3, sizing.Etcd: 3}, Workloads: map[sizing.Component]plane.HostWorkload{
		sizing.APIServer: {Kind: "Deployment", Name: "kas"}, sizing.Etcd: {Kind: "StatefulSet", Name: "etcd"},
	}}
	d.seen.Workload = &plane.Workload{Name: "Deployment kas"}
	for i, zone := range []string{"a", "b", "c"} {
		d.seen.Replicas = append(d.seen.Replicas, plane.Replica{Name: "kas-" + zone, Zone: zone, Ready: true, Ceiling: 600, Observed: now})
		d.seen.Members = append(d.seen.Members, plane.Member{Name: "etcd-" + zone, Zone: zone, Ready: true, Observed: now, HasLeader: true, IsLeader: i == 0, Leader: 1, Term: 1})
	}
	d.look()
	return d
}

// A rollout, whoever's it is, holds what can wait, and of what cannot that which ends a pod
// of the same workload. A pod that is missing is no rollout.
func TestWhatARolloutHolds(t *testing.T) {
	now := time.Date(2026, 1, 2, 14, 0, 0, 0, time.UTC)
	move := rollout.Step{Kind: rollout.MoveLeader, Component: sizing.Etcd, Pod: "etcd-a", UID: "etcd-a", Leader: true, Urgent: true}
	room := rollout.Step{Kind: rollout.Defragment, Component: sizing.Etcd, Pod: "etcd-b", UID: "etcd-b", Urgent: true}
	calm := rollout.Step{Kind: rollout.Defragment, Component: sizing.Etcd, Pod: "etcd-b", UID: "etcd-b"}
	member := rollout.Step{Kind: rollout.Restart, Component: sizing.Etcd, Pod: "etcd-b", UID: "etcd-b", Urgent: true}
	server := rollout.Step{Kind: rollout.Replace, Component: sizing.APIServer, Pod: "kas-b", UID: "kas-b", Urgent: true}
	short := func(d *pass) { d.seen.Workload.Short = true }
	flags := func(d *pass) { d.seen.Workload.Rolling = true }
	rolls := func(c sizing.Component) func(d *pass) {
		return func(d *pass) {
			w := d.seen.Host.Workloads[c]
			w.Rolling = true
			d.seen.Host.Workloads[c] = w
		}
	}
	const kas, etcd = "Deployment kas is being rolled out", "StatefulSet etcd is being rolled out"
	for name, c := range map[string]struct {
		given func(d *pass)
		step  rollout.Step
		waits string
	}{
		"nothing":                                {func(*pass) {}, calm, ""},
		"one short, no space":                    {short, room, ""},
		"one short, a leader that has to go":     {short, move, ""},
		"one short, a starved one's own":         {short, server, ""},
		"one short, what can wait":               {short, calm, "Deployment kas has fewer replicas available than it is to have"},
		"new flags, no space":                    {flags, room, ""},
		"new flags, a leader that has to go":     {flags, move, ""},
		"new flags, a starved replica":           {flags, server, kas},
		"new flags, what can wait":               {flags, calm, kas},
		"the apiservers', a starved replica":     {rolls(sizing.APIServer), server, kas},
		"the apiservers', a member short of CPU": {rolls(sizing.APIServer), member, ""},
		"etcd's, what can wait":                  {rolls(sizing.Etcd), calm, etcd},
		"etcd's, a member short of CPU":          {rolls(sizing.Etcd), member, etcd},
		"etcd's, no space":                       {rolls(sizing.Etcd), room, ""},
		"etcd's, a leader that has to go":        {rolls(sizing.Etcd), move, ""},
		"etcd's, a starved replica":              {rolls(sizing.Etcd), server, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := wellLooked(now)
			c.given(d)
			_, got := rollout.State{}.Advance([]rollout.Step{c.step}, d.disturbSeen(), now)
			if began := got.Begin != nil; began != (c.waits == "") || !strings.Contains(got.Why, c.waits) {
				t.Errorf("it began: %v, and waits for %q; want %q", began, got.Why, c.waits)
			}
		})
	}
}
