// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

// mostSteps bounds the steps that are shown, as the CRD does.
const mostSteps = 20

// planStatus is the plan of disruptive steps as people see it.
func (p *pass) planStatus() *v1alpha1.PlanStatus {
	d := p.plan.Disturbing
	if d.State == "" || d.State == plane.PlanIdle {
		return nil
	}
	out := &v1alpha1.PlanStatus{State: string(d.State), Message: v1alpha1.Fit(d.Why, longText)}
	if d.UnderWay != nil {
		out.Steps = append(out.Steps, stepStatus(*d.UnderWay))
	}
	for _, s := range d.Due[:min(mostSteps-1, len(d.Due))] {
		if d.UnderWay == nil || s.UID != d.UnderWay.UID || s.Kind != d.UnderWay.Kind {
			out.Steps = append(out.Steps, stepStatus(s))
		}
	}
	return out
}

func stepStatus(s rollout.Step) v1alpha1.PlanStepStatus {
	return v1alpha1.PlanStepStatus{Step: string(s.Kind), Pod: s.Pod, Zone: s.Zone, Message: v1alpha1.Fit(s.Why, lineText)}
}
