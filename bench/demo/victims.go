// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load/fill"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/stage"
)

// fill stores the pods that the storm lists and the leases that are renewed.
func (p *run) fill(ctx context.Context) error {
	p.state.phase("filling the tenant", 0)
	began := time.Now()
	s := p.Scenario.Tenant
	err := fill.Run(ctx, fill.Options{
		Config: p.stage.Tenant.AdminConfig, Pods: s.Pods, PodBytes: s.PodBytes, Nodes: s.Leases,
		Progress: func(done, total int) { p.state.progress("filled", done, total) },
	})
	if err != nil {
		return err
	}
	p.Screen.Logf("filled the tenant with %d pods of about %d bytes and %d leases in %.0f s", s.Pods, s.PodBytes, s.Leases, time.Since(began).Seconds())
	p.asFound, err = stage.ReadFlowControl(ctx, p.stage.Tenant.AdminConfig)
	return err
}

// startVictims starts the loads; they run until the end of the run.
func (p *run) startVictims(ctx context.Context) (err error) {
	p.victims, err = p.stage.StartVictims(ctx, p.Scenario.Tenant.Leases, p.Scenario.Victims, p.Screen.Logf)
	if err == nil {
		p.state.watch(p.victims)
	}
	return err
}

// addVictims puts a window's figures into the report. A request that was rejected counts
// as failed, and so does one that has no answer to this day.
func (p *run) addVictims(phase string, w window) {
	v, r := p.victims, p.report
	s := v.Between(w.from, w.to)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	r.Add(report.Victims(phase, report.P50), "ms", ms(s.P50))
	r.Add(report.Victims(phase, report.P90), "ms", ms(s.P90))
	r.Add(report.Victims(phase, report.P99), "ms", ms(s.P99))
	r.Add(report.Victims(phase, report.Max), "ms", ms(s.Max))
	r.Add(report.Victims(phase, report.Failed), "", float64(s.Failed+s.Rejected+s.Pending))
	r.Add("victims."+phase+".requests", "", float64(s.Count))
	deliveries := v.Controller.Deliveries.Window(w.from, w.to)
	r.Add("watch."+phase+".p99_ms", "ms", ms(deliveries.P99))
}

// offenderConfig is the way of an agent of its own service account, which may
// list pods and nothing else.
func (p *run) offenderConfig(ctx context.Context, namespace, name string) (*rest.Config, error) {
	return p.stage.ServiceAccount(ctx, namespace, name, []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list"}},
	})
}
