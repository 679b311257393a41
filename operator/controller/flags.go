// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/inflight"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// readFlags reads the apiservers' workload whole, where its flags are managed or once
// were, or its rollout is held. The cache holds no templates, as a host cluster has thousands; it tells when
// one has changed, and only then is it read. What goes wrong never ends the pass.
func (p *pass) readFlags(ctx context.Context) error {
	held := p.kept.flags != nil && p.kept.flags.Held
	if p.cpp.Spec.APIServer.Flags != v1alpha1.FlagsManage && !p.workloadNow.written && !held {
		p.kept.flags = nil
		return nil
	}
	of := p.workloadNow.changed + "/" + p.cpp.Spec.APIServer.Container
	if p.kept.flags == nil || p.kept.flagsOf != of {
		target := p.flagsTarget()
		if err := p.r.Host.Get(ctx, client.ObjectKeyFromObject(target.Object), target.Object); err != nil {
			p.kept.flags = nil
			p.snapshot.WorkloadFault = &plane.Fault{
				Reason: v1alpha1.ReasonNotReadBack, Message: fmt.Sprintf("reading %s: %v", p.targetName(), err),
			}
			return nil
		}
		p.kept.flags, p.kept.flagsOf = inflight.Look(target.Object, target.Kind, target.Container), of
	}
	p.snapshot.Workload = p.kept.flags
	return nil
}

// flagsTarget is where the flags stand.
func (p *pass) flagsTarget() inflight.Target { return p.targetOf(p.cpp.Spec.APIServer.TargetRef) }

// targetOf is a workload of the profile's namespace as one that is written to. What is
// neither a Deployment nor a StatefulSet is taken for the former, and not found.
func (p *pass) targetOf(ref v1alpha1.TargetRef) inflight.Target {
	t := inflight.Target{Kind: ref.Kind, Container: p.cpp.Spec.APIServer.Container}
	at := metav1.ObjectMeta{Namespace: p.cpp.Namespace, Name: ref.Name}
	if t.Object = (&appsv1.Deployment{ObjectMeta: at}); t.Kind == "StatefulSet" {
		t.Object = &appsv1.StatefulSet{ObjectMeta: at}
	}
	return t
}

// writeFlags carries a step out that changes the flags. It is in force when the
// recommender sees every replica run with them.
func (p *pass) writeFlags(ctx context.Context, step plane.Step) plane.Outcome {
	out := plane.Outcome{Kind: step.Kind, Name: step.About()}
	p.kept.flags = nil // read anew, whatever the cache has seen
	if step.About() == plane.RolloutName {
		if out.Fault = inflight.Hold(ctx, p.r.Host, p.r.Client, p.flagsTarget(), step); out.Fault == nil {
			out.Written = p.r.Now()
		}
		return out
	}
	if out.Fault = inflight.Write(ctx, p.r.Host, p.r.Client, p.flagsTarget(), step, p.r.Now()); out.Fault == nil {
		out.Written = p.r.Now()
	}
	return out
}

// tellFlags tells whoever deletes a profile what becomes of flags that it had written:
// they stay, as to set them back restarts every replica.
func (p *pass) tellFlags(ctx context.Context) {
	if !p.workloadNow.written {
		return
	}
	t := p.flagsTarget()
	if err := p.r.Host.Get(ctx, client.ObjectKeyFromObject(t.Object), t.Object); err != nil {
		return // it is gone, and its flags with it, or nobody can be told now
	}
	if kept := inflight.Kept(inflight.Look(t.Object, t.Kind, t.Container)); kept != "" {
		p.event(corev1.EventTypeNormal, v1alpha1.ReasonFlagsKept, "Keep", kept)
	}
}

// letOthersGoOn has a rollout run on that is held while its template is somebody else's by
// now, where a pass has ended before anything was decided: its new pods may be why.
func (p *pass) letOthersGoOn(ctx context.Context, f plane.Fault) {
	if f.Reason != v1alpha1.ReasonTargetInvalid || p.paused() || p.readFlags(ctx) != nil {
		return
	}
	w := p.snapshot.Workload
	if w == nil || !w.Held || w.Ours {
		return
	}
	p.kept.flags = nil // read anew
	if fault := p.letRolloutGo(ctx, p.cpp.Spec.APIServer.TargetRef, "its template is somebody else's by now"); fault != nil {
		p.set(v1alpha1.ConditionFlagsManaged, metav1.ConditionFalse, fault.Reason, fault.Message)
	}
}
