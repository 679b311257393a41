// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/vpa"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// vpasEvery is how often the VerticalPodAutoscalers are looked at when nothing has been
// decided anew: a thousand control planes have two each.
const vpasEvery = 5 * time.Minute

// keepVPAs keeps a VerticalPodAutoscaler for each component whose size is decided, so that
// new pods begin with it and other tools show it. It fails no pass.
func (p *pass) keepVPAs(ctx context.Context) error {
	spec := p.cpp.Spec.Sizing
	switch {
	case p.sizingMode() != plane.Enforce || spec.VerticalPodAutoscaler == v1alpha1.VPAOff:
		p.set(v1alpha1.ConditionVPAKept, metav1.ConditionFalse, v1alpha1.ReasonOff, "no VerticalPodAutoscaler is kept: the mode of sizes is not Enforce, or spec.sizing.verticalPodAutoscaler is Off")
		return nil
	case len(p.plan.Sizes) == 0 || p.paused():
		return nil
	}
	var wants []string
	for _, s := range p.plan.Sizes {
		wants = append(wants, fmt.Sprintf("%s %s", s.Component, s.Want))
	}
	want := strings.Join(wants, ", ")
	if want == p.kept.vpaWant && p.now.Sub(p.kept.vpaAt) < vpasEvery {
		return nil
	}
	p.kept.vpaAt, p.kept.vpaWant = p.now, want
	for _, s := range p.plan.Sizes {
		if fault := p.keepVPA(ctx, s); fault != nil {
			p.set(v1alpha1.ConditionVPAKept, metav1.ConditionFalse, fault.Reason, fault.Message)
			return nil
		}
	}
	p.set(v1alpha1.ConditionVPAKept, metav1.ConditionTrue, v1alpha1.ReasonAsExpected, "the VerticalPodAutoscalers tell "+want)
	return nil
}

func (p *pass) keepVPA(ctx context.Context, s plane.SizePlan) *plane.Fault {
	o := vpa.Owned{Profile: p.cpp, Component: s.Component, Target: p.cpp.Spec.APIServer.TargetRef, Container: p.cpp.Spec.APIServer.Container}
	if etcd := p.cpp.Spec.Etcd; s.Component == sizing.Etcd && etcd != nil {
		o.Target, o.Container = etcd.TargetRef, etcd.Container
	}
	v, fault := o.Ensure(ctx, p.r.Client, p.r.Host)
	if fault != nil {
		return fault
	}
	status := vpa.StatusOf(v, o.Container, s, p.now)
	if !vpa.Changed(&v.Status, &status) {
		return nil
	}
	if err := vpa.Write(ctx, p.r.Client, v, status); err != nil {
		return &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: err.Error()}
	}
	return nil
}
