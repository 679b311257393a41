// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"k8s.io/utils/ptr"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// recommendation is that for one container in numbers: four lists of quantities take ten
// times as much.
type recommendation struct{ target, lower, upper, uncapped amounts }

// amounts are cores and bytes; 0 is not said.
type amounts struct{ cpu, memory float64 }

// of is the recommendation in the API's form.
func (r recommendation) of(container string) vpav1.RecommendedContainerResources {
	return vpav1.RecommendedContainerResources{
		ContainerName: container,
		Target:        r.target.list(), LowerBound: r.lower.list(), UpperBound: r.upper.list(), UncappedTarget: r.uncapped.list(),
	}
}

func (a amounts) list() corev1.ResourceList {
	l := corev1.ResourceList{}
	a = a.rounded()
	if a.cpu > 0 {
		l[corev1.ResourceCPU] = *resource.NewMilliQuantity(int64(math.Round(1000*a.cpu)), resource.DecimalSI)
	}
	if a.memory > 0 {
		l[corev1.ResourceMemory] = *resource.NewQuantity(int64(a.memory), resource.BinarySI)
	}
	return l
}

func amountsOf(l corev1.ResourceList) amounts {
	cpu, memory := l[corev1.ResourceCPU], l[corev1.ResourceMemory]
	return amounts{cpu.AsApproximateFloat64(), memory.AsApproximateFloat64()}
}

// moved is by how much a bound must move, in parts of it, to be written for its own sake.
const moved = 0.05

// near tells whether nothing of a recommendation that was told is worth a write: its
// target is the same, and its bounds are about the same.
func (r recommendation) near(now recommendation) bool {
	return r.target.near(now.target, 1e-6) && r.lower.near(now.lower, moved) && r.upper.near(now.upper, moved)
}

func (a amounts) near(b amounts, part float64) bool {
	alike := func(x, y float64) bool { return (x > 0) == (y > 0) && math.Abs(x-y) <= part*max(x, y) }
	a, b = a.rounded(), b.rounded()
	return alike(a.cpu, b.cpu) && alike(a.memory, b.memory)
}

// rounded are amounts as they are told.
func (a amounts) rounded() amounts {
	return amounts{sizing.Round(sizing.CPU, a.cpu), sizing.Round(sizing.Memory, a.memory)}
}

// Changed tells whether a status is worth a write, as due does of one that is not kept in
// numbers.
func Changed(was, now *vpav1.VerticalPodAutoscalerStatus) bool {
	if !alike(was.Conditions, now.Conditions) || !ptr.Equal(was.ObservedGeneration, now.ObservedGeneration) {
		return true
	}
	if was.Recommendation == nil || now.Recommendation == nil {
		return was.Recommendation != now.Recommendation
	}
	return !slices.EqualFunc(was.Recommendation.ContainerRecommendations, now.Recommendation.ContainerRecommendations, func(a, b vpav1.RecommendedContainerResources) bool {
		return a.ContainerName == b.ContainerName && told(a).near(told(b))
	})
}

func told(r vpav1.RecommendedContainerResources) recommendation {
	return recommendation{
		target: amountsOf(r.Target), lower: amountsOf(r.LowerBound), upper: amountsOf(r.UpperBound), uncapped: amountsOf(r.UncappedTarget),
	}
}

// alike tells whether conditions say the same.
func alike(a, b []vpav1.VerticalPodAutoscalerCondition) bool {
	return slices.EqualFunc(a, b, func(a, b vpav1.VerticalPodAutoscalerCondition) bool {
		return a.Type == b.Type && a.Status == b.Status && a.Reason == b.Reason && a.Message == b.Message
	})
}
