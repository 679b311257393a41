// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// leaveAgain is how long is waited before a tenant that could not be reached is
// tried again.
const leaveAgain = 10 * time.Second

// finalize leaves the tenant as it was found and lets the profile go.
//
// A tenant that cannot be reached is tried again and again, because what was
// written there limits it. The exception is a profile whose way in is gone for
// good: its Secret, its workload, or the whole namespace has been deleted. Nothing
// can be taken back then; what is left in place is safe, and an event says so.
// Deleting the access Secret is therefore how a person lets go of a tenant that
// no longer exists.
func (p *pass) finalize(ctx context.Context) (ctrl.Result, error) {
	if !controllerutil.ContainsFinalizer(p.cpp, v1alpha1.Finalizer) {
		return ctrl.Result{}, nil
	}
	err := p.leave(ctx)
	if f, ok := asFault(err); ok {
		if !gone(f.Reason) {
			return p.tryAgain(ctx, f.Reason, f.Message)
		}
		p.event(corev1.EventTypeWarning, f.Reason, "Abandon", "what was written in the tenant is left in place: "+f.Message)
	} else if err != nil {
		return p.tryAgain(ctx, v1alpha1.ReasonTenantUnreachable, err.Error())
	}
	before := p.cpp.DeepCopy()
	controllerutil.RemoveFinalizer(p.cpp, v1alpha1.Finalizer)
	if err := p.r.Client.Patch(ctx, p.cpp, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, fmt.Errorf("removing the finalizer of %s/%s: %w", p.cpp.Namespace, p.cpp.Name, err)
	}
	return ctrl.Result{}, nil
}

func (p *pass) leave(ctx context.Context) error {
	for _, step := range []func(context.Context) error{p.resolve, p.enter} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	p.tenant.Retarget(p.targets)
	if err := p.tenant.LeaveAsFound(ctx); err != nil {
		return fmt.Errorf("leaving the tenant as found: %w", err)
	}
	return nil
}

// gone tells whether a fault means that there is no tenant to be left as found.
func gone(reason string) bool {
	switch reason {
	case v1alpha1.ReasonAccessNotFound, v1alpha1.ReasonTargetNotFound, v1alpha1.ReasonTargetTaken:
		return true
	default:
		return false
	}
}

func (p *pass) tryAgain(ctx context.Context, reason, message string) (ctrl.Result, error) {
	p.set(v1alpha1.ConditionReady, metav1.ConditionFalse, reason,
		message+". The profile is kept until the tenant can be left as found; delete its access Secret to let go of it as it is")
	if err := p.writeStatus(ctx); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: leaveAgain}, nil
}
