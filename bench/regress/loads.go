// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package regress

import (
	"context"
	"sync"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load/checker"
	"evenkeel.dev/evenkeel/bench/load/fill"
	"evenkeel.dev/evenkeel/bench/load/victim"
	"evenkeel.dev/evenkeel/bench/stage"
)

// written is the namespace that the writers write in.
const written = "written"

// loads are what a control plane of this size has to do: nodes' renewals and a few writers.
type loads struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func startLoads(ctx context.Context, st *stage.Stage, logf func(string, ...any)) (*loads, error) {
	if err := fill.Run(ctx, fill.Options{Config: st.Tenant.AdminConfig, Pods: bed.Pods, PodBytes: bed.PodBytes, Nodes: bed.Leases}); err != nil {
		return nil, err
	}
	leases, err := victim.NewLeases(victim.LeasesOptions{
		Nodes: fill.NodeNames(bed.Leases), Rate: 60,
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
	account, err := st.ServiceAccount(ctx, written, "writer", []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "create", "update"}},
	})
	if err != nil {
		return nil, err
	}
	writers, err := checker.New(checker.Options{Config: account, Namespace: written, Writers: 4, Rate: 5})
	if err != nil {
		return nil, err
	}
	l := &loads{}
	ctx, l.cancel = context.WithCancel(ctx)
	l.running.Go(func() { writers.Run(ctx) })
	l.running.Go(func() {
		if err := leases.Run(ctx); err != nil {
			logf("the lease renewals ended: %v", err)
		}
	})
	return l, nil
}

// stop ends the loads; those that never started have nothing to end.
func (l *loads) stop() {
	if l == nil {
		return
	}
	l.cancel()
	l.running.Wait()
}
