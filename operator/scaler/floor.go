// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"context"
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// SetFloor writes the floor, in replicas, and reads it back. Of the profile's own it is
// part of the whole; of an adopted one minReplicas is written alone, with the mark whose it
// is, and never above its maxReplicas. A floor that another manager has is a fault that
// names it. reader must read the API itself.
func (s Scaler) SetFloor(ctx context.Context, c client.Client, reader client.Reader, to int) *plane.Fault {
	all, err := list(ctx, reader, s.Profile.Namespace)
	if err != nil {
		return listFault(s.Profile, err)
	}
	f := s.among(all)
	h := f.it()
	switch {
	case f.conflict != nil:
		return f.conflict
	case h == nil:
		return &plane.Fault{Reason: v1alpha1.ReasonScalerUnable, Message: fmt.Sprintf("there is no HorizontalPodAutoscaler over %s to have a floor of %d", named(s.target()), to)}
	case to < 1 || to > Max(s.Profile):
		return &plane.Fault{Reason: v1alpha1.ReasonAtMax, Message: fmt.Sprintf("a floor of %d is not within 1 and replicas.max, %d: nothing was written", to, Max(s.Profile))}
	}
	if fault := contested(s.Profile, h); fault != nil {
		return fault
	}
	if f.own != nil {
		return s.put(ctx, c, reader, h, s.wanted(h.Name, to))
	}
	if to > int(h.Spec.MaxReplicas) {
		return &plane.Fault{Reason: v1alpha1.ReasonAtMax, Message: fmt.Sprintf(
			"a floor of %d is above maxReplicas %d of HorizontalPodAutoscaler %s: raise it there, as it is not Evenkeel's to write; nothing was written", to, h.Spec.MaxReplicas, h.Name)}
	}
	if err := s.putFloor(ctx, c, h, to); err != nil {
		return faultOf(v1alpha1.ReasonWriteFailed, "writing minReplicas of HorizontalPodAutoscaler "+h.Name, err)
	}
	return readBack(ctx, reader, h, func(now *autoscalingv2.HorizontalPodAutoscaler) string {
		if floor(now) != to {
			return fmt.Sprintf("minReplicas is %d and not %d: another writer has changed it", floor(now), to)
		}
		return ""
	})
}

// putFloor applies the floor of an adopted one.
func (s Scaler) putFloor(ctx context.Context, c client.Client, h *autoscalingv2.HorizontalPodAutoscaler, to int) error {
	content := bare(h)
	content["metadata"].(map[string]any)["annotations"] = map[string]any{v1alpha1.OwnerAnnotation: owner(s.Profile)} //nolint:forcetypeassert // bare has made it
	content["spec"] = map[string]any{"minReplicas": int64(to)}
	return apply(ctx, c, content, FloorManager)
}

// bare is an object with which nothing is applied: whoever applies it gives up all that it
// had. The UID has one that was made anew under the name refused.
func bare(h *autoscalingv2.HorizontalPodAutoscaler) map[string]any {
	return map[string]any{
		"apiVersion": autoscalingv2.SchemeGroupVersion.String(), "kind": "HorizontalPodAutoscaler",
		"metadata": map[string]any{"namespace": h.Namespace, "name": h.Name, "uid": string(h.UID)},
	}
}
