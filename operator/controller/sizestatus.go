// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// sizeMoved is by how much a target or a bound must move, in parts of it, to be written
// for its own sake. They never stand still.
const sizeMoved = 0.05

// sizes are the plan's sizes as the status has them.
func (p *pass) sizes() []v1alpha1.SizeStatus {
	var out []v1alpha1.SizeStatus
	for _, s := range p.plan.Sizes {
		container := p.cpp.Spec.APIServer.Container
		if s.Component == sizing.Etcd && p.cpp.Spec.Etcd != nil {
			container = p.cpp.Spec.Etcd.Container
		}
		status := v1alpha1.SizeStatus{
			Component: v1alpha1.Component(s.Component), Container: container,
			Target:     resourceSize(plane.Amounts{CPU: s.CPU.Target, Memory: s.Memory.Target}),
			LowerBound: resourceSize(plane.Amounts{CPU: s.CPU.Lower, Memory: s.Memory.Lower}),
			UpperBound: resourceSize(plane.Amounts{CPU: s.CPU.Upper, Memory: s.Memory.Upper}),
			Uncapped:   resourceSize(plane.Amounts{CPU: s.CPU.Uncapped, Memory: s.Memory.Uncapped}),
			Message:    v1alpha1.Fit(s.Why, longText),
		}
		for _, pod := range p.snapshot.Sizes.Pods {
			if pod.Component == s.Component && len(status.Pods) < mostReplicas {
				status.Pods = append(status.Pods, podSize(pod))
			}
		}
		out = append(out, status)
	}
	return out
}

func podSize(pod plane.SizedPod) v1alpha1.PodSizeStatus {
	s := v1alpha1.PodSizeStatus{Name: pod.Pod, Requests: resourceSize(pod.Requested)}
	if pod.Fault != nil {
		s.Message = v1alpha1.Fit(pod.Fault.Message, lineText)
		return s
	}
	if state := pod.Resize.State; state != plane.ResizeSettled {
		s.State, s.Message = string(state), v1alpha1.Fit(pod.Resize.Message, lineText)
		if !pod.Resize.Since.IsZero() {
			s.Since = &metav1.Time{Time: pod.Resize.Since.Truncate(time.Second)}
		}
	}
	return s
}

// resourceSize is a size in whole millicores and mebibytes.
func resourceSize(a plane.Amounts) v1alpha1.ResourceSize {
	var s v1alpha1.ResourceSize
	if a.CPU > 0 {
		s.CPU = resource.NewMilliQuantity(int64(math.Round(1000*sizing.Round(sizing.CPU, a.CPU))), resource.DecimalSI)
	}
	if a.Memory > 0 {
		s.Memory = resource.NewQuantity(int64(sizing.Round(sizing.Memory, a.Memory)), resource.BinarySI)
	}
	return s
}

// stillSizes are sizes as they were written where nothing of them has moved by much.
func stillSizes(now, was []v1alpha1.SizeStatus) []v1alpha1.SizeStatus {
	out := make([]v1alpha1.SizeStatus, 0, len(now))
	for _, n := range now {
		for _, w := range was {
			if w.Component == n.Component && w.Container == n.Container && near(n.Target, w.Target) && near(n.LowerBound, w.LowerBound) &&
				near(n.UpperBound, w.UpperBound) && near(n.Uncapped, w.Uncapped) {
				pods := n.Pods
				n = w
				n.Pods = pods
				break
			}
		}
		out = append(out, n)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func near(a, b v1alpha1.ResourceSize) bool {
	return alike(a.CPU, b.CPU) && alike(a.Memory, b.Memory)
}

// alike tells whether two amounts are the same but for what is not worth a write.
func alike(a, b *resource.Quantity) bool {
	x, y := amountOf(a), amountOf(b)
	return math.Abs(x-y) <= sizeMoved*max(x, y)
}
