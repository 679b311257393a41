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
// were. The cache holds no templates, as a host cluster has thousands; it tells when
// one has changed, and only then is it read. What goes wrong never ends the pass.
func (p *pass) readFlags(ctx context.Context) error {
	if p.cpp.Spec.APIServer.Flags != v1alpha1.FlagsManage && !p.workloadNow.written {
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
func (p *pass) flagsTarget() inflight.Target {
	spec := p.cpp.Spec.APIServer
	t := inflight.Target{Kind: spec.TargetRef.Kind, Container: spec.Container}
	at := metav1.ObjectMeta{Namespace: p.cpp.Namespace, Name: spec.TargetRef.Name}
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
	if step.Kind == plane.HoldRollout || step.Kind == plane.GoOnRollout {
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
		return // it is gone, and its flags with it
	}
	if inflight.Look(t.Object, t.Kind, t.Container).Held {
		if fault := inflight.Hold(ctx, p.r.Host, p.r.Client, p.flagsTarget(), plane.Step{Kind: plane.GoOnRollout}); fault != nil {
			p.event(corev1.EventTypeWarning, fault.Reason, "GoOn", fault.Message)
		}
	}
	if kept := inflight.Kept(inflight.Look(t.Object, t.Kind, t.Container)); kept != "" {
		p.event(corev1.EventTypeNormal, v1alpha1.ReasonFlagsKept, "Keep", kept)
	}
}
