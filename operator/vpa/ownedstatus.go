// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// StatusOf is the status that tells of a component's size.
func StatusOf(v *vpav1.VerticalPodAutoscaler, container string, s plane.SizePlan, now time.Time) vpav1.VerticalPodAutoscalerStatus {
	c := vpav1.VerticalPodAutoscalerCondition{
		Type: vpav1.RecommendationProvided, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Truncate(time.Second)),
	}
	for _, was := range v.Status.Conditions {
		if was.Type == c.Type && was.Status == c.Status {
			c.LastTransitionTime = was.LastTransitionTime
		}
	}
	return vpav1.VerticalPodAutoscalerStatus{
		ObservedGeneration: new(v.Generation),
		Conditions:         []vpav1.VerticalPodAutoscalerCondition{c},
		Recommendation: &vpav1.RecommendedPodResources{ContainerRecommendations: []vpav1.RecommendedContainerResources{{
			ContainerName:  container,
			Target:         amounts{s.Want.CPU, s.Want.Memory}.list(),
			LowerBound:     amounts{min(s.CPU.Lower, s.Want.CPU), min(s.Memory.Lower, s.Want.Memory)}.list(),
			UpperBound:     amounts{max(s.CPU.Upper, s.Want.CPU), max(s.Memory.Upper, s.Want.Memory)}.list(),
			UncappedTarget: amounts{s.CPU.Uncapped, s.Memory.Uncapped}.list(),
		}}},
	}
}
