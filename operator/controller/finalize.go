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
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/operator/vpa"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// leaveAgain is how long is waited before a tenant that could not be reached is
// tried again.
const leaveAgain = 10 * time.Second

// finalize leaves the tenant and the autoscalers as they were found and lets the profile
// go.
//
// A tenant that cannot be reached is tried again and again, because what was
// written there limits it. The exception is a profile whose way in is gone for
// good: its Secret or its workload has been deleted, or the whole namespace is
// being deleted with all that is in it. Nothing can be taken back then; what is
// left in place is safe, and an event says so. Deleting the access Secret is
// therefore how a person lets go of a tenant that no longer exists.
func (p *pass) finalize(ctx context.Context) (ctrl.Result, error) {
	p.kept.care.stop()
	if !controllerutil.ContainsFinalizer(p.cpp, v1alpha1.Finalizer) {
		return ctrl.Result{}, nil
	}
	// None waits for another.
	vpas, autoscaler, rollouts, err := p.leaveVPAs(ctx), p.leaveScaler(ctx), p.leaveRollouts(ctx), p.leave(ctx)
	var abandoned *plane.Fault
	if err != nil {
		f, ok := asFault(err)
		if !ok {
			f = plane.Fault{Reason: v1alpha1.ReasonTenantUnreachable, Message: err.Error()}
		}
		if !p.gone(ctx, f.Reason) {
			return p.tryAgain(ctx, f, "the tenant can be left as found; delete its access Secret to let go of it as it is")
		}
		abandoned = &f
	}
	if f, what := unleft(vpas, autoscaler, rollouts); f != nil && !p.dying(ctx) {
		return p.tryAgain(ctx, *f, what+" can be let go of")
	}
	if autoscaler != nil && p.scales() {
		p.event(corev1.EventTypeWarning, autoscaler.Reason, "Abandon", "the HorizontalPodAutoscaler is left as it is: "+autoscaler.Message)
	}
	if abandoned != nil {
		p.event(corev1.EventTypeWarning, abandoned.Reason, "Abandon", "what was written in the tenant is left in place: "+abandoned.Message)
	}
	p.tellFlags(ctx)
	before := p.cpp.DeepCopy()
	controllerutil.RemoveFinalizer(p.cpp, v1alpha1.Finalizer)
	if err := p.r.Client.Patch(ctx, p.cpp, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, fmt.Errorf("removing the finalizer of %s/%s: %w", p.cpp.Namespace, p.cpp.Name, err)
	}
	return ctrl.Result{}, nil
}

// unleft is what keeps the profile of what could not be let go of in the host cluster; nil
// when nothing does. A floor is safe to leave in place, a rollout that is held is not.
func unleft(vpas, autoscaler, rollouts *plane.Fault) (f *plane.Fault, what string) {
	switch {
	case vpas != nil:
		return vpas, "its VerticalPodAutoscalers"
	case autoscaler != nil && autoscaler.Reason != v1alpha1.ReasonAccessDenied:
		return autoscaler, "its HorizontalPodAutoscaler"
	case rollouts != nil:
		return rollouts, "the rollout that it holds"
	default:
		return nil, ""
	}
}

// leaveVPAs lets go of the profile's VerticalPodAutoscalers: upstream would act on what is
// left.
func (p *pass) leaveVPAs(ctx context.Context) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, passWithin)
	defer cancel()
	return vpa.LetGo(ctx, p.r.Client, p.r.Host, p.cpp, nil, p.now)
}

// leave deletes what this profile wrote, whoever has the target now.
func (p *pass) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, passWithin)
	defer cancel()
	for _, step := range []func(context.Context) error{p.resolve, p.enter} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	p.tenant.Retarget(p.targets)
	p.tenant.Look(ctx, p.now, false) // which replica is well enough to be asked
	if err := p.tenant.LeaveAsFound(ctx); err != nil {
		return fmt.Errorf("leaving the tenant as found: %w", err)
	}
	return p.leaveProbe(ctx)
}

// dropProbe deletes what probes have written once they may not write any more. It fails no
// pass, and is tried again by the next.
func (p *pass) dropProbe(ctx context.Context) error {
	switch {
	case effective(p.cpp.Spec.Mode, p.cpp.Spec.Availability.Probes.Write) == plane.Enforce:
		p.kept.probed = true
	case p.kept.probed:
		if err := p.leaveProbe(ctx); err != nil {
			log.FromContext(ctx).Error(err, "What probes wrote is left in the tenant, and deleted by another pass")
			return nil
		}
		p.kept.probed = false
	}
	return nil
}

// leaveProbe deletes what probes have written, at the first replica that takes it.
func (p *pass) leaveProbe(ctx context.Context) (err error) {
	if p.r.Books == nil || p.kept.access == nil {
		return nil
	}
	for _, t := range p.targets {
		if err = probe.Clean(ctx, p.kept.access, t.Address); err == nil {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("leaving the tenant as found: %w", err)
	}
	return nil
}

// gone tells whether there is no tenant to be left as found.
func (p *pass) gone(ctx context.Context, reason string) bool {
	if reason == v1alpha1.ReasonAccessNotFound || reason == v1alpha1.ReasonTargetNotFound {
		return true
	}
	// In a namespace that is deleted, the binding that lets Evenkeel read the Secret
	// may be the first to go, or the pods.
	return p.dying(ctx)
}

// dying tells whether the namespace is being deleted with all that is in it.
func (p *pass) dying(ctx context.Context) bool {
	var n corev1.Namespace
	err := p.r.Host.Get(ctx, client.ObjectKey{Name: p.cpp.Namespace}, &n)
	return err == nil && !n.DeletionTimestamp.IsZero()
}

// tryAgain says why the profile is kept, and until when.
func (p *pass) tryAgain(ctx context.Context, f plane.Fault, until string) (ctrl.Result, error) {
	p.kept.close() // the next try reads the Secret anew
	p.set(v1alpha1.ConditionReady, metav1.ConditionFalse, f.Reason, f.Message+". The profile is kept until "+until)
	if err := p.writeStatus(ctx); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: leaveAgain}, nil
}
