// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
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
	// fault is what was last said of why it is not known what pods use.
	fault string
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
			return r.saveLast()
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
	fault := r.usageFault(ctx)
	for i := range all.Items {
		if o := &all.Items[i]; r.ours(o) {
			if err := r.take(ctx, o, pods[o.Namespace], fault); err != nil {
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

// usageFault is why it is not known what pods use; each one is said once.
func (r *Recommender) usageFault(ctx context.Context) *plane.Fault {
	f, said := r.Usage.Fault(), ""
	if f != nil {
		said = f.Message
	}
	if said != r.fault && f != nil {
		log.FromContext(ctx).Info("It is not known what pods use: no target is lowered", "reason", f.Reason, "message", f.Message)
	}
	r.fault = said
	return f
}

func (r *Recommender) take(ctx context.Context, o *vpav1.VerticalPodAutoscaler, pods []*corev1.Pod, fault *plane.Fault) error {
	if err := r.hear(ctx, o); err != nil {
		return err
	}
	t := Target{Object: o, UsageFault: fault}
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

// hear reads what a VerticalPodAutoscaler says that has asked for another recommender
// until now: it is a size as good as one's own.
func (r *Recommender) hear(ctx context.Context, o *vpav1.VerticalPodAutoscaler) error {
	if o.Status.Recommendation == nil || r.fleet.Heard(o) {
		return nil
	}
	var is vpav1.VerticalPodAutoscaler
	if err := r.Host.Get(ctx, client.ObjectKeyFromObject(o), &is); err != nil {
		return fmt.Errorf("reading what VerticalPodAutoscaler %s/%s says: %w", o.Namespace, o.Name, err)
	}
	r.fleet.Told(r.Now(), &is, &is.Status)
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
