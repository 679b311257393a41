// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/vpa"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// vpasEvery is how often the VerticalPodAutoscalers are looked at when nothing has been
// decided anew: a thousand control planes have two each.
const vpasEvery = 5 * time.Minute

// letGoAgain is how long is waited before letting go is tried again.
const letGoAgain = 10 * time.Second

// keepsVPAs tells whether the profile asks for VerticalPodAutoscalers.
func (p *pass) keepsVPAs() bool {
	return p.sizingMode() == plane.Enforce && p.cpp.Spec.Sizing.VerticalPodAutoscaler != v1alpha1.VPAOff
}

// dropVPAs lets go of the VerticalPodAutoscalers of a profile that asks for none: upstream
// would go on acting on the last size. It needs no tenant, so it comes before all that
// does. It fails no pass.
func (p *pass) dropVPAs(ctx context.Context) error {
	k := p.kept
	switch {
	case p.keepsVPAs():
		k.vpasGone = false
		return nil
	case p.paused() && !k.vpasGone:
		return nil
	case !k.vpasGone && p.now.Sub(k.vpasTried) >= letGoAgain:
		k.vpasTried, k.vpaWant = p.now, ""
		k.vpaFault = vpa.LetGo(ctx, p.r.Client, p.r.Host, p.cpp, nil, p.now)
		k.vpasGone = k.vpaFault == nil
	}
	if k.vpaFault != nil {
		p.set(v1alpha1.ConditionVPAKept, metav1.ConditionFalse, k.vpaFault.Reason, "the last size may still be acted on: "+k.vpaFault.Message)
		return nil
	}
	p.set(v1alpha1.ConditionVPAKept, metav1.ConditionFalse, v1alpha1.ReasonOff, "no VerticalPodAutoscaler is kept: the mode of sizes is not Enforce, or spec.sizing.verticalPodAutoscaler is Off")
	return nil
}

// keepVPAs keeps a VerticalPodAutoscaler for each component whose size is decided, so that
// new pods begin with it and other tools show it. It fails no pass.
func (p *pass) keepVPAs(ctx context.Context) error {
	if !p.keepsVPAs() || len(p.plan.Sizes) == 0 || p.paused() {
		return nil
	}
	wants := make([]string, 0, len(p.plan.Sizes))
	for _, s := range p.plan.Sizes {
		wants = append(wants, fmt.Sprintf("%s %s", s.Component, s.Want))
	}
	tell := strings.Join(wants, ", ")
	// A spec that has changed may name other targets and another way of applying sizes.
	if want := fmt.Sprintf("%d: %s", p.cpp.Generation, tell); want != p.kept.vpaWant || p.now.Sub(p.kept.vpaAt) >= vpasEvery {
		p.kept.vpaAt, p.kept.vpaWant = p.now, want
		p.kept.vpaFault = p.tellVPAs(ctx)
	}
	if fault := p.kept.vpaFault; fault != nil {
		p.set(v1alpha1.ConditionVPAKept, metav1.ConditionFalse, fault.Reason, fault.Message)
		return nil
	}
	p.set(v1alpha1.ConditionVPAKept, metav1.ConditionTrue, v1alpha1.ReasonAsExpected, "the VerticalPodAutoscalers tell "+tell)
	return nil
}

// tellVPAs makes sure of all VerticalPodAutoscalers, and lets go of those that are none
// any more: the component or the target is another one now, or another recommender has it.
// What of a component cannot be known now is left as it is.
func (p *pass) tellVPAs(ctx context.Context) (first *plane.Fault) {
	kept, unknown := map[types.UID]bool{}, []vpa.Owned{}
	for _, o := range p.ownedVPAs() {
		i := slices.IndexFunc(p.plan.Sizes, func(s plane.SizePlan) bool { return s.Component == o.Component })
		if i < 0 {
			unknown = append(unknown, o)
			continue
		}
		v, fault := p.tellVPA(ctx, o, p.plan.Sizes[i])
		if v != nil {
			kept[v.UID] = true
		} else if fault.Reason != v1alpha1.ReasonVPAConflict {
			unknown = append(unknown, o)
		}
		if first == nil {
			first = fault
		}
	}
	fault := vpa.LetGo(ctx, p.r.Client, p.r.Host, p.cpp, func(v *vpav1.VerticalPodAutoscaler) bool {
		return kept[v.UID] || slices.ContainsFunc(unknown, func(o vpa.Owned) bool { return o.Claims(v) })
	}, p.now)
	if first == nil {
		first = fault
	}
	return first
}

// ownedVPAs are those that the spec asks for.
func (p *pass) ownedVPAs() []vpa.Owned {
	server := p.cpp.Spec.APIServer
	all := []vpa.Owned{{Profile: p.cpp, Component: sizing.APIServer, Target: server.TargetRef, Container: server.Container}}
	if etcd := p.cpp.Spec.Etcd; etcd != nil {
		all = append(all, vpa.Owned{Profile: p.cpp, Component: sizing.Etcd, Target: etcd.TargetRef, Container: etcd.Container})
	}
	return all
}

// tellVPA has one VerticalPodAutoscaler tell a size.
func (p *pass) tellVPA(ctx context.Context, o vpa.Owned, s plane.SizePlan) (*vpav1.VerticalPodAutoscaler, *plane.Fault) {
	v, fault := o.Ensure(ctx, p.r.Client, p.r.Host)
	if v == nil {
		return nil, fault
	}
	if status := vpa.StatusOf(v, o.Container, s, p.now); vpa.Changed(&v.Status, &status) {
		if err := vpa.Write(ctx, p.r.Client, v, status); err != nil {
			return v, &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: err.Error()}
		}
	}
	return v, fault
}
