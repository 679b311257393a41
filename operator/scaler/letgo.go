// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"context"
	"strconv"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// LetGo leaves the autoscalers of a profile as they were found. The profile's own are
// deleted; of adopted ones the floor is given up. known is whether the caller knows that
// the profile has adopted one: then one over its target of which Evenkeel has the floor
// without a mark is the profile's as well, and else it may be one that a person has handed
// over and nobody has taken yet. Replicas are not touched, and what was written is read
// back. reader must read the API itself.
func LetGo(ctx context.Context, c client.Client, reader client.Reader, cpp *v1alpha1.ControlPlaneProfile, known bool) *plane.Fault {
	all, err := list(ctx, reader, cpp.Namespace)
	switch {
	case unserved(err):
		return nil // the host cluster has none
	case err != nil:
		return listFault(cpp, err)
	}
	s := Scaler{Profile: cpp}
	var first *plane.Fault
	for i := range all {
		h := &all[i]
		if !marked(cpp, h) && !s.marksLost(h, known) {
			continue
		}
		if f := letGo(ctx, c, reader, cpp, h); first == nil {
			first = f
		}
	}
	return first
}

// marksLost tells whether an autoscaler was adopted and does not say so: its mark is gone,
// or is that of a profile of the same name that was deleted before.
func (s Scaler) marksLost(h *autoscalingv2.HorizontalPodAutoscaler, known bool) bool {
	before := h.Annotations[v1alpha1.OwnerAnnotation] != "" && !others(s.Profile, h)
	gone := h.Annotations[v1alpha1.OwnerAnnotation] == "" && known
	return (before || gone) && s.overTarget(h) && floorHeld(h)
}

// letGo gives one back. Its controller takes no replica away for that, but by its metrics
// and at its own rate.
func letGo(ctx context.Context, c client.Client, reader client.Reader, cpp *v1alpha1.ControlPlaneProfile, h *autoscalingv2.HorizontalPodAutoscaler) *plane.Fault {
	attempted := "letting go of HorizontalPodAutoscaler " + h.Name
	content, held := asFound(cpp, h)
	var err error
	if made(cpp, h) {
		err = remove(ctx, c, h)
	} else {
		err = apply(ctx, c, content, FloorManager)
	}
	if client.IgnoreNotFound(err) != nil {
		return faultOf(v1alpha1.ReasonWriteFailed, attempted, err)
	}
	return gone(ctx, reader, cpp, h, held, attempted)
}

// asFound is what is applied of an adopted one to leave it as it was found; held is whether
// it was found with its floor in the hands of Evenkeel's field manager, where it stays.
//
// A floor that a person has handed over is as it was handed over. Any other was nobody's,
// and falls back to the API's default, 1, in the same write; one that another manager has
// by now stays as that manager has it (both seen of kube-apiserver 1.36).
func asFound(cpp *v1alpha1.ControlPlaneProfile, h *autoscalingv2.HorizontalPodAutoscaler) (content map[string]any, held bool) {
	content = bare(h)
	was, err := strconv.Atoi(h.Annotations[v1alpha1.OriginalAnnotation])
	if err != nil || was < 1 || !floorHeld(h) || contested(cpp, h) != nil {
		return content, false
	}
	content["spec"] = map[string]any{"minReplicas": int64(min(was, int(h.Spec.MaxReplicas)))}
	return content, true
}

func remove(ctx context.Context, c client.Client, h *autoscalingv2.HorizontalPodAutoscaler) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return c.Delete(ctx, h, client.Preconditions{UID: &h.UID})
}

// gone makes sure that nothing of the profile's is left; held is whether the floor is to
// stay in the hands of Evenkeel's field manager.
func gone(ctx context.Context, reader client.Reader, cpp *v1alpha1.ControlPlaneProfile, h *autoscalingv2.HorizontalPodAutoscaler, held bool, attempted string) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var now autoscalingv2.HorizontalPodAutoscaler
	switch err := reader.Get(ctx, client.ObjectKeyFromObject(h), &now); {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return faultOf(v1alpha1.ReasonNotReadBack, attempted+": reading it back", err)
	case now.UID == h.UID && made(cpp, &now):
		return &plane.Fault{Reason: v1alpha1.ReasonNotReadBack, Message: attempted + ": it is there still: something holds it, as a finalizer does"}
	case now.UID == h.UID && (marked(cpp, &now) || floorHeld(&now) && !held):
		return &plane.Fault{Reason: v1alpha1.ReasonNotReadBack, Message: attempted + ": it has Evenkeel's mark or floor still: somebody else has written the mark too; take the annotation " + v1alpha1.OwnerAnnotation + " off it"}
	}
	return nil
}
