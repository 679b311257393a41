// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// claim is a fault when an older profile has the same target: two profiles would
// undo each other's limits.
func (p *pass) claim(ctx context.Context) error {
	var all v1alpha1.ControlPlaneProfileList
	if err := p.r.Client.List(ctx, &all, client.InNamespace(p.cpp.Namespace)); err != nil {
		return fmt.Errorf("listing the profiles of namespace %s: %w", p.cpp.Namespace, err)
	}
	mine := p.cpp.Spec.APIServer.TargetRef
	for i := range all.Items {
		other := &all.Items[i]
		ref := other.Spec.APIServer.TargetRef
		if other.UID == p.cpp.UID || ref.Kind != mine.Kind || ref.Name != mine.Name || !older(other, p.cpp) {
			continue
		}
		return fault(v1alpha1.ReasonTargetTaken, "%s belongs to the older profile %s: delete one of the two; nothing is done for this one", p.targetName(), other.Name)
	}
	return nil
}

// older orders profiles by their claims: by creation, then by name.
func older(a, b *v1alpha1.ControlPlaneProfile) bool {
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}
