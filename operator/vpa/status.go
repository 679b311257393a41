// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"math"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// status is what a VerticalPodAutoscaler should say.
func (k *known) status(now time.Time, t Target) (s vpav1.VerticalPodAutoscalerStatus) {
	running := map[string]bool{}
	for _, p := range t.Pods {
		for _, c := range p.Containers {
			running[c.Name] = true
		}
	}
	var all []vpav1.RecommendedContainerResources
	for i := range k.containers {
		n := &k.containers[i]
		// While no pod is seen, what was learnt of all stands.
		if off(t.Object, n.name) || len(running) > 0 && !running[n.name] {
			continue
		}
		if r, ok := n.recommend(now, policy(t.Object, n.name)); ok {
			all = append(all, r)
		}
	}
	if len(all) > 0 {
		s.Recommendation = &vpav1.RecommendedPodResources{ContainerRecommendations: all}
	}
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
		s.Conditions = append(s.Conditions, c)
	}
	switch {
	case t.Unsupported != "":
		set(vpav1.ConfigUnsupported, true, "TargetUnknown", t.Unsupported)
	case len(t.Pods) == 0:
		set(vpav1.NoPodsMatched, true, "NoPodsMatched", "no pod of the target runs: what was learnt before is kept")
	}
	set(vpav1.RecommendationProvided, len(all) > 0, "", "")
	return s
}

// recommend is what a container should request, within its policy.
func (n *named) recommend(now time.Time, p *vpav1.ContainerResourcePolicy) (r vpav1.RecommendedContainerResources, ok bool) {
	cpuBounds, memoryBounds := bounds(p, corev1.ResourceCPU), bounds(p, corev1.ResourceMemory)
	cpu, known := n.kept.CPU.Recommend(now, sizing.Unit(sizing.CPU), cpuBounds)
	memory, also := n.kept.Memory.Recommend(now, sizing.Unit(sizing.Memory), memoryBounds)
	if !known || !also {
		return r, false
	}
	k := &n.kept.Requests
	k.CPU, k.Memory = sizing.Both(k.CPU, k.Memory, cpu, memory, now)
	r = vpav1.RecommendedContainerResources{
		ContainerName:  n.name,
		Target:         list(k.CPU.Request, k.Memory.Request),
		LowerBound:     list(min(cpu.Lower, k.CPU.Request), min(memory.Lower, k.Memory.Request)),
		UpperBound:     list(max(cpu.Upper, k.CPU.Request), max(memory.Upper, k.Memory.Request)),
		UncappedTarget: list(cpu.Uncapped, memory.Uncapped),
	}
	if p != nil && p.ControlledResources != nil {
		for _, l := range []corev1.ResourceList{r.Target, r.LowerBound, r.UpperBound, r.UncappedTarget} {
			for _, kind := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				if !slices.Contains(*p.ControlledResources, kind) {
					delete(l, kind)
				}
			}
		}
	}
	return r, len(r.Target) > 0
}

func list(cpu, memory float64) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(int64(math.Round(1000*sizing.Round(sizing.CPU, cpu))), resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(int64(sizing.Round(sizing.Memory, memory)), resource.BinarySI),
	}
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

// moved is by how much a bound must move, in parts of it, to be written for its own sake.
const moved = 0.05

// Changed tells whether a status is worth a write: another target, another condition, or
// bounds that have moved.
func Changed(was, now *vpav1.VerticalPodAutoscalerStatus) bool {
	if !slices.EqualFunc(was.Conditions, now.Conditions, func(a, b vpav1.VerticalPodAutoscalerCondition) bool {
		return a.Type == b.Type && a.Status == b.Status && a.Reason == b.Reason && a.Message == b.Message
	}) {
		return true
	}
	if was.Recommendation == nil || now.Recommendation == nil {
		return was.Recommendation != now.Recommendation
	}
	return !slices.EqualFunc(was.Recommendation.ContainerRecommendations, now.Recommendation.ContainerRecommendations, func(a, b vpav1.RecommendedContainerResources) bool {
		return a.ContainerName == b.ContainerName && near(a.Target, b.Target, 0) &&
			near(a.LowerBound, b.LowerBound, moved) && near(a.UpperBound, b.UpperBound, moved)
	})
}

func near(a, b corev1.ResourceList, part float64) bool {
	if len(a) != len(b) {
		return false
	}
	for kind, x := range a {
		y := b[kind]
		if difference := math.Abs(x.AsApproximateFloat64() - y.AsApproximateFloat64()); difference > part*max(x.AsApproximateFloat64(), y.AsApproximateFloat64()) {
			return false
		}
	}
	return true
}
