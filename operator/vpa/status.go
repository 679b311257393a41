// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// status is what a VerticalPodAutoscaler should say.
func (k *known) status(now time.Time, t Target) (s vpav1.VerticalPodAutoscalerStatus) {
	var all []vpav1.RecommendedContainerResources
	for i := range k.containers {
		if r, ok := k.recommend(now, t, &k.containers[i]); ok {
			all = append(all, r.of(k.containers[i].name))
		}
	}
	if len(all) > 0 {
		s.Recommendation = &vpav1.RecommendedPodResources{ContainerRecommendations: all}
	}
	s.Conditions = conditions(now, t, len(all) > 0)
	return s
}

// due tells whether the status is worth a write: another target, another condition, or
// bounds that have moved.
func (k *known) due(now time.Time, t Target) bool {
	moved, any := false, false
	for i := range k.containers {
		r, ok := k.recommend(now, t, &k.containers[i])
		moved, any = moved || !k.containers[i].told.near(r), any || ok
	}
	return moved || any != (t.Object.Status.Recommendation != nil) || !alike(t.Object.Status.Conditions, conditions(now, t, any))
}

// conditions are those of a target, which tell since when they are so.
func conditions(now time.Time, t Target, recommended bool) (all []vpav1.VerticalPodAutoscalerCondition) {
	set := func(kind vpav1.VerticalPodAutoscalerConditionType, is bool, reason, message string) {
		c := vpav1.VerticalPodAutoscalerCondition{Type: kind, Status: corev1.ConditionFalse, Reason: reason, Message: message, LastTransitionTime: metav1.NewTime(now.Truncate(time.Second))}
		if is {
			c.Status = corev1.ConditionTrue
		}
		for _, was := range t.Object.Status.Conditions {
			if was.Type == kind && was.Status == c.Status {
				c.LastTransitionTime = was.LastTransitionTime
			}
		}
		all = append(all, c)
	}
	switch {
	case t.Unsupported != "":
		set(vpav1.ConfigUnsupported, true, "TargetUnknown", t.Unsupported)
	case len(t.Pods) == 0:
		set(vpav1.NoPodsMatched, true, "NoPodsMatched", "no pod of the target runs: what was learnt before is kept")
	}
	set(vpav1.RecommendationProvided, recommended, "", "")
	return all
}

// recommend is what a container should request, within its policy. While no pod is seen,
// what was learnt of all stands.
func (k *known) recommend(now time.Time, t Target, n *named) (r recommendation, ok bool) {
	if off(t.Object, n.name) || len(t.Pods) > 0 && !runs(t.Pods, n.name) {
		return r, false
	}
	p := policy(t.Object, n.name)
	cpu, known := n.kept.CPU.Recommend(now, sizing.Unit(sizing.CPU), bounds(p, corev1.ResourceCPU))
	memory, also := n.kept.Memory.Recommend(now, sizing.Unit(sizing.Memory), bounds(p, corev1.ResourceMemory))
	if !known || !also {
		return r, false
	}
	q := &n.kept.Requests
	q.CPU, q.Memory = sizing.Both(q.CPU, q.Memory, cpu, memory, now)
	if controls(p, corev1.ResourceCPU) {
		r.target.cpu, r.uncapped.cpu = q.CPU.Request, cpu.Uncapped
		r.lower.cpu, r.upper.cpu = min(cpu.Lower, q.CPU.Request), max(cpu.Upper, q.CPU.Request)
	}
	if controls(p, corev1.ResourceMemory) {
		r.target.memory, r.uncapped.memory = q.Memory.Request, memory.Uncapped
		r.lower.memory, r.upper.memory = min(memory.Lower, q.Memory.Request), max(memory.Upper, q.Memory.Request)
	}
	return r, r.target != amounts{}
}

func runs(pods []Pod, container string) bool {
	return slices.ContainsFunc(pods, func(p Pod) bool {
		return slices.ContainsFunc(p.Containers, func(c Container) bool { return c.Name == container })
	})
}

// policy is that of a container: its own, or that of all.
func policy(o *vpav1.VerticalPodAutoscaler, container string) (p *vpav1.ContainerResourcePolicy) {
	if o.Spec.ResourcePolicy == nil {
		return nil
	}
	for i := range o.Spec.ResourcePolicy.ContainerPolicies {
		switch one := &o.Spec.ResourcePolicy.ContainerPolicies[i]; one.ContainerName {
		case container:
			return one
		case vpav1.DefaultContainerResourcePolicy:
			p = one
		}
	}
	return p
}

func off(o *vpav1.VerticalPodAutoscaler, container string) bool {
	p := policy(o, container)
	return p != nil && p.Mode != nil && *p.Mode == vpav1.ContainerScalingModeOff
}

// bounds are what a policy allows. Of one whose minimum is above its maximum the maximum
// counts, as upstream has it.
func bounds(p *vpav1.ContainerResourcePolicy, kind corev1.ResourceName) (b sizing.Bounds) {
	if p == nil {
		return b
	}
	least, most := p.MinAllowed[kind], p.MaxAllowed[kind]
	b = sizing.Bounds{Least: least.AsApproximateFloat64(), Most: most.AsApproximateFloat64()}
	if b.Most > 0 {
		b.Least = min(b.Least, b.Most)
	}
	return b
}

// controls tells whether a policy leaves a kind to the recommender.
func controls(p *vpav1.ContainerResourcePolicy, kind corev1.ResourceName) bool {
	return p == nil || p.ControlledResources == nil || slices.Contains(*p.ControlledResources, kind)
}
