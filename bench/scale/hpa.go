// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"evenkeel.dev/evenkeel/bench/stage"
)

// workload is the apiservers' Deployment, and the autoscaler's name.
const workload = "kube-apiserver"

// metricsWithin is how long the autoscaler may take until it knows what the replicas use.
const metricsWithin = 2 * time.Minute

// autoscaler is an autoscaler with Gardener's behavior: doubled within a minute of the
// need, and one taken away in five minutes after half an hour without
// (gardener, pkg/component/kubernetes/apiserver/horizontalpodautoscaler.go).
func autoscaler() *autoscalingv2.HorizontalPodAutoscaler {
	target := milli(startMilli * part / parts)
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: stage.TenantNamespace, Name: workload},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: workload},
			MinReplicas:    new(int32(startReplicas)), MaxReplicas: hpaReplicas,
			Metrics: []autoscalingv2.MetricSpec{{
				Type: autoscalingv2.ResourceMetricSourceType,
				Resource: &autoscalingv2.ResourceMetricSource{
					Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &target},
				},
			}},
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
				ScaleUp: &autoscalingv2.HPAScalingRules{
					StabilizationWindowSeconds: new(int32(60)),
					Policies:                   []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 60}},
				},
				ScaleDown: &autoscalingv2.HPAScalingRules{
					StabilizationWindowSeconds: new(int32(1800)),
					Policies:                   []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: 1, PeriodSeconds: 300}},
				},
			},
		},
	}
}

// autoscale makes the autoscaler and waits until it goes by what the replicas use.
func (r *run) autoscale(ctx context.Context) error {
	all := r.host.AutoscalingV2().HorizontalPodAutoscalers(stage.TenantNamespace)
	if _, err := all.Create(ctx, autoscaler(), metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating the HorizontalPodAutoscaler: %w", err)
	}
	said := "it has no condition"
	err := wait.PollUntilContextTimeout(ctx, time.Second, metricsWithin, true, func(ctx context.Context) (bool, error) {
		hpa, err := all.Get(ctx, workload, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		for _, c := range hpa.Status.Conditions {
			if c.Type == autoscalingv2.ScalingActive {
				said = c.Message
				return c.Status == corev1.ConditionTrue, nil
			}
		}
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the HorizontalPodAutoscaler to know what the replicas use: %w; %s", err, said)
	}
	return nil
}
