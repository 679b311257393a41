// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load"
	"evenkeel.dev/evenkeel/bench/load/fill"
	"evenkeel.dev/evenkeel/bench/load/victim"
	"evenkeel.dev/evenkeel/bench/scenario"
)

// informerNamespace is where the watch-and-get client lives.
const informerNamespace = "informer"

// Victims are the loads that must not suffer.
type Victims struct {
	Leases     *victim.Leases
	Controller *victim.Controller
	cancel     context.CancelFunc
	done       chan struct{}
}

// StartVictims starts the loads on a tenant that has been filled with the leases of
// so many nodes; they run until they are stopped, or ctx ends.
func (st *Stage) StartVictims(ctx context.Context, nodes int, o scenario.Victims, logf func(string, ...any)) (*Victims, error) {
	leases, err := victim.NewLeases(victim.LeasesOptions{
		Nodes: fill.NodeNames(nodes),
		Rate:  o.LeaseRenewals,
		ConfigFor: func(node string) (*rest.Config, error) {
			return st.Tenant.ConfigFor("system:node:"+node, []string{"system:nodes"})
		},
	})
	if err != nil {
		return nil, err
	}
	if err := leases.Connect(ctx); err != nil {
		return nil, err
	}
	reader, err := st.ServiceAccount(ctx, informerNamespace, "controller", []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods", "configmaps"}, Verbs: []string{"get", "list", "watch"}},
	})
	if err != nil {
		return nil, err
	}
	namespace, pod := fill.PodName(0)
	controller, err := victim.NewController(victim.ControllerOptions{
		Config: reader, Writer: st.Tenant.AdminConfig, Namespace: informerNamespace,
		PodNamespace: namespace, PodName: pod, Rate: o.Gets, Beats: 1,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	if err := controller.Start(ctx); err != nil {
		cancel()
		return nil, err
	}
	v := &Victims{Leases: leases, Controller: controller, cancel: cancel, done: make(chan struct{})}
	go v.run(ctx, logf)
	return v, nil
}

func (v *Victims) run(ctx context.Context, logf func(string, ...any)) {
	defer close(v.done)
	gets := make(chan error, 1)
	go func() { gets <- v.Controller.Run(ctx) }()
	if err := v.Leases.Run(ctx); err != nil {
		logf("the lease renewals ended: %v", err)
	}
	if err := <-gets; err != nil {
		logf("the informer client ended: %v", err)
	}
}

// Stop ends the loads; victims that never started have nothing to end.
func (v *Victims) Stop() {
	if v == nil {
		return
	}
	v.cancel()
	<-v.done
}

// Recorders hold the requests by which the victims are judged: lease renewals and
// gets alike.
func (v *Victims) Recorders() []*load.Recorder {
	return []*load.Recorder{v.Leases.Recorder, v.Controller.Gets}
}

// Between summarizes the requests that were due in [from, to).
func (v *Victims) Between(from, to time.Time) load.Stats {
	return load.Across(from, to, v.Recorders()...)
}

// Live summarizes those that were due in the last stretch of time, the ones without
// an answer included.
func (v *Victims) Live(last time.Duration) load.Stats {
	return load.LiveAcross(time.Now(), last, v.Recorders()...)
}
