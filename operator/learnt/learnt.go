// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package learnt keeps in the host cluster what was learnt of sizes, so that it outlives
// an operator.
package learnt

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// Put writes what was learnt, over what was kept before under its name. reader reads the
// API itself.
func Put(ctx context.Context, c client.Client, reader client.Reader, h *v1alpha1.UsageHistory) error {
	before := &v1alpha1.UsageHistory{}
	switch err := reader.Get(ctx, client.ObjectKeyFromObject(h), before); {
	case apierrors.IsNotFound(err):
		if err := c.Create(ctx, h); err != nil {
			return fmt.Errorf("creating UsageHistory %s/%s: %w", h.Namespace, h.Name, err)
		}
		return nil
	case err != nil:
		return fmt.Errorf("reading UsageHistory %s/%s: %w", h.Namespace, h.Name, err)
	}
	after := before.DeepCopy()
	after.OwnerReferences, after.Saved, after.Containers, after.Memory = h.OwnerReferences, h.Saved, h.Containers, h.Memory
	if err := c.Patch(ctx, after, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("writing UsageHistory %s/%s: %w", h.Namespace, h.Name, err)
	}
	return nil
}
