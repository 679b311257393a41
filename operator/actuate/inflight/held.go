// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// heldBy tells whether it is Evenkeel that holds a workload's rollout: its annotation says
// so. Where somebody has replaced the annotations as a whole, or has made ours unreadable,
// who has written the field by which it is held tells it.
func heldBy(o client.Object) bool {
	if rec, err := recordOf(o); err == nil && rec != nil {
		return rec.Held
	}
	return alone(o.GetManagedFields(), heldIn(o)...)
}

// SaysHeld tells whether a workload's annotation says that Evenkeel holds its rollout. It
// needs nothing else of it.
func SaysHeld(o metav1.Object) bool {
	rec, err := recordOf(o)
	return err == nil && rec != nil && rec.Held
}

// heldIn is the path, in managed fields, of the field by which a rollout is held.
func heldIn(o client.Object) []string {
	if _, is := o.(*appsv1.StatefulSet); is {
		return []string{"f:spec", "f:updateStrategy", "f:rollingUpdate", "f:partition"}
	}
	return []string{"f:spec", "f:paused"}
}

// alone tells whether Evenkeel has written a field, and nobody else with it.
func alone(entries []metav1.ManagedFieldsEntry, path ...string) (own bool) {
	for _, e := range entries {
		switch {
		case e.Subresource != "" || !has(e.FieldsV1, path...):
		case e.Manager != v1alpha1.FieldManager:
			return false
		default:
			own = true
		}
	}
	return own
}
