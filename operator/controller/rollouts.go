// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/inflight"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// keptRollouts is what is kept of rollouts that may be left held.
type keptRollouts struct {
	// of is the workload that the profile was last about, and was are those that it was
	// about before and that have yet to be looked at.
	of  v1alpha1.TargetRef
	was []v1alpha1.TargetRef
	// generation is that of the profile for which the namespace was last looked through, at
	// tried, and fault what of it went wrong.
	generation int64
	tried      time.Time
	fault      *plane.Fault
}

// dropRollouts has rollouts run on that Evenkeel holds of workloads that no profile is about
// any more: nobody else would have them go on. It needs no tenant, so it comes before all
// that does. It fails no pass.
func (p *pass) dropRollouts(ctx context.Context) error {
	k, now := &p.kept.rollouts, p.cpp.Spec.APIServer.TargetRef
	if k.of != now && k.of.Name != "" {
		k.was = append(k.was, k.of)
	}
	k.of = now
	seen := k.generation == p.cpp.Generation
	if p.paused() || seen && k.fault == nil || seen && p.now.Sub(k.tried) < letGoAgain {
		return nil
	}
	k.generation, k.tried = p.cpp.Generation, p.now
	if k.fault = p.letRolloutsGo(ctx, k.was, "no profile is about it any more"); k.fault == nil {
		k.was = nil
	}
	return nil
}

// tellRollouts says which rollout cannot be let go of.
func (p *pass) tellRollouts(context.Context) error {
	if f := p.kept.rollouts.fault; f != nil {
		p.set(v1alpha1.ConditionFlagsManaged, metav1.ConditionFalse, f.Reason, f.Message)
	}
	return nil
}

// leaveRollouts lets go of the rollouts of a profile that is deleted, and of any that no
// other profile is about.
func (p *pass) leaveRollouts(ctx context.Context) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, passWithin)
	defer cancel()
	return p.letRolloutsGo(ctx, append(p.kept.rollouts.was, p.kept.rollouts.of, p.cpp.Spec.APIServer.TargetRef), "its profile is deleted")
}

// letRolloutsGo has the rollouts run on that Evenkeel holds in the namespace and no living
// profile is about: those that say so, and these others. The first that cannot be is told.
func (p *pass) letRolloutsGo(ctx context.Context, others []v1alpha1.TargetRef, why string) (first *plane.Fault) {
	refs, err := p.heldRollouts(ctx)
	named, errNamed := p.named(ctx)
	for _, err := range []error{err, errNamed} {
		if err != nil {
			return &plane.Fault{Reason: v1alpha1.ReasonNotReadBack, Message: err.Error()}
		}
	}
	done := map[v1alpha1.TargetRef]bool{}
	for _, ref := range append(refs, others...) {
		ref.APIVersion = ""
		if ref.Name == "" || named[ref] || done[ref] {
			continue
		}
		done[ref] = true
		if fault := p.letRolloutGo(ctx, ref, why); fault != nil && first == nil {
			first = fault
		}
	}
	return first
}

// letRolloutGo has one rollout run on, if Evenkeel holds it, and tells of it.
func (p *pass) letRolloutGo(ctx context.Context, ref v1alpha1.TargetRef, why string) *plane.Fault {
	w, held, fault := inflight.LetGo(ctx, p.r.Host, p.r.Client, p.targetOf(ref))
	if fault != nil {
		fault.Message += ". Until then resume it by hand: Evenkeel holds it"
		return fault
	}
	if held {
		p.event(corev1.EventTypeNormal, v1alpha1.ReasonRollingOut, string(plane.ReleaseRollout), fmt.Sprintf("lets the rollout of %s run on by itself: %s", w.Name, why))
	}
	return nil
}

// heldRollouts are the workloads of the namespace that say that Evenkeel holds their
// rollout.
func (p *pass) heldRollouts(ctx context.Context) (refs []v1alpha1.TargetRef, err error) {
	var deployments appsv1.DeploymentList
	var sets appsv1.StatefulSetList
	for _, list := range []client.ObjectList{&deployments, &sets} {
		if err := p.r.Client.List(ctx, list, client.InNamespace(p.cpp.Namespace)); err != nil {
			return nil, fmt.Errorf("listing the workloads of namespace %s: %w", p.cpp.Namespace, err)
		}
	}
	for i := range deployments.Items {
		if inflight.SaysHeld(&deployments.Items[i]) {
			refs = append(refs, v1alpha1.TargetRef{Kind: "Deployment", Name: deployments.Items[i].Name})
		}
	}
	for i := range sets.Items {
		if inflight.SaysHeld(&sets.Items[i]) {
			refs = append(refs, v1alpha1.TargetRef{Kind: "StatefulSet", Name: sets.Items[i].Name})
		}
	}
	return refs, nil
}

// named are the workloads that a profile of the namespace is about that is not deleted.
func (p *pass) named(ctx context.Context) (map[v1alpha1.TargetRef]bool, error) {
	var all v1alpha1.ControlPlaneProfileList
	if err := p.r.Client.List(ctx, &all, client.InNamespace(p.cpp.Namespace)); err != nil {
		return nil, fmt.Errorf("listing the profiles of namespace %s: %w", p.cpp.Namespace, err)
	}
	named := map[v1alpha1.TargetRef]bool{}
	for i := range all.Items {
		if c := &all.Items[i]; c.DeletionTimestamp.IsZero() && c.UID != p.cpp.UID {
			ref := c.Spec.APIServer.TargetRef
			named[v1alpha1.TargetRef{Kind: ref.Kind, Name: ref.Name}] = true
		}
	}
	if p.cpp.DeletionTimestamp.IsZero() {
		ref := p.cpp.Spec.APIServer.TargetRef
		named[v1alpha1.TargetRef{Kind: ref.Kind, Name: ref.Name}] = true
	}
	return named, nil
}
