// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"context"
	"slices"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// suggestedManager is the field manager under which the apiserver keeps its own
	// levels (k8s.io/kubernetes v1.36 pkg/registry/flowcontrol/ensurer). What is
	// given back is given back to it.
	suggestedManager = "api-priority-and-fairness-config-producer-v1"
	// giveBackTries is how often a level is read again that changes while it is given
	// back.
	giveBackTries = 5
)

// returnShares gives back what this profile's suggested levels had.
func (a *Actuator) returnShares(ctx context.Context) *plane.Fault {
	own, err := a.written(ctx)
	if err != nil {
		return readFault("finding the levels that this profile has changed", err)
	}
	for _, o := range own {
		if !suggested(o.GetName()) {
			continue
		}
		if err := a.takeBack(ctx, o); err != nil {
			return writeFault("giving back what "+nameOf(o)+" had", err)
		}
	}
	return nil
}

// giveBack makes a level what it was before this profile changed it.
//
// Numbers that somebody else has changed since are theirs: they stay, and so does the
// annotation that keeps the apiserver from changing them. Where it can no longer be
// read what the level had, or the API refuses it, the apiserver is asked to write its
// own numbers: whoever has changed the annotation must not keep Evenkeel in place.
func (a *Actuator) giveBack(ctx context.Context, name string) error {
	var err error
	known := true
	for range giveBackTries {
		err = a.giveBackOnce(ctx, name, known)
		if !apierrors.IsConflict(err) && !apierrors.IsInvalid(err) {
			return err
		}
		known = known && !apierrors.IsInvalid(err)
	}
	return err
}

// giveBackOnce tries with the level as it is now; known tells whether what it had can
// be relied on.
func (a *Actuator) giveBackOnce(ctx context.Context, name string, known bool) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	l := newLevel(name)
	err := a.client.Get(ctx, client.ObjectKeyFromObject(l), l)
	if client.IgnoreNotFound(err) != nil || err != nil || !a.owns(l) {
		return client.IgnoreNotFound(err)
	}
	before := l.DeepCopy()
	had, err := originalOf(l)
	_, contested := a.standing(l)
	switch {
	case err != nil || !known || l.Spec.Limited == nil:
		l.Annotations[flowcontrolv1.AutoUpdateAnnotationKey] = "true"
	case had != nil && contested == nil:
		had.put(l)
		delete(l.Annotations, flowcontrolv1.AutoUpdateAnnotationKey)
		if had.Autoupdate != nil {
			l.Annotations[flowcontrolv1.AutoUpdateAnnotationKey] = *had.Autoupdate
		}
	}
	delete(l.Annotations, v1alpha1.OwnerAnnotation)
	delete(l.Annotations, v1alpha1.OriginalAnnotation)
	l.ManagedFields = slices.DeleteFunc(l.ManagedFields, func(m metav1.ManagedFieldsEntry) bool { return m.Manager == v1alpha1.FieldManager })
	return a.client.Patch(ctx, l, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(suggestedManager))
}
