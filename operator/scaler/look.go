// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"context"
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Look sees the autoscaler of the profile's apiservers, and why its floor is not Evenkeel's
// to set. What the replicas' arguments say of GOAWAY is for the caller to add (GoAway).
// reader must read the API itself.
func (s Scaler) Look(ctx context.Context, reader client.Reader) plane.ScaleSeen {
	all, err := list(ctx, reader, s.Profile.Namespace)
	if err != nil {
		return plane.ScaleSeen{Looked: true, Fault: listFault(s.Profile, err)}
	}
	return s.seen(s.among(all))
}

// seen tells of what was found.
func (s Scaler) seen(f found) plane.ScaleSeen {
	seen := plane.ScaleSeen{Looked: true, Fault: f.conflict}
	h := f.it()
	if h == nil {
		return seen
	}
	seen.Autoscaler, seen.Own, seen.Max = h.Name, f.own != nil, int(h.Spec.MaxReplicas)
	seen.Current, seen.Desired = int(h.Status.CurrentReplicas), int(h.Status.DesiredReplicas)
	active := condition(h, autoscalingv2.ScalingActive)
	seen.ByMetrics = active != nil && active.Status == corev1.ConditionTrue
	if seen.Fault == nil {
		seen.Fault = contested(s.Profile, h)
	}
	if seen.Fault != nil {
		return seen
	}
	seen.Floor = floor(h)
	seen.Fault = unable(h)
	return seen
}

// unable is the fault of an autoscaler that cannot set the number of replicas; nil when it
// can, or its controller has not tried yet. That it cannot read its metrics is none: the
// floor holds without them.
func unable(h *autoscalingv2.HorizontalPodAutoscaler) *plane.Fault {
	able := condition(h, autoscalingv2.AbleToScale)
	if able == nil || able.Status != corev1.ConditionFalse {
		return nil
	}
	return &plane.Fault{Reason: v1alpha1.ReasonScalerUnable, Message: fmt.Sprintf(
		"HorizontalPodAutoscaler %s cannot scale %s (%s): %.300s", h.Name, named(h.Spec.ScaleTargetRef), able.Reason, able.Message)}
}

func condition(h *autoscalingv2.HorizontalPodAutoscaler, kind autoscalingv2.HorizontalPodAutoscalerConditionType) *autoscalingv2.HorizontalPodAutoscalerCondition {
	for i := range h.Status.Conditions {
		if h.Status.Conditions[i].Type == kind {
			return &h.Status.Conditions[i]
		}
	}
	return nil
}

// Note is what people should know of an adopted autoscaler that is no fault: that it stops
// before the profile does. It is empty while there is nothing to say.
func Note(cpp *v1alpha1.ControlPlaneProfile, seen plane.ScaleSeen) string {
	if seen.Autoscaler == "" || seen.Own || seen.Max == 0 || seen.Max >= Max(cpp) {
		return ""
	}
	return fmt.Sprintf("HorizontalPodAutoscaler %s stops at %d replicas and the profile at %d: raise its maxReplicas, which is not Evenkeel's to write", seen.Autoscaler, seen.Max, Max(cpp))
}
