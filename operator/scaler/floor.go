// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"context"
	"fmt"
	"strconv"

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
	return s.putFloor(ctx, c, reader, h, to)
}

// mark marks an adopted one of which Evenkeel has the floor without its mark: a person has
// handed it over, or somebody has taken the mark off. Its floor stays as it is.
func (s Scaler) mark(ctx context.Context, c client.Client, reader client.Reader, h *autoscalingv2.HorizontalPodAutoscaler) *plane.Fault {
	if marked(s.Profile, h) || !floorHeld(h) || contested(s.Profile, h) != nil {
		return nil
	}
	return s.putFloor(ctx, c, reader, h, floor(h))
}

// putFloor applies the floor of an adopted one, with the mark whose it is, and reads both
// back.
func (s Scaler) putFloor(ctx context.Context, c client.Client, reader client.Reader, h *autoscalingv2.HorizontalPodAutoscaler, to int) *plane.Fault {
	annotations := map[string]any{v1alpha1.OwnerAnnotation: owner(s.Profile)}
	if was := handedOver(h); was != "" {
		annotations[v1alpha1.OriginalAnnotation] = was
	}
	content := bare(h)
	content["metadata"].(map[string]any)["annotations"] = annotations //nolint:forcetypeassert // bare has made it
	content["spec"] = map[string]any{"minReplicas": int64(to)}
	if err := apply(ctx, c, content, FloorManager); err != nil {
		return faultOf(v1alpha1.ReasonWriteFailed, "writing minReplicas of HorizontalPodAutoscaler "+h.Name, err)
	}
	return readBack(ctx, reader, h, func(now *autoscalingv2.HorizontalPodAutoscaler) string {
		switch {
		case floor(now) != to:
			return fmt.Sprintf("minReplicas is %d and not %d: another writer has changed it", floor(now), to)
		case !marked(s.Profile, now):
			return "it does not have Evenkeel's mark: another writer has changed it"
		default:
			return ""
		}
	})
}

// handedOver is the floor as a person has handed it over, in replicas; empty where nobody
// has. Before the first mark it is the one in force, if it is Evenkeel's to set already.
func handedOver(h *autoscalingv2.HorizontalPodAutoscaler) string {
	was := h.Annotations[v1alpha1.OriginalAnnotation]
	if was == "" && h.Annotations[v1alpha1.OwnerAnnotation] == "" && floorHeld(h) {
		return strconv.Itoa(floor(h))
	}
	return was
}

// bare is an object with which nothing is applied: whoever applies it gives up all that it
// had. The UID has one that was made anew under the name refused.
func bare(h *autoscalingv2.HorizontalPodAutoscaler) map[string]any {
	return map[string]any{
		"apiVersion": autoscalingv2.SchemeGroupVersion.String(), "kind": "HorizontalPodAutoscaler",
		"metadata": map[string]any{"namespace": h.Namespace, "name": h.Name, "uid": string(h.UID)},
	}
}
