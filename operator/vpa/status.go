// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"k8s.io/utils/ptr"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// blindAfter is how old the last sample of a container may be for its target to be
// lowered.
const blindAfter = 5 * time.Minute

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
	s.Conditions, s.ObservedGeneration = k.conditions(now, t, len(all) > 0), new(t.Object.Generation)
	return s
}

// due tells whether the status is worth a write: another target, another condition, bounds
// that have moved, or a spec that has changed.
func (k *known) due(now time.Time, t Target) bool {
	moved, any := false, false
	for i := range k.containers {
		r, ok := k.recommend(now, t, &k.containers[i])
		moved, any = moved || !k.containers[i].told.near(r), any || ok
	}
	was := t.Object.Status
	return moved || any != (was.Recommendation != nil) || !ptr.Equal(was.ObservedGeneration, &t.Object.Generation) || !alike(was.Conditions, k.conditions(now, t, any))
}

// unseen are the containers that run and have given no sample for a while, or, since they
// are known, none yet.
func (k *known) unseen(now time.Time, t Target) (names []string) {
	if now.Sub(k.since) < blindAfter {
		return nil
	}
	for i := range k.containers {
		if n := &k.containers[i]; n.blind(now) && !off(t.Object, n.name) && runs(t.Pods, n.name) {
			names = append(names, n.name)
		}
	}
	return names
}

func (n *named) blind(now time.Time) bool { return now.Sub(n.kept.Seen()) >= blindAfter }

// noUse is what to do where it is not known what pods use. What the API answers stands in
// the log: it is another text each time.
const noUse = "metrics.k8s.io does not tell what pods use: look whether metrics-server is installed and well"

// conditions are those of a target, which tell since when they are so.
func (k *known) conditions(now time.Time, t Target, recommended bool) (all []vpav1.VerticalPodAutoscalerCondition) {
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
	switch unseen := k.unseen(now, t); {
	case len(unseen) > 0 && t.UsageFault != nil:
		set(vpav1.LowConfidence, true, t.UsageFault.Reason, noUse+". Until it does, nothing is lowered")
	case len(unseen) > 0:
		set(vpav1.LowConfidence, true, "NoSamples", "there are no recent samples of "+strings.Join(unseen, ", ")+": nothing of them is lowered")
	}
	if !recommended && t.UsageFault != nil {
		set(vpav1.RecommendationProvided, false, t.UsageFault.Reason, noUse)
		return all
	}
	set(vpav1.RecommendationProvided, recommended, "", "")
	return all
}

// recommend is what a container should request, within its policy. While no pod is seen,
// what was learnt of all stands; while it is not seen what the container uses, nothing is
// made smaller, and what was told before the first sample stands.
func (k *known) recommend(now time.Time, t Target, n *named) (r recommendation, ok bool) {
	if off(t.Object, n.name) || len(t.Pods) > 0 && !runs(t.Pods, n.name) {
		return r, false
	}
	p := policy(t.Object, n.name)
	cpu, known := n.kept.CPU.Recommend(now, sizing.Unit(sizing.CPU), bounds(p, corev1.ResourceCPU))
	memory, also := n.kept.Memory.Recommend(now, sizing.Unit(sizing.Memory), bounds(p, corev1.ResourceMemory))
	if !known || !also {
		return n.told, n.told.target != amounts{}
	}
	q, before, blind := &n.kept.Requests, n.kept.Requests, n.blind(now)
	q.CPU, q.Memory = sizing.Both(q.CPU, q.Memory, cpu, memory, now)
	if blind {
		q.CPU, q.Memory = held(before.CPU, q.CPU), held(before.Memory, q.Memory)
	}
	if controls(p, corev1.ResourceCPU) {
		r.target.cpu, r.uncapped.cpu = q.CPU.Request, cpu.Uncapped
		r.lower.cpu, r.upper.cpu = around(q.CPU.Request, cpu, blind, n.told.lower.cpu, n.told.upper.cpu)
	}
	if controls(p, corev1.ResourceMemory) {
		r.target.memory, r.uncapped.memory = q.Memory.Request, memory.Uncapped
		r.lower.memory, r.upper.memory = around(q.Memory.Request, memory, blind, n.told.lower.memory, n.told.upper.memory)
	}
	return r, r.target != amounts{}
}

// held is a request that is not lowered. Nor does the time count for which it was too much.
func held(was, will sizing.Applied) sizing.Applied {
	if will.Request < was.Request {
		will = was
	}
	will.Loose = time.Time{}
	return will
}

// around are the bounds of a request. Of one that is blind they are those that were told:
// the updater lowers what is above the upper one, and does not where there is none.
func around(request float64, s sizing.Size, blind bool, toldLower, toldUpper float64) (lower, upper float64) {
	lower, upper = min(s.Lower, request), max(s.Upper, request)
	switch {
	case !blind:
		return lower, upper
	case toldUpper == 0:
		return lower, 0
	}
	return min(max(lower, toldLower), request), max(toldUpper, request)
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
