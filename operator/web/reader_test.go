// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// reader has profiles and ledgers at hand.
type reader struct {
	mu       sync.Mutex
	profiles []v1alpha1.ControlPlaneProfile
	ledgers  []v1alpha1.AvailabilityLedger
	err      error
	lists    int
}

func (r *reader) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	switch into := into.(type) {
	case *v1alpha1.ControlPlaneProfile:
		for i := range r.profiles {
			if client.ObjectKeyFromObject(&r.profiles[i]) == key {
				r.profiles[i].DeepCopyInto(into)
				return nil
			}
		}
	case *v1alpha1.AvailabilityLedger:
		for i := range r.ledgers {
			if client.ObjectKeyFromObject(&r.ledgers[i]) == key {
				r.ledgers[i].DeepCopyInto(into)
				return nil
			}
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

func (r *reader) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lists++
	if r.err == nil {
		into.(*v1alpha1.ControlPlaneProfileList).Items = slices.Clone(r.profiles)
	}
	return r.err
}

// replace puts another profile in the place of one.
func (r *reader) replace(i int, p v1alpha1.ControlPlaneProfile) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.profiles[i] = p
}
