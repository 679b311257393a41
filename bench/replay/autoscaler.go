// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"fmt"
	"sync"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	ktesting "k8s.io/client-go/testing"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
)

const (
	namespace  = "tenant"
	workload   = "kube-apiserver"
	container  = "kube-apiserver"
	autoscaler = "kube-apiserver"
)

// The controller-manager's defaults (pkg/controller/podautoscaler/config/v1alpha1).
const (
	syncPeriod       = 15 * time.Second
	stabilization    = 5 * time.Minute
	tolerance        = 0.1
	cpuInitial       = 5 * time.Minute
	initialReadiness = 30 * time.Second
	workers          = 5
	resync           = 12 * time.Hour
)

// upstream is upstream's controller of HorizontalPodAutoscalers as the controller-manager
// runs it, with an API of its own in memory.
type upstream struct {
	client *fake.Clientset
	pods   *podWriter
	stop   func()
}

// startUpstream starts the controller on a plant. All of it must start and end in one
// bubble of time.
func startUpstream(ctx context.Context, p *plant, hpa *autoscalingv2.HorizontalPodAutoscaler) (*upstream, error) {
	ctx, cancel := context.WithCancel(ctx)
	u := &upstream{client: fake.NewClientset()}
	u.client.PrependReactor("update", "horizontalpodautoscalers", u.statusAlone)
	u.pods = &podWriter{client: u.client, written: map[string]podState{}}
	if _, err := u.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Create(ctx, hpa, metav1.CreateOptions{}); err != nil {
		cancel()
		return nil, fmt.Errorf("creating the HorizontalPodAutoscaler: %w", err)
	}
	if err := u.pods.write(ctx, p); err != nil {
		cancel()
		return nil, err
	}
	factory := informers.NewSharedInformerFactory(u.client, resync)
	apps := schema.GroupVersion{Group: "apps", Version: "v1"}
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{apps})
	mapper.Add(apps.WithKind("Deployment"), meta.RESTScopeNamespace)
	controller := podautoscaler.NewHorizontalController(ctx, u.client.CoreV1(), scales{p}, u.client.AutoscalingV2(), mapper,
		usage{p}, factory.Autoscaling().V2().HorizontalPodAutoscalers(), factory.Core().V1().Pods(),
		syncPeriod, stabilization, tolerance, cpuInitial, initialReadiness)
	factory.Start(ctx.Done())
	var wg sync.WaitGroup
	wg.Go(func() { controller.Run(ctx, workers) })
	u.stop = func() {
		cancel()
		wg.Wait()
		factory.Shutdown()
	}
	return u, nil
}

// statusAlone has an update of the status change the status and nothing else, as an
// apiserver does and the client in memory does not: the floor is written meanwhile.
func (u *upstream) statusAlone(action ktesting.Action) (bool, runtime.Object, error) {
	update, ok := action.(ktesting.UpdateAction)
	if !ok || action.GetSubresource() != "status" {
		return false, nil, nil
	}
	told, ok := update.GetObject().(*autoscalingv2.HorizontalPodAutoscaler)
	if !ok {
		return false, nil, nil
	}
	is, err := u.client.Tracker().Get(action.GetResource(), action.GetNamespace(), told.Name)
	if err != nil {
		return true, nil, fmt.Errorf("reading the HorizontalPodAutoscaler: %w", err)
	}
	held, ok := is.(*autoscalingv2.HorizontalPodAutoscaler)
	if !ok {
		return false, nil, nil
	}
	held = held.DeepCopy()
	held.Status = told.Status
	return true, held, u.client.Tracker().Update(action.GetResource(), held, action.GetNamespace())
}

// seen is the autoscaler as the API holds it.
func (u *upstream) seen(ctx context.Context) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	hpa, err := u.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(ctx, autoscaler, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the HorizontalPodAutoscaler: %w", err)
	}
	u.client.ClearActions() // it keeps every one, and a day has many
	return hpa, nil
}

// setFloor writes minReplicas.
func (u *upstream) setFloor(ctx context.Context, to int) error {
	hpa, err := u.seen(ctx)
	if err != nil {
		return err
	}
	hpa.Spec.MinReplicas = new(int32(to)) //nolint:gosec // a handful
	if _, err := u.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Update(ctx, hpa, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("writing minReplicas: %w", err)
	}
	return nil
}
