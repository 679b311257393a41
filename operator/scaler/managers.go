// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"encoding/json"
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// floorOf are the field managers' entries that have minReplicas.
func floorOf(h *autoscalingv2.HorizontalPodAutoscaler) (all []metav1.ManagedFieldsEntry) {
	for _, entry := range h.ManagedFields {
		if has(&entry, "f:minReplicas") {
			all = append(all, entry)
		}
	}
	return all
}

// has tells whether a manager has a field of the spec.
func has(entry *metav1.ManagedFieldsEntry, field string) bool {
	var fields struct {
		Spec map[string]json.RawMessage `json:"f:spec"`
	}
	if entry.FieldsV1 == nil || json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
		return false
	}
	_, is := fields.Spec[field]
	return is
}

// floorHeld tells whether Evenkeel has the floor of an adopted one.
func floorHeld(h *autoscalingv2.HorizontalPodAutoscaler) bool {
	for _, entry := range floorOf(h) {
		if entry.Manager == FloorManager && entry.Operation == metav1.ManagedFieldsOperationApply {
			return true
		}
	}
	return false
}

// made tells whether a profile has made an autoscaler: it owns it, or it is its own that
// nothing controls any more, as when the profile was deleted so that it leaves orphans.
func made(cpp *v1alpha1.ControlPlaneProfile, h *autoscalingv2.HorizontalPodAutoscaler) bool {
	if !marked(cpp, h) || metav1.GetControllerOf(h) != nil {
		return owns(cpp, h)
	}
	return slices.ContainsFunc(h.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == v1alpha1.FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply && has(&entry, "f:scaleTargetRef")
	})
}

// contested says whose the floor is where it is not Evenkeel's; nil while nobody else has
// it.
//
// Whoever creates an autoscaler other than by server-side apply has minReplicas even if it
// did not say so: the API fills the default in before it counts the fields (seen of
// kube-apiserver 1.36). So leaving it out of a manifest frees it only where the manifest is
// applied by the server; else it takes a person to hand it over, with another number: of
// the same one both have it.
func contested(cpp *v1alpha1.ControlPlaneProfile, h *autoscalingv2.HorizontalPodAutoscaler) *plane.Fault {
	for _, entry := range floorOf(h) {
		if entry.Manager == FloorManager || entry.Manager == v1alpha1.FieldManager {
			continue
		}
		remedy := "leave minReplicas out of its manifest and apply it again"
		switch {
		case owns(cpp, h):
			remedy = "set replicas.min of the profile instead and delete the autoscaler: it is made anew, with as many replicas as run"
		case entry.Operation == metav1.ManagedFieldsOperationUpdate:
			remedy = fmt.Sprintf("leave minReplicas out of its manifest, and hand it over once, with another number, as by "+
				`echo '{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"%s","namespace":"%s"},"spec":{"minReplicas":%d}}'`+
				" | kubectl apply --server-side --force-conflicts --field-manager=%s -f -", h.Name, h.Namespace, another(cpp, h), FloorManager)
		}
		return &plane.Fault{Reason: v1alpha1.ReasonFieldContested, Message: fmt.Sprintf(
			"minReplicas of HorizontalPodAutoscaler %s is managed by %s (operation %s), and is left at %d: %s", h.Name, entry.Manager, entry.Operation, floor(h), remedy)}
	}
	return nil
}

// another is a floor with which it can be handed over: the profile's minimum, or the number
// next to what it is.
func another(cpp *v1alpha1.ControlPlaneProfile, h *autoscalingv2.HorizontalPodAutoscaler) int {
	is, least, highest := floor(h), Min(cpp), int(h.Spec.MaxReplicas)
	switch {
	case least != is && least <= highest:
		return least
	case is < highest:
		return is + 1
	default:
		return max(1, is-1)
	}
}

// floor is an autoscaler's minReplicas; the API's default is 1.
func floor(h *autoscalingv2.HorizontalPodAutoscaler) int {
	if h.Spec.MinReplicas == nil {
		return 1
	}
	return int(*h.Spec.MinReplicas)
}
