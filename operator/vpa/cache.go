// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// CacheOptions have the recommender's cache keep of each object what is looked at.
func CacheOptions() cache.Options {
	return cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Pod{}:                  {Transform: Slim},
			&appsv1.Deployment{}:           {Transform: Slim},
			&appsv1.StatefulSet{}:          {Transform: Slim},
			&appsv1.DaemonSet{}:            {Transform: Slim},
			&vpav1.VerticalPodAutoscaler{}: {Transform: Slim},
		},
	}
}

// Slim drops from an object what no loop reads. Of a recommendation it keeps that there is
// one: what it says is in the Fleet, in numbers.
func Slim(object any) (any, error) {
	switch o := object.(type) {
	case *corev1.Pod:
		o.ManagedFields, o.Annotations, o.OwnerReferences = nil, nil, nil
		containers := make([]corev1.Container, 0, len(o.Spec.Containers))
		for _, c := range o.Spec.Containers {
			containers = append(containers, corev1.Container{Name: c.Name, Resources: c.Resources})
		}
		o.Spec = corev1.PodSpec{Containers: containers}
		statuses := make([]corev1.ContainerStatus, 0, len(o.Status.ContainerStatuses))
		for _, s := range o.Status.ContainerStatuses {
			if s.LastTerminationState.Terminated != nil {
				statuses = append(statuses, corev1.ContainerStatus{Name: s.Name, LastTerminationState: s.LastTerminationState})
			}
		}
		o.Status = corev1.PodStatus{Phase: o.Status.Phase, ContainerStatuses: statuses}
	case *vpav1.VerticalPodAutoscaler:
		o.ManagedFields = nil
		if o.Status.Recommendation != nil {
			o.Status.Recommendation = &vpav1.RecommendedPodResources{}
		}
	case *appsv1.Deployment:
		o.ManagedFields, o.Annotations = nil, nil
		o.Spec, o.Status = appsv1.DeploymentSpec{Selector: o.Spec.Selector}, appsv1.DeploymentStatus{}
	case *appsv1.StatefulSet:
		o.ManagedFields, o.Annotations = nil, nil
		o.Spec, o.Status = appsv1.StatefulSetSpec{Selector: o.Spec.Selector}, appsv1.StatefulSetStatus{}
	case *appsv1.DaemonSet:
		o.ManagedFields, o.Annotations = nil, nil
		o.Spec, o.Status = appsv1.DaemonSetSpec{Selector: o.Spec.Selector}, appsv1.DaemonSetStatus{}
	}
	return object, nil
}
