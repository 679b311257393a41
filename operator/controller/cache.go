// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// CacheOptions have the operator's cache keep of each object what is looked at: a
// host cluster has thousands, and the operator is to be small.
func CacheOptions() cache.Options {
	return cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Pod{}:                   {Transform: slim},
			&corev1.Node{}:                  {Transform: slim},
			&appsv1.Deployment{}:            {Transform: slim},
			&appsv1.StatefulSet{}:           {Transform: slim},
			&policyv1.PodDisruptionBudget{}: {Transform: slim},
			&corev1.Service{}:               {Transform: slim},
		},
	}
}

// slim drops from an object what no step of a pass reads.
func slim(object any) (any, error) {
	switch o := object.(type) {
	case *corev1.Pod:
		o.ManagedFields, o.Annotations = nil, nil
		slimPod(&o.Spec)
		o.Status = corev1.PodStatus{
			Phase: o.Status.Phase, PodIP: o.Status.PodIP, Conditions: o.Status.Conditions, QOSClass: o.Status.QOSClass,
			ContainerStatuses: o.Status.ContainerStatuses, ObservedGeneration: o.Status.ObservedGeneration,
		}
	case *corev1.Node:
		o.ManagedFields, o.Annotations = nil, nil
		o.Spec = corev1.NodeSpec{Unschedulable: o.Spec.Unschedulable, Taints: slimTaints(o.Spec.Taints)}
		o.Status = corev1.NodeStatus{Allocatable: o.Status.Allocatable, Conditions: readyAlone(o.Status.Conditions)}
	case *corev1.Service:
		o.ManagedFields, o.Annotations = nil, nil
		o.Spec = corev1.ServiceSpec{Type: o.Spec.Type, ClusterIP: o.Spec.ClusterIP}
		o.Status.Conditions = nil
	case *policyv1.PodDisruptionBudget:
		o.ManagedFields, o.Annotations = nil, nil
		o.Status.DisruptedPods, o.Status.Conditions = nil, nil
	case *appsv1.Deployment:
		o.ManagedFields, o.Annotations = nil, ours(o.Annotations)
		o.Spec.Template = corev1.PodTemplateSpec{}
		o.Status = appsv1.DeploymentStatus{
			ObservedGeneration: o.Status.ObservedGeneration, Replicas: o.Status.Replicas, UpdatedReplicas: o.Status.UpdatedReplicas,
		}
	case *appsv1.StatefulSet:
		o.ManagedFields, o.Annotations = nil, ours(o.Annotations)
		o.Spec.Template, o.Spec.VolumeClaimTemplates = corev1.PodTemplateSpec{}, nil
		o.Status = appsv1.StatefulSetStatus{
			ObservedGeneration: o.Status.ObservedGeneration, Replicas: o.Status.Replicas, UpdatedReplicas: o.Status.UpdatedReplicas,
			CurrentRevision: o.Status.CurrentRevision, UpdateRevision: o.Status.UpdateRevision,
		}
	}
	return object, nil
}

// ours keeps of a workload's annotations the one that Evenkeel writes.
func ours(all map[string]string) map[string]string {
	if value, there := all[v1alpha1.OriginalAnnotation]; there {
		return map[string]string{v1alpha1.OriginalAnnotation: value}
	}
	return nil
}

// slimPod keeps of a pod's spec where it runs and may run and, of each container, what
// tells its ceiling and its size.
func slimPod(spec *corev1.PodSpec) {
	slimmed := corev1.PodSpec{NodeName: spec.NodeName}
	slimPlaces(&slimmed, spec)
	for _, c := range spec.Containers {
		slimmed.Containers = append(slimmed.Containers, corev1.Container{
			Name: c.Name, Command: c.Command, Args: c.Args, Resources: c.Resources,
			ResizePolicy: c.ResizePolicy, Env: goRuntime(c.Env),
		})
	}
	*spec = slimmed
}

// goRuntime keeps of a container's environment what its Go runtime goes by.
func goRuntime(env []corev1.EnvVar) (kept []corev1.EnvVar) {
	for _, e := range env {
		if e.Name == "GOMAXPROCS" || e.Name == "GOMEMLIMIT" {
			kept = append(kept, e)
		}
	}
	return kept
}
