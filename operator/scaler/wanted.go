// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// What holds where a profile does not say, from Gardener's autoscaler of shoots'
// kube-apiservers (pkg/component/kubernetes/apiserver/horizontalpodautoscaler.go): 6 cores
// of usage each; up by as many as there are in a minute, once the need has been there for
// one; down by one in five minutes, once it has been gone for half an hour. Of a profile
// with a bound on the CPU, cpuShare of it: what a larger size could carry needs no replica.
const (
	cpuCores                 = 6
	cpuShareOver, cpuShareOf = 4, 5
	upWindow, upPeriod       = 60, 60
	upPercent                = 100
	downWindow, downPeriod   = 1800, 300
	downReplicas             = 1
)

// CPU is the average usage of a replica at which the autoscaler adds one.
func CPU(cpp *v1alpha1.ControlPlaneProfile) resource.Quantity {
	if q := cpp.Spec.Scaling.CPU; q != nil {
		return *q
	}
	if r := cpp.Spec.APIServer.CPU; r != nil && r.Max != nil {
		return *resource.NewMilliQuantity(r.Max.MilliValue()*cpuShareOver/cpuShareOf, resource.DecimalSI)
	}
	return *resource.NewQuantity(cpuCores, resource.DecimalSI)
}

// wanted is the autoscaler as the profile asks for it, with a floor.
func (s Scaler) wanted(name string, floor int) *autoscalingv2.HorizontalPodAutoscaler {
	spec := s.Profile.Spec
	metrics := []autoscalingv2.MetricSpec{s.average(corev1.ResourceCPU, CPU(s.Profile))}
	if q := spec.Scaling.Memory; q != nil {
		metrics = append(metrics, s.average(corev1.ResourceMemory, *q))
	}
	return &autoscalingv2.HorizontalPodAutoscaler{
		TypeMeta: metav1.TypeMeta{APIVersion: autoscalingv2.SchemeGroupVersion.String(), Kind: "HorizontalPodAutoscaler"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Profile.Namespace, Name: name,
			Labels:      map[string]string{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy},
			Annotations: map[string]string{v1alpha1.OwnerAnnotation: owner(s.Profile)},
		},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: s.target(),
			MinReplicas:    new(int32(floor)),             //nolint:gosec // 100000 at the most, by the CRD
			MaxReplicas:    int32(max(1, Max(s.Profile))), //nolint:gosec // 100000 at the most, by the CRD
			Metrics:        metrics,
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
				ScaleUp:   rules(spec.Scaling.Up, upRate(), autoscalingv2.MaxChangePolicySelect),
				ScaleDown: rules(spec.Scaling.Down, downRate(), autoscalingv2.MinChangePolicySelect),
			},
		},
	}
}

// average is a metric of the apiservers' container alone, so that sidecars do not count,
// by its usage and not as a share of its request, which a resize would move.
func (s Scaler) average(of corev1.ResourceName, q resource.Quantity) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{
		Type: autoscalingv2.ContainerResourceMetricSourceType,
		ContainerResource: &autoscalingv2.ContainerResourceMetricSource{
			Name: of, Container: s.Profile.Spec.APIServer.Container,
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &q},
		},
	}
}

func upRate() v1alpha1.ScalingRate {
	return v1alpha1.ScalingRate{WindowSeconds: new(int32(upWindow)), Percent: new(int32(upPercent)), PeriodSeconds: upPeriod}
}

func downRate() v1alpha1.ScalingRate {
	return v1alpha1.ScalingRate{WindowSeconds: new(int32(downWindow)), Replicas: new(int32(downReplicas)), PeriodSeconds: downPeriod}
}

// rules are a rate as the autoscaler has it. Where both percent and replicas are given, up
// goes by what allows more and down by what allows less: a replica too many does less harm.
func rules(r *v1alpha1.ScalingRate, standard v1alpha1.ScalingRate, both autoscalingv2.ScalingPolicySelect) *autoscalingv2.HPAScalingRules {
	if r == nil {
		r = &standard
	}
	out := &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: r.WindowSeconds, SelectPolicy: &both}
	if r.WindowSeconds == nil {
		out.StabilizationWindowSeconds = standard.WindowSeconds
	}
	period := r.PeriodSeconds
	if period == 0 {
		period = upPeriod // the CRD's default
	}
	if r.Percent != nil {
		out.Policies = append(out.Policies, autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: *r.Percent, PeriodSeconds: period})
	}
	if r.Replicas != nil {
		out.Policies = append(out.Policies, autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: *r.Replicas, PeriodSeconds: period})
	}
	return out
}

// same tells whether nothing differs of what Evenkeel writes.
func (s Scaler) same(is, want *autoscalingv2.HorizontalPodAutoscaler) bool {
	return owns(s.Profile, is) && is.Labels[v1alpha1.ManagedByLabel] == v1alpha1.ManagedBy && equality.Semantic.DeepEqual(is.Spec, want.Spec)
}
