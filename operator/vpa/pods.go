// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// selector finds how a target selects its pods; unsupported says why it cannot be found.
func (r *Recommender) selector(ctx context.Context, o *vpav1.VerticalPodAutoscaler) (s labels.Selector, unsupported string, err error) {
	ref := o.Spec.TargetRef
	if ref == nil {
		return nil, "it names no target", nil
	}
	key := client.ObjectKey{Namespace: o.Namespace, Name: ref.Name}
	var by *metav1.LabelSelector
	switch ref.Kind {
	case "Deployment":
		var w appsv1.Deployment
		err = r.Client.Get(ctx, key, &w)
		by = w.Spec.Selector
	case "StatefulSet":
		var w appsv1.StatefulSet
		err = r.Client.Get(ctx, key, &w)
		by = w.Spec.Selector
	case "DaemonSet":
		var w appsv1.DaemonSet
		err = r.Client.Get(ctx, key, &w)
		by = w.Spec.Selector
	default:
		return nil, fmt.Sprintf("its target is a %s: Deployments, StatefulSets and DaemonSets are known", ref.Kind), nil
	}
	switch {
	case apierrors.IsNotFound(err):
		return nil, fmt.Sprintf("there is no %s %s", ref.Kind, ref.Name), nil
	case err != nil:
		return nil, "", fmt.Errorf("reading %s %s/%s: %w", ref.Kind, key.Namespace, key.Name, err)
	}
	s, err = metav1.LabelSelectorAsSelector(by)
	if err != nil {
		return nil, fmt.Sprintf("the selector of %s %s cannot be read: %v", ref.Kind, ref.Name, err), nil
	}
	return s, "", nil
}

// byNamespace are the pods that run, by their namespaces.
func (r *Recommender) byNamespace(ctx context.Context) (map[string][]*corev1.Pod, error) {
	var pods corev1.PodList
	if err := r.Client.List(ctx, &pods, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing pods: %w", err)
	}
	all := map[string][]*corev1.Pod{}
	for i := range pods.Items {
		if p := &pods.Items[i]; p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp.IsZero() {
			all[p.Namespace] = append(all[p.Namespace], p)
		}
	}
	return all, nil
}

// seen is a pod with what its containers used.
func (r *Recommender) seen(p *corev1.Pod) Pod {
	out := Pod{UID: string(p.UID)}
	for i := range p.Spec.Containers {
		spec := &p.Spec.Containers[i]
		c := Container{Name: spec.Name}
		if used, ok := r.Usage.Of(p.Namespace, p.Name, spec.Name); ok {
			c.Used = used
		}
		for j := range p.Status.ContainerStatuses {
			if s := &p.Status.ContainerStatuses[j]; s.Name == spec.Name && s.LastTerminationState.Terminated != nil && s.LastTerminationState.Terminated.Reason == "OOMKilled" {
				had := spec.Resources.Requests.Memory().AsApproximateFloat64()
				c.Killed, c.Had = s.LastTerminationState.Terminated.FinishedAt.Time, max(had, spec.Resources.Limits.Memory().AsApproximateFloat64())
			}
		}
		out.Containers = append(out.Containers, c)
	}
	return out
}
