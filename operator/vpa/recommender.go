// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/learnt"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// saveEvery is how often what was learnt of a namespace is written down.
	saveEvery = time.Hour
	// saveWithin bounds the writing down when the process ends.
	saveWithin = 10 * time.Second
	// awaitEvery is how often is looked whether the API knows VerticalPodAutoscalers.
	awaitEvery = 10 * time.Second
)

// Usage tells what a pod's container used last. It is usage.Reader.
type Usage interface {
	Of(namespace, pod, container string) (sizing.Usage, bool)
	Fault() *plane.Fault
}

// Recommender recommends for every VerticalPodAutoscaler that asks for it.
type Recommender struct {
	// Client reads from a cache and writes; Host reads the API itself.
	Client client.Client
	Host   client.Reader
	Usage  Usage
	// Name is what VerticalPodAutoscalers have in spec.recommenders.
	Name string
	// Interval is the time between two loops.
	Interval time.Duration
	Now      func() time.Time

	fleet *Fleet
	// saved is when each namespace was last written down.
	saved map[string]time.Time
}

// Start recommends until ctx ends. It is a Runnable of a manager that needs leadership.
func (r *Recommender) Start(ctx context.Context) error {
	r.fleet, r.saved = NewFleet(), map[string]time.Time{}
	if !r.await(ctx) {
		return nil
	}
	if err := r.restore(ctx); err != nil {
		return err
	}
	every := time.NewTicker(r.Interval)
	defer every.Stop()
	for {
		if err := r.loop(ctx); err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "A loop over all VerticalPodAutoscalers ended early; the next makes up for it")
		}
		select {
		case <-ctx.Done():
			return r.saveAll()
		case <-every.C:
		}
	}
}

// await waits until the API knows VerticalPodAutoscalers; false when ctx ended before.
func (r *Recommender) await(ctx context.Context) bool {
	every := time.NewTicker(awaitEvery)
	defer every.Stop()
	told := false
	for {
		err := r.Host.List(ctx, &vpav1.VerticalPodAutoscalerList{}, client.Limit(1))
		if err == nil {
			return true
		}
		if unknown := meta.IsNoMatchError(err) || apierrors.IsNotFound(err); !told {
			told = true
			log.FromContext(ctx).Error(err, "VerticalPodAutoscalers cannot be listed; waiting", "apiUnknown", unknown)
		}
		select {
		case <-ctx.Done():
			return false
		case <-every.C:
		}
	}
}

func (r *Recommender) restore(ctx context.Context) error {
	var kept v1alpha1.UsageHistoryList
	if err := r.Host.List(ctx, &kept); err != nil {
		return fmt.Errorf("reading what was learnt before: %w", err)
	}
	if err := r.fleet.Restore(r.Now(), kept.Items); err != nil {
		log.FromContext(ctx).Error(err, "Something of what was learnt before is learnt anew")
	}
	for _, ns := range r.fleet.Namespaces() {
		r.saved[ns] = r.first(ns)
	}
	return r.told(ctx)
}

// told reads what every VerticalPodAutoscaler says: the cache does not keep that.
func (r *Recommender) told(ctx context.Context) error {
	page := vpav1.VerticalPodAutoscalerList{}
	for {
		if err := r.Host.List(ctx, &page, client.Limit(mostVPAs), client.Continue(page.Continue)); err != nil {
			return fmt.Errorf("reading what VerticalPodAutoscalers say: %w", err)
		}
		for i := range page.Items {
			if o := &page.Items[i]; r.ours(o) {
				r.fleet.Told(r.Now(), o, &o.Status)
			}
		}
		if page.Continue == "" {
			return nil
		}
	}
}

// first spreads the first writes of all namespaces over an hour.
func (r *Recommender) first(namespace string) time.Time {
	h := fnv.New32a()
	_, _ = h.Write([]byte(namespace))
	return r.Now().Add(-time.Duration(h.Sum32()) % saveEvery)
}

// loop takes every VerticalPodAutoscaler once.
func (r *Recommender) loop(ctx context.Context) error {
	var all vpav1.VerticalPodAutoscalerList
	if err := r.Client.List(ctx, &all, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing VerticalPodAutoscalers: %w", err)
	}
	pods, err := r.byNamespace(ctx)
	if err != nil {
		return err
	}
	for i := range all.Items {
		if o := &all.Items[i]; r.ours(o) {
			if err := r.take(ctx, o, pods[o.Namespace]); err != nil {
				log.FromContext(ctx).Error(err, "A VerticalPodAutoscaler is left as it was")
			}
		}
	}
	r.fleet.Forget(r.Now())
	return r.save(ctx)
}

// ours tells whether a VerticalPodAutoscaler asks for this recommender. One of a
// ControlPlaneProfile's is written by the operator.
func (r *Recommender) ours(o *vpav1.VerticalPodAutoscaler) bool {
	_, profiles := o.Annotations[v1alpha1.OwnerAnnotation]
	return !profiles && len(o.Spec.Recommenders) == 1 && o.Spec.Recommenders[0].Name == r.Name
}

func (r *Recommender) take(ctx context.Context, o *vpav1.VerticalPodAutoscaler, pods []*corev1.Pod) error {
	t := Target{Object: o}
	selector, unsupported, err := r.selector(ctx, o)
	if err != nil {
		return err
	}
	if t.Unsupported = unsupported; unsupported == "" {
		for _, p := range pods {
			if selector.Matches(labels.Set(p.Labels)) {
				t.Pods = append(t.Pods, r.seen(p))
			}
		}
	}
	if !r.fleet.Take(r.Now(), t) {
		return nil
	}
	status := r.fleet.Status(r.Now(), t)
	if err := Write(ctx, r.Client, o, status); err != nil {
		return err
	}
	r.fleet.Told(r.Now(), o, &status)
	return nil
}

// Write writes the status of a VerticalPodAutoscaler.
func Write(ctx context.Context, c client.Client, o *vpav1.VerticalPodAutoscaler, status vpav1.VerticalPodAutoscalerStatus) error {
	after := o.DeepCopy()
	after.Status = status
	after.Status.ObservedGeneration = &o.Generation
	if err := c.Status().Patch(ctx, after, client.MergeFrom(o)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing the status of VerticalPodAutoscaler %s/%s: %w", o.Namespace, o.Name, err)
	}
	return nil
}

// save writes down what is due; the rest of an hour's writes comes with later loops.
func (r *Recommender) save(ctx context.Context) error {
	due := map[string]bool{}
	for _, ns := range r.fleet.Namespaces() {
		if _, known := r.saved[ns]; !known {
			r.saved[ns] = r.first(ns)
		}
		if r.Now().Sub(r.saved[ns]) >= saveEvery {
			due[ns] = true
		}
	}
	return r.write(ctx, due)
}

// saveAll writes all down, as the process ends or another one leads.
func (r *Recommender) saveAll() error {
	ctx, cancel := context.WithTimeout(context.Background(), saveWithin)
	defer cancel()
	all := map[string]bool{}
	for _, ns := range r.fleet.Namespaces() {
		all[ns] = true
	}
	return r.write(ctx, all)
}

func (r *Recommender) write(ctx context.Context, namespaces map[string]bool) error {
	if len(namespaces) == 0 {
		return nil
	}
	all, err := r.fleet.Save(r.Now(), namespaces)
	if err != nil {
		log.FromContext(ctx).Error(err, "Something that was learnt is not kept")
	}
	for ns, h := range all {
		r.saved[ns] = r.Now()
		if err := learnt.Put(ctx, r.Client, r.Host, h); err != nil {
			return err
		}
	}
	return nil
}
