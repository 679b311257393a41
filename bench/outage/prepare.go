// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/stage"
	"evenkeel.dev/evenkeel/bench/testbed/prometheus"
)

// replicas is how many operator replicas there are: two see more than one, and when the one
// that leads dies the other has seen what it saw.
const replicas = 2

// toldDown are the series, one of each operator replica, of whether the tenant is down.
var toldDown = fmt.Sprintf("evenkeel_down{namespace=%q,name=%q}", stage.TenantNamespace, stage.TenantName)

// prepare has Evenkeel installed, a Prometheus scrape it by the shipped rules, and a client
// keep account of what the tenant serves.
func (r *run) prepare(ctx context.Context) (err error) {
	if r.host, err = kubernetes.NewForConfig(r.stage.Host.AdminConfig); err != nil {
		return fmt.Errorf("reaching the host cluster: %w", err)
	}
	s := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(s); err != nil {
		return fmt.Errorf("building the scheme: %w", err)
	}
	if r.kinds, err = client.New(r.stage.Host.AdminConfig, client.Options{Scheme: s}); err != nil {
		return fmt.Errorf("reaching the host cluster: %w", err)
	}
	if err := r.stage.Host.StartMetricsServer(ctx); err != nil {
		return err
	}
	cpp, err := stage.LoadProfile(r.Root, 0, 0)
	if err != nil {
		return err
	}
	cpp.Spec.Mode = v1alpha1.ModeEnforce
	if r.profile, err = r.stage.Install(ctx, r.Root, cpp); err != nil {
		return err
	}
	if err := r.second(ctx); err != nil {
		return err
	}
	if r.targets, err = r.ready(ctx); err != nil {
		return err
	}
	if r.store, err = r.startStore(ctx, "prometheus"); err != nil {
		return err
	}
	if r.truth, err = newAccount(r.stage.Tenant.AdminConfig); err != nil {
		return err
	}
	go r.truth.run(ctx)
	return r.known(ctx)
}

// second asks for two operator replicas. On the testbed all pods share one loopback, so that
// each serves its dashboard at its own address, which is of loopback as well.
func (r *run) second(ctx context.Context) error {
	deployments := r.host.AppsV1().Deployments(stage.SystemNamespace)
	d, err := deployments.Get(ctx, "evenkeel", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading Evenkeel's Deployment: %w", err)
	}
	d.Spec.Replicas = new(int32(replicas))
	args := d.Spec.Template.Spec.Containers[0].Args
	for i, a := range args {
		if strings.HasPrefix(a, "--web-bind-address=") {
			args[i] = "--web-bind-address=$(POD_IP):" + stage.DashboardPort
		}
	}
	if _, err := deployments.Update(ctx, d, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("asking for %d operator replicas: %w", replicas, err)
	}
	return nil
}

// startStore starts a Prometheus that scrapes the operator replicas, with the shipped rules.
func (r *run) startStore(ctx context.Context, name string) (*prometheus.Server, error) {
	return prometheus.Start(ctx, prometheus.Options{
		Binary: r.Binaries.Prometheus, Dir: filepath.Join(r.Dir, name), Runner: r.stage.Runner, Targets: r.targets,
		Scrape: scrape, Evaluate: evaluate, Rules: []string{filepath.Join(r.Root, "manifests", "monitoring", "rules.yaml")},
	})
}

// renew has a Prometheus without a past page for the next outage, once no operator replica
// tells of the one before any more.
func (r *run) renew(ctx context.Context, number int) (err error) {
	if err := r.forgotten(ctx); err != nil {
		return err
	}
	if r.pager != nil {
		if err := r.pager.Stop(ctx); err != nil {
			return err
		}
	}
	r.pager, err = r.startStore(ctx, fmt.Sprintf("pager-%d", number))
	return err
}

// forgotten waits until every operator replica has been scraped since it was last seen well,
// and calls it up.
func (r *run) forgotten(ctx context.Context) error {
	well := time.Now()
	return await.Until(ctx, 3*time.Minute, time.Second, "all operator replicas to call it up", func(ctx context.Context) error {
		all, err := r.store.Instant(ctx, fmt.Sprintf("%s == 0 and timestamp(%s) > %d", toldDown, toldDown, well.Unix()), time.Time{})
		if err != nil {
			return err
		}
		if len(all) != replicas {
			return fmt.Errorf("%d of %d do", len(all), replicas)
		}
		return nil
	})
}

// ready are the operator replicas to be scraped, once all are ready, and those before them gone:
// a rollout waits for a minute and a half with each.
func (r *run) ready(ctx context.Context) (all []prometheus.Target, err error) {
	err = await.Until(ctx, 6*time.Minute, time.Second, "all operator replicas to be ready", func(ctx context.Context) error {
		pods, err := r.operators(ctx)
		if err != nil {
			return err
		}
		if len(pods) != replicas {
			return fmt.Errorf("there are %d pods", len(pods)) // those of the template before are still there
		}
		all = nil
		for _, p := range pods {
			for _, c := range p.Status.ContainerStatuses {
				if c.Ready && p.Status.PodIP != "" {
					all = append(all, prometheus.Target{Job: "evenkeel", Address: net.JoinHostPort(p.Status.PodIP, "8080"), Labels: map[string]string{"pod": p.Name}})
				}
			}
		}
		if len(all) != replicas {
			return fmt.Errorf("%d are", len(all))
		}
		return nil
	})
	return all, err
}

// known waits until the control plane is known to be up by two vantage points.
func (r *run) known(ctx context.Context) error {
	return await.Until(ctx, 3*time.Minute, time.Second, "two vantage points to see it up", func(ctx context.Context) error {
		var points v1alpha1.VantagePointList
		if err := r.kinds.List(ctx, &points, client.InNamespace(stage.SystemNamespace)); err != nil {
			return err
		}
		n := 0
		for _, p := range points.Items {
			if p.Renewed != nil && time.Since(p.Renewed.Time) < time.Minute && p.ControlPlanes == 1 && p.DownCount+p.BlindCount == 0 {
				n++
			}
		}
		if n < replicas {
			return fmt.Errorf("%d do", n)
		}
		if l, err := r.ledger(ctx); err != nil || len(l.Days) == 0 {
			return errors.Join(errors.New("there is no ledger"), err)
		}
		return nil
	})
}

// ledger is the ledger's object.
func (r *run) ledger(ctx context.Context) (*v1alpha1.AvailabilityLedger, error) {
	var l v1alpha1.AvailabilityLedger
	key := client.ObjectKey{Namespace: stage.TenantNamespace, Name: stage.TenantName}
	if err := r.kinds.Get(ctx, key, &l); err != nil {
		return nil, fmt.Errorf("reading the ledger %s: %w", key, err)
	}
	return &l, nil
}
