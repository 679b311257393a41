// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/inflight"
	"evenkeel.dev/evenkeel/operator/observe"
)

// resolve finds the apiservers' pods and where they run.
func (p *pass) resolve(ctx context.Context) error {
	pods, w, err := p.pods(ctx, "apiServer.targetRef", p.cpp.Spec.APIServer.TargetRef)
	if err != nil {
		return err
	}
	p.workloadNow = w
	p.status.ReadyReplicas, p.status.Size = 0, ""
	for i := range pods {
		pod := &pods[i]
		if !runs(pod) {
			continue
		}
		target, err := p.target(ctx, pod)
		if err != nil {
			return err
		}
		if target.Ready {
			p.status.ReadyReplicas++
		}
		p.targets = append(p.targets, target)
	}
	return nil
}

// workload is what is needed of one to find its pods: its selector, how many there are to
// be, and of a StatefulSet the number of the first. changed is another
// text whenever anything of it has changed, written is true when Evenkeel has
// written its flags, and rolling while its pods are being replaced by those of another
// template.
type workload struct {
	selector        *metav1.LabelSelector
	replicas, first int32
	changed         string
	written         bool
	rolling         bool
	// controller is what controls the workload; nil while nothing does.
	controller *metav1.OwnerReference
}

// pods are those of the workload that a field of the profile refers to, in any phase,
// and none that only look like them.
func (p *pass) pods(ctx context.Context, field string, ref v1alpha1.TargetRef) ([]corev1.Pod, workload, error) {
	w, err := p.workload(ctx, field, ref)
	if err != nil {
		return nil, w, err
	}
	parsed, err := metav1.LabelSelectorAsSelector(w.selector)
	if err != nil {
		return nil, w, fault(v1alpha1.ReasonTargetInvalid, "the selector of %s cannot be read: %v", nameOf(ref), err)
	}
	var pods corev1.PodList
	if err := p.r.Client.List(ctx, &pods, client.InNamespace(p.cpp.Namespace), client.MatchingLabelsSelector{Selector: parsed}); err != nil {
		return nil, w, fmt.Errorf("listing the pods of %s: %w", nameOf(ref), err)
	}
	return slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool { return !owns(ref, &pod) }), w, nil
}

// workload reads what a field of the profile refers to.
func (p *pass) workload(ctx context.Context, field string, ref v1alpha1.TargetRef) (w workload, err error) {
	key := client.ObjectKey{Namespace: p.cpp.Namespace, Name: ref.Name}
	switch ref.Kind {
	case "Deployment":
		var d appsv1.Deployment
		err = p.r.Client.Get(ctx, key, &d)
		w = workload{selector: d.Spec.Selector, replicas: ptr.Deref(d.Spec.Replicas, 1)}
		w.follow(&d)
	case "StatefulSet":
		var s appsv1.StatefulSet
		err = p.r.Client.Get(ctx, key, &s)
		w = workload{selector: s.Spec.Selector, replicas: ptr.Deref(s.Spec.Replicas, 1)}
		w.follow(&s)
		if s.Spec.Ordinals != nil {
			w.first = s.Spec.Ordinals.Start
		}
	default:
		return w, fault(v1alpha1.ReasonTargetInvalid, "%s names a %s: only Deployments and StatefulSets are known", field, ref.Kind)
	}
	switch {
	case apierrors.IsNotFound(err):
		return w, fault(v1alpha1.ReasonTargetNotFound, "there is no %s in namespace %s: create it, or correct %s", nameOf(ref), p.cpp.Namespace, field)
	case err != nil:
		return w, fmt.Errorf("reading %s in namespace %s: %w", nameOf(ref), p.cpp.Namespace, err)
	default:
		return w, nil
	}
}

// follow takes of an object what tells whether its flags are to be looked at, and whether
// anything may be done to its pods.
func (w *workload) follow(o client.Object) {
	w.changed = string(o.GetUID()) + "/" + o.GetResourceVersion()
	_, w.written = o.GetAnnotations()[v1alpha1.OriginalAnnotation]
	w.controller, w.rolling = metav1.GetControllerOf(o), inflight.UnderWay(o)
}

func (p *pass) targetName() string { return nameOf(p.cpp.Spec.APIServer.TargetRef) }

func nameOf(ref v1alpha1.TargetRef) string { return ref.Kind + " " + ref.Name }

// owns tells whether a pod that a workload's selector matches is one of its own.
func owns(ref v1alpha1.TargetRef, pod *corev1.Pod) bool {
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return false
	}
	if ref.Kind == "StatefulSet" {
		return owner.Kind == "StatefulSet" && owner.Name == ref.Name
	}
	hash := pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	return owner.Kind == "ReplicaSet" && owner.Name == ref.Name+"-"+hash
}

// runs tells whether a pod runs and has an address.
func runs(pod *corev1.Pod) bool {
	return pod.Status.PodIP != "" && pod.Status.Phase == corev1.PodRunning
}

// target is a pod as a replica to look at.
func (p *pass) target(ctx context.Context, pod *corev1.Pod) (observe.Target, error) {
	name := p.cpp.Spec.APIServer.Container
	i := slices.IndexFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == name })
	if i < 0 {
		return observe.Target{}, fault(v1alpha1.ReasonTargetInvalid, "pod %s has no container named %s: correct apiServer.container", pod.Name, name)
	}
	container := pod.Spec.Containers[i]
	arguments := slices.Concat(container.Command, container.Args)
	p.arguments = append(p.arguments, arguments)
	if p.status.Size == "" {
		p.status.Size = container.Resources.Requests.Cpu().String() + "/" + container.Resources.Requests.Memory().String()
	}
	zone, err := p.zone(ctx, pod.Spec.NodeName)
	if err != nil {
		return observe.Target{}, err
	}
	return observe.Target{
		Name: pod.Name, UID: string(pod.UID), Zone: zone, Ready: ready(pod) && pod.DeletionTimestamp.IsZero(), Ending: !pod.DeletionTimestamp.IsZero(),
		Address:     net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(int(p.cpp.Spec.APIServer.Port))),
		Ceiling:     inflight.Ceiling(arguments),
		CPULimit:    container.Resources.Limits.Cpu().AsApproximateFloat64(),
		MemoryLimit: container.Resources.Limits.Memory().AsApproximateFloat64(),
	}, nil
}

// zone is the zone of a node; empty when the node has none or is gone.
func (p *pass) zone(ctx context.Context, node string) (string, error) {
	var n corev1.Node
	if err := p.r.Client.Get(ctx, client.ObjectKey{Name: node}, &n); client.IgnoreNotFound(err) != nil {
		return "", fmt.Errorf("reading node %s: %w", node, err)
	}
	return n.Labels[corev1.LabelTopologyZone], nil
}

func ready(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
