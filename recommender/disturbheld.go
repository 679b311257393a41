// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// disturbSeen is this look as the plan of disruptive steps takes it.
func (d *pass) disturbSeen() rollout.Seen {
	s := rollout.Seen{
		Subjects: d.subjects(), Wanted: map[sizing.Component]int{sizing.APIServer: d.seen.Host.Wanted[sizing.APIServer]},
		NoSpace: d.onlyNoSpace(), Windows: d.profile.Windows, Paused: d.profile.Paused, LeaderMoved: d.memory.Sizes.LeaderMoved,
		Blocked: map[sizing.Component]string{}, Rolling: d.rolling(),
	}
	if len(d.seen.Members) > 0 { // else nothing is known of them
		s.Wanted[sizing.Etcd] = d.seen.Host.Wanted[sizing.Etcd]
	}
	for _, c := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
		if d.guardedTwice(c) {
			s.Blocked[c] = "a pod of it is under more than one disruption budget: the API evicts none that is"
		}
	}
	for _, b := range d.seen.Host.Budgets {
		if b.Allowed <= 0 {
			s.Blocked[b.Component] = fmt.Sprintf("the disruption budget %s allows no eviction now (%d of %d are healthy, %d must be)", b.Name, b.Healthy, b.Expected, b.Desired)
		}
	}
	if r := d.memory.Sizes.Resizing; r != nil {
		s.Held = append(s.Held, r.Pod+" is being resized")
	}
	for _, c := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
		if why := s.Rolling[c]; why != "" {
			s.Wait = append(s.Wait, why)
		}
	}
	if w := d.seen.Workload; w != nil && w.Short {
		s.Wait = append(s.Wait, w.Name+" has fewer replicas available than it is to have")
	}
	if d.sight.blind() {
		s.Wait = append(s.Wait, "not every replica is seen: "+d.sight.faults[0].Message)
	}
	if d.late() {
		s.Wait = append(s.Wait, "requests are late")
	}
	if why := d.strained(); why != "" {
		s.Wait = append(s.Wait, why)
	}
	return s
}

// guardedTwice tells whether a pod of a component is under two disruption budgets.
func (d *pass) guardedTwice(c sizing.Component) bool {
	budgets, covers := 0, 0
	for _, b := range d.seen.Host.Budgets {
		if b.Component == c && b.Covers > 0 {
			budgets, covers = budgets+1, covers+b.Covers
		}
	}
	return budgets > 1 && covers > len(d.podsOf(c))
}

// rolling says of each component whose pods are being replaced by those of another template,
// by Evenkeel or by anybody else, that they are.
func (d *pass) rolling() map[sizing.Component]string {
	out := map[sizing.Component]string{}
	if w := d.seen.Workload; w != nil && w.Rolling {
		out[sizing.APIServer] = w.Name + " is being rolled out"
	}
	for c, w := range d.seen.Host.Workloads {
		if w.Rolling {
			out[c] = w.Kind + " " + w.Name + " is being rolled out"
		}
	}
	return out
}

// disturbing is the plan of disruptive steps, to be shown.
func (d *pass) disturbing(decided rollout.Decision) plane.Disturbing {
	state := d.memory.Disturb.State
	out := plane.Disturbing{State: plane.PlanIdle, Reason: v1alpha1.ReasonAsExpected, Why: decided.Why, Due: decided.Due}
	switch {
	case state.Under != nil:
		step := state.Under.Step
		out.State, out.Reason, out.UnderWay = plane.PlanUnderWay, v1alpha1.ReasonStepBegun, &step
		if decided.Paused {
			out.State, out.Reason = plane.PlanPaused, v1alpha1.ReasonPlanPaused
		}
	case d.now.Before(state.Stopped):
		out.State, out.Reason = plane.PlanStopped, v1alpha1.ReasonPlanStopped
		out.Why = fmt.Sprintf("%s; nothing that can wait begins before %s", state.StoppedWhy, clock(state.Stopped))
	case len(decided.Due) > 0:
		out.State, out.Reason = plane.PlanWaiting, v1alpha1.ReasonStepsWait
		if d.noLeaderElse != "" {
			out.Why = d.noLeaderElse
		}
		if open, _ := rollout.Open(d.profile.Windows, d.now); !open {
			out.Reason = v1alpha1.ReasonWindowClosed
		}
		if d.profile.Paused {
			out.Reason = v1alpha1.ReasonPaused
		}
	}
	return out
}

// planProceeds tells whether what is due goes on.
func (d *pass) planProceeds() plane.Finding {
	p := d.plan.Disturbing
	f := plane.Finding{Condition: v1alpha1.ConditionPlanProceeds, Reason: p.Reason}
	switch p.State {
	case plane.PlanUnderWay:
		f.True = true
		f.Message = fmt.Sprintf("the %s of %s is under way since %s: %s", kindWords[p.UnderWay.Kind], p.UnderWay.Pod, clock(d.memory.Disturb.State.Under.Began), p.Why)
	case plane.PlanPaused:
		f.Unknown = true
		f.Message = fmt.Sprintf("the %s of %s is under way and cannot be judged: %s; nothing else begins", kindWords[p.UnderWay.Kind], p.UnderWay.Pod, p.Why)
	case plane.PlanStopped:
		f.Message = p.Why
	case plane.PlanWaiting:
		next := p.Due[0]
		f.Message = fmt.Sprintf("%d disruptive steps are due, the next is the %s of %s (%s); it waits: %s", len(p.Due), kindWords[next.Kind], next.Pod, next.Why, p.Why)
	case plane.PlanIdle:
		f.True, f.Message = true, "no disruptive step is due"
	}
	return f
}
