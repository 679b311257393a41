// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load"
	"evenkeel.dev/evenkeel/bench/load/fill"
	"evenkeel.dev/evenkeel/bench/load/victim"
	"evenkeel.dev/evenkeel/bench/report"
)

// informerNamespace is where the watch-and-get client lives.
const informerNamespace = "informer"

// victims are the loads that must not suffer.
type victims struct {
	leases     *victim.Leases
	controller *victim.Controller
	cancel     context.CancelFunc
	done       chan struct{}
}

// fill stores the pods that the storm lists and the leases that are renewed.
func (p *run) fill(ctx context.Context) error {
	p.state.phase("filling the tenant", 0)
	began := time.Now()
	s := p.Scenario.Tenant
	err := fill.Run(ctx, fill.Options{
		Config: p.stage.tenant.AdminConfig, Pods: s.Pods, PodBytes: s.PodBytes, Nodes: s.Leases,
		Progress: func(done, total int) { p.state.progress("filled", done, total) },
	})
	if err != nil {
		return err
	}
	p.Screen.Logf("filled the tenant with %d pods of about %d bytes and %d leases in %.0f s", s.Pods, s.PodBytes, s.Leases, time.Since(began).Seconds())
	p.asFound, err = readFlowControl(ctx, p.stage.tenant.AdminConfig)
	return err
}

// startVictims starts the loads; they run until the end of the run.
func (p *run) startVictims(ctx context.Context) error {
	t := p.stage.tenant
	leases, err := victim.NewLeases(victim.LeasesOptions{
		Nodes: fill.NodeNames(p.Scenario.Tenant.Leases),
		Rate:  p.Scenario.Victims.LeaseRenewals,
		ConfigFor: func(node string) (*rest.Config, error) {
			return t.ConfigFor("system:node:"+node, []string{"system:nodes"})
		},
	})
	if err != nil {
		return err
	}
	if err := leases.Connect(ctx); err != nil {
		return err
	}
	reader, err := p.serviceAccount(ctx, informerNamespace, "controller", []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods", "configmaps"}, Verbs: []string{"get", "list", "watch"}},
	})
	if err != nil {
		return err
	}
	namespace, pod := fill.PodName(0)
	controller, err := victim.NewController(victim.ControllerOptions{
		Config: reader, Writer: t.AdminConfig, Namespace: informerNamespace,
		PodNamespace: namespace, PodName: pod, Rate: p.Scenario.Victims.Gets, Beats: 1,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	if err := controller.Start(ctx); err != nil {
		cancel()
		return err
	}
	v := &victims{leases: leases, controller: controller, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(v.done)
		gets := make(chan error, 1)
		go func() { gets <- controller.Run(ctx) }()
		if err := leases.Run(ctx); err != nil {
			p.Screen.Logf("the lease renewals ended: %v", err)
		}
		if err := <-gets; err != nil {
			p.Screen.Logf("the informer client ended: %v", err)
		}
	}()
	p.victims = v
	p.state.watch(v)
	return nil
}

func (v *victims) stop() {
	if v == nil {
		return
	}
	v.cancel()
	<-v.done
}

// recorders hold the requests by which the victims are judged: lease renewals and
// gets alike.
func (v *victims) recorders() []*load.Recorder {
	return []*load.Recorder{v.leases.Recorder, v.controller.Gets}
}

func (v *victims) between(w window) load.Stats { return load.Across(w.from, w.to, v.recorders()...) }

func (v *victims) live(last time.Duration) load.Stats {
	return load.LiveAcross(time.Now(), last, v.recorders()...)
}

// add puts a window's figures into the report. A request that was rejected counts
// as failed, and so does one that has no answer to this day.
func (v *victims) add(r *report.Report, phase string, w window) {
	s := v.between(w)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	r.Add(report.Victims(phase, report.P50), "ms", ms(s.P50))
	r.Add(report.Victims(phase, report.P90), "ms", ms(s.P90))
	r.Add(report.Victims(phase, report.P99), "ms", ms(s.P99))
	r.Add(report.Victims(phase, report.Max), "ms", ms(s.Max))
	r.Add(report.Victims(phase, report.Failed), "", float64(s.Failed+s.Rejected+s.Pending))
	r.Add("victims."+phase+".requests", "", float64(s.Count))
	deliveries := v.controller.Deliveries.Window(w.from, w.to)
	r.Add("watch."+phase+".p99_ms", "ms", ms(deliveries.P99))
}

// offenderConfig is the way of an agent of its own service account, which may
// list pods and nothing else.
func (p *run) offenderConfig(ctx context.Context, namespace, name string) (*rest.Config, error) {
	return p.serviceAccount(ctx, namespace, name, []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list"}},
	})
}

// serviceAccount makes a service account of the tenant with the given rights over
// the whole cluster, and returns its configuration with a real token.
func (p *run) serviceAccount(ctx context.Context, namespace, name string, rules []rbacv1.PolicyRule) (*rest.Config, error) {
	c, err := kubernetes.NewForConfig(p.stage.tenant.AdminConfig)
	if err != nil {
		return nil, fmt.Errorf("making the service account %s/%s: %w", namespace, name, err)
	}
	meta := metav1.ObjectMeta{Name: namespace + ":" + name}
	_, e1 := c.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	_, e2 := c.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	_, e3 := c.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{})
	_, e4 := c.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}},
	}, metav1.CreateOptions{})
	for _, err := range []error{e1, e2, e3, e4} {
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return nil, fmt.Errorf("making the service account %s/%s: %w", namespace, name, err)
		}
	}
	return p.stage.tenant.ServiceAccountConfig(ctx, namespace, name)
}
