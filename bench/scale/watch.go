// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/evenkeel/bench/stage"
)

// watcher sees from outside what is in force.
type watcher struct {
	host kubernetes.Interface

	mu   sync.Mutex
	seen []Capacity
}

// run looks once a second, until ctx ends. A look that fails is left out: the next sees
// what it missed, a second later.
func (w *watcher) run(ctx context.Context) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		pods, err := w.host.CoreV1().Pods(stage.TenantNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + workload})
		if err == nil {
			c := capacityOf(pods.Items, time.Now())
			w.mu.Lock()
			w.seen = append(w.seen, c)
			w.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

// all is what has been seen so far.
func (w *watcher) all() []Capacity {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Capacity(nil), w.seen...)
}

// capacityOf adds up the limits of the replicas that are ready and not about to go, as
// their nodes tell of what their containers run with.
func capacityOf(pods []corev1.Pod, now time.Time) Capacity {
	c := Capacity{At: now}
	for i := range pods {
		p := &pods[i]
		if p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodFailed {
			continue
		}
		c.All++
		limit := inForce(p)
		c.Largest = max(c.Largest, limit)
		for _, condition := range p.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				c.Ready++
				c.Cores += limit
			}
		}
	}
	return c
}

// inForce is the CPU limit of a pod's container in cores, 0 where its node has not told.
func inForce(p *corev1.Pod) float64 {
	for _, s := range p.Status.ContainerStatuses {
		if s.Name == workload && s.Resources != nil {
			return float64(s.Resources.Limits.Cpu().MilliValue()) / 1000
		}
	}
	return 0
}
