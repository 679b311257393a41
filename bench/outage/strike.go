// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/stage"
)

// Kind is what hangs.
type Kind string

// The kinds of outages.
const (
	// APIServers hang, all of them: they take connections and answer nothing.
	APIServers Kind = "kube-apiserver"
	// Members hang, all of them: apiservers answer what needs no etcd.
	Members Kind = "etcd"
)

// Kinds are all of them, in the order in which they are played.
func Kinds() []Kind { return []Kind{APIServers, Members} }

// strike has all of a kind hang until a page has fired, and for a minute at the least.
func (r *run) strike(ctx context.Context, kind Kind, kill bool) error {
	number := len(r.out.Outages) + 1
	lasts := shortest + time.Duration(r.chance.Float64()*float64(longest-shortest))
	o := Outage{Kind: kind, From: time.Now(), Killed: kill}
	if err := r.signal(ctx, kind, syscall.SIGSTOP); err != nil {
		return err
	}
	defer func() { _ = r.signal(context.WithoutCancel(ctx), kind, syscall.SIGCONT) }()
	limit, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	page, err := r.pager.AwaitFiring(limit, pageWithin, map[string]string{"alertname": pageAlert, "namespace": stage.TenantNamespace, "name": stage.TenantName, "severity": "page"})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil && page.ActiveAt.Before(o.From):
		return fmt.Errorf("the page of outage %d has been due since %s, before it began", number, page.ActiveAt)
	case err == nil:
		o.Page = time.Since(o.From)
	}
	if kill {
		if err := r.killLeader(ctx); err != nil {
			return err
		}
	}
	if err := await.Pass(ctx, time.Until(o.From.Add(lasts))); err != nil {
		return err
	}
	if err := r.signal(ctx, kind, syscall.SIGCONT); err != nil {
		return err
	}
	o.To = time.Now()
	r.out.Outages = append(r.out.Outages, o)
	r.Logf("outage %d: %s for %.1f s; the page fired after %.1f s", number, kind, o.To.Sub(o.From).Seconds(), o.Page.Seconds())
	return r.well(ctx)
}

// signal sends a signal to all pods of a kind.
func (r *run) signal(ctx context.Context, kind Kind, s syscall.Signal) error {
	pods, err := r.host.CoreV1().Pods(stage.TenantNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + string(kind)})
	if err != nil {
		return fmt.Errorf("listing the pods of %s: %w", kind, err)
	}
	var failed []error
	for _, p := range pods.Items {
		failed = append(failed, r.stage.SignalPod(p.Spec.NodeName, p.Namespace, p.Name, s))
	}
	return errors.Join(failed...)
}

// well waits until the tenant serves its client again.
func (r *run) well(ctx context.Context) error {
	return await.Until(ctx, wellWithin, time.Second, "the tenant to serve again", func(context.Context) error {
		if down := r.truth.down(); down != "" {
			return errors.New(down)
		}
		return nil
	})
}

// pageAlert is the page about a total outage.
const pageAlert = "EvenkeelControlPlaneDown"

// killLeader kills the operator replica that leads, and waits until another does.
func (r *run) killLeader(ctx context.Context) error {
	before, err := r.leader(ctx)
	if err != nil {
		return err
	}
	pods, err := r.operators(ctx)
	if err != nil {
		return err
	}
	for _, p := range pods {
		if !leads(before, p.Name) {
			continue
		}
		if err := r.stage.KillPod(p.Spec.NodeName, p.Namespace, p.Name); err != nil {
			return err
		}
		r.out.Kills++
		at := time.Now()
		err := await.Until(ctx, time.Minute, 200*time.Millisecond, "another operator replica to lead", func(ctx context.Context) error {
			now, err := r.leader(ctx)
			if err != nil {
				return err
			}
			if now == "" || now == before {
				return errors.New("the one that was killed has the Lease")
			}
			return nil
		})
		r.Logf("killed %s, which led; another leads after %.1f s", p.Name, time.Since(at).Seconds())
		return err
	}
	return fmt.Errorf("no pod of Evenkeel is %s, which leads", before)
}

// leads tells whether the holder of the Lease, a host's name with an ending, is a pod.
func leads(holder, pod string) bool {
	return len(holder) > len(pod) && holder[:len(pod)] == pod && holder[len(pod)] == '_'
}

// leader is who leads.
func (r *run) leader(ctx context.Context) (string, error) {
	lease, err := r.host.CoordinationV1().Leases(stage.SystemNamespace).Get(ctx, "evenkeel-operator", metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("reading who leads: %w", err)
	}
	if lease.Spec.HolderIdentity == nil {
		return "", nil
	}
	return *lease.Spec.HolderIdentity, nil
}

// operators are Evenkeel's pods.
func (r *run) operators(ctx context.Context) ([]corev1.Pod, error) {
	pods, err := r.host.CoreV1().Pods(stage.SystemNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=evenkeel"})
	if err != nil {
		return nil, fmt.Errorf("listing the pods of Evenkeel: %w", err)
	}
	return pods.Items, nil
}
