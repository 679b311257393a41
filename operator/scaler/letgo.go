// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"context"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// LetGo leaves the autoscalers of a profile as they were found. The profile's own are
// deleted; of adopted ones the floor is given up, also where one over the profile's target
// has lost its mark. Replicas are not touched, and what was written is read back. reader
// must read the API itself.
func LetGo(ctx context.Context, c client.Client, reader client.Reader, cpp *v1alpha1.ControlPlaneProfile) *plane.Fault {
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
		unmarked := h.Annotations[v1alpha1.OwnerAnnotation] == "" && s.overTarget(h) && floorHeld(h)
		if !marked(cpp, h) && !unmarked {
			continue
		}
		if f := letGo(ctx, c, reader, cpp, h); first == nil {
			first = f
		}
	}
	return first
}

// letGo gives one back.
//
// A floor that nobody else has falls back to the API's default, 1, in the same write; one
// that another manager has by now stays as that manager has it (both seen of kube-apiserver
// 1.36). It is what the autoscaler had before: Evenkeel takes no floor that is another's.
// Its controller takes no replica away for that, but by its metrics and at its own rate.
func letGo(ctx context.Context, c client.Client, reader client.Reader, cpp *v1alpha1.ControlPlaneProfile, h *autoscalingv2.HorizontalPodAutoscaler) *plane.Fault {
	attempted := "letting go of HorizontalPodAutoscaler " + h.Name
	var err error
	if owns(cpp, h) {
		err = remove(ctx, c, h)
	} else {
		err = apply(ctx, c, bare(h), FloorManager)
	}
	if client.IgnoreNotFound(err) != nil {
		return faultOf(v1alpha1.ReasonWriteFailed, attempted, err)
	}
	return gone(ctx, reader, cpp, h, attempted)
}

func remove(ctx context.Context, c client.Client, h *autoscalingv2.HorizontalPodAutoscaler) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return c.Delete(ctx, h, client.Preconditions{UID: &h.UID})
}

// gone makes sure that nothing of the profile's is left.
func gone(ctx context.Context, reader client.Reader, cpp *v1alpha1.ControlPlaneProfile, h *autoscalingv2.HorizontalPodAutoscaler, attempted string) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var now autoscalingv2.HorizontalPodAutoscaler
	switch err := reader.Get(ctx, client.ObjectKeyFromObject(h), &now); {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return faultOf(v1alpha1.ReasonNotReadBack, attempted+": reading it back", err)
	case now.UID == h.UID && owns(cpp, &now):
		return &plane.Fault{Reason: v1alpha1.ReasonNotReadBack, Message: attempted + ": it is there still: something holds it, as a finalizer does"}
	case now.UID == h.UID && (marked(cpp, &now) || floorHeld(&now)):
		return &plane.Fault{Reason: v1alpha1.ReasonNotReadBack, Message: attempted + ": it has Evenkeel's mark or floor still: somebody else has written the mark too; take the annotation " + v1alpha1.OwnerAnnotation + " off it"}
	}
	return nil
}
