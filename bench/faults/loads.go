// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"slices"
	"sync"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load/checker"
	"evenkeel.dev/evenkeel/bench/load/fill"
	"evenkeel.dev/evenkeel/bench/load/victim"
	"evenkeel.dev/evenkeel/bench/stage"
)

// checked is the namespace that the checker writes in.
const checked = "checked"

// loads are the critical requests, which are nodes' renewals of their Leases, and the
// checker.
type loads struct {
	leases  *victim.Leases
	checker *checker.Checker
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	failed []victim.Renewal
	all    int
	// acknowledged are the renewals of the last minutes that were.
	acknowledged []victim.Renewal
}

// keptFor is for how long the renewals that were acknowledged are kept.
const keptFor = 2 * time.Minute

// startLoads fills the tenant and starts the loads, which run until they are stopped or
// ctx ends.
func startLoads(ctx context.Context, st *stage.Stage, o Options) (*loads, error) {
	o.Logf("filling the tenant with %d pods and %d leases", bed.Pods, bed.Leases)
	err := fill.Run(ctx, fill.Options{Config: st.Tenant.AdminConfig, Pods: bed.Pods, PodBytes: bed.PodBytes, Nodes: bed.Leases})
	if err != nil {
		return nil, err
	}
	l := &loads{}
	l.leases, err = victim.NewLeases(victim.LeasesOptions{
		Nodes: fill.NodeNames(bed.Leases), Rate: o.Renewals, Carrier: st.Tenant.Carrier, Tell: l.tell,
		ConfigFor: func(node string) (*rest.Config, error) {
			return st.Tenant.ConfigFor("system:node:"+node, []string{"system:nodes"})
		},
	})
	if err != nil {
		return nil, err
	}
	if err := l.leases.Connect(ctx); err != nil {
		return nil, err
	}
	writer, err := st.ServiceAccount(ctx, checked, "checker", []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "create", "update"}},
	})
	if err != nil {
		return nil, err
	}
	l.checker, err = checker.New(checker.Options{Config: writer, Namespace: checked, Writers: o.Writers, Rate: o.Writes})
	if err != nil {
		return nil, err
	}
	ctx, l.cancel = context.WithCancel(ctx)
	l.running.Go(func() { l.checker.Run(ctx) })
	l.running.Go(func() {
		if err := l.leases.Run(ctx); err != nil {
			o.Logf("the lease renewals ended: %v", err)
		}
	})
	return l, nil
}

func (l *loads) tell(r victim.Renewal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all++
	if !r.OK() {
		l.failed = append(l.failed, r)
		return
	}
	l.acknowledged = append(l.acknowledged, r)
	if old := r.Ended.Add(-2 * keptFor); l.acknowledged[0].Ended.Before(old) {
		l.acknowledged = slices.DeleteFunc(l.acknowledged, func(o victim.Renewal) bool { return o.Ended.Before(r.Ended.Add(-keptFor)) })
	}
}

// resumed is when the first write was acknowledged that was sent after a time: a renewal,
// of which some are sent at any moment, or one of the checker's, which wait for each
// other. every is when that was so of each of the checker's writers.
func (l *loads) resumed(after time.Time) (first, every time.Time) {
	first, every = l.checker.Resumed(after)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.acknowledged {
		if r.Sent.After(after) && (first.IsZero() || r.Ended.Before(first)) {
			first = r.Ended
		}
	}
	return first, every
}

// failures are the critical requests that have failed, in the order in which they ended.
func (l *loads) failures() []victim.Renewal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.failed)
}

// requests is how many critical requests have ended.
func (l *loads) requests() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all
}

// stop ends the loads; those that never started have nothing to end.
func (l *loads) stop() {
	if l == nil {
		return
	}
	l.cancel()
	l.running.Wait()
}
