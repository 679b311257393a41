// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/monitoring/series"
	"evenkeel.dev/evenkeel/operator/observe"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// pass is one pass over one control plane.
type pass struct {
	r    *Reconciler
	cpp  *v1alpha1.ControlPlaneProfile
	kept *kept
	now  time.Time
	// status is what is to be written.
	status *v1alpha1.ControlPlaneProfileStatus

	targets []observe.Target
	// arguments are the command and arguments of each replica that runs.
	arguments [][]string
	// workloadNow is the apiservers' workload, as the cache has it.
	workloadNow workload

	// resources is the resource profile that the spec names; nil without one.
	resources *sizing.Profile

	tenant   Tenant
	snapshot plane.Snapshot
	// readyMembers is how many of etcd's pods are ready, where members are to be looked at.
	readyMembers int
	plan         plane.Plan
	outcomes     []plane.Outcome
	// recorded are the decisions of this pass, as the status has them.
	recorded []v1alpha1.DecisionStatus
	// cared is what became of what was done to etcd beside the passes.
	cared []plane.Outcome
	// fault ended the pass before anything was decided.
	fault *plane.Fault
}

// faultError is a fault on its way out of a step.
type faultError struct{ plane.Fault }

func (e *faultError) Error() string { return e.Reason + ": " + e.Message }

// fault makes the error of a step that cannot go on.
func fault(reason, format string, args ...any) error {
	return &faultError{plane.Fault{Reason: reason, Message: fmt.Sprintf(format, args...)}}
}

func asFault(err error) (plane.Fault, bool) {
	if f, ok := errors.AsType[*faultError](err); ok {
		return f.Fault, true
	}
	return plane.Fault{}, false
}

// observe looks at every replica and at the tenant's flow control.
func (p *pass) observe(ctx context.Context) error {
	began := time.Now()
	p.tenant.Retarget(p.targets)
	// Both at once: in a storm each takes its time, and the storm goes on.
	var looks sync.WaitGroup
	closer := p.kept.alarmed.Swap(false) || p.kept.lookCloser
	seeMembers := p.membersBeside(ctx, closer)
	looks.Go(func() { p.readConfig(ctx, closer) })
	p.snapshot.Replicas = p.tenant.Look(ctx, p.now, closer)
	looks.Wait()
	seeMembers()
	p.now = p.r.Now() // a look takes time: decide by when it was over
	p.kept.turnedDown = slices.ContainsFunc(p.snapshot.Replicas, func(r plane.Replica) bool {
		return r.Fault != nil && turnsDown(r.Fault.Reason)
	})
	measured.ObserveOwn(series.Observe, time.Since(began).Seconds())
	return nil
}

// configFresh is how old the flow control may be while looks follow each other
// closely. Whoever writes is checked again by the write itself.
const configFresh = 3 * time.Second

// readConfig reads the tenant's flow control, unless it was read only just.
func (p *pass) readConfig(ctx context.Context, closer bool) {
	if closer && p.kept.config != nil && p.now.Sub(p.kept.configAt) < configFresh {
		p.snapshot.Config = p.kept.config
		return
	}
	p.snapshot.Config, p.snapshot.ConfigFault = p.tenant.ReadConfig(ctx)
	p.kept.config, p.kept.configAt = p.snapshot.Config, p.now
}

// decide asks the recommender. What became of the steps before is taken only now: a pass that
// ends earlier leaves it for the next.
func (p *pass) decide(ctx context.Context) error {
	p.cared = p.kept.care.take()
	p.snapshot.Outcomes, p.kept.outcomes = append(p.kept.outcomes, p.cared...), nil
	before, profile := p.kept.memory.Line.Looked.At, p.profile()
	p.careStops(profile)
	p.plan, p.kept.memory = p.r.Decide(p.snapshot, profile, p.kept.memory, p.now)
	if l := p.kept.memory.Line; l.Looked.At.After(before) {
		log.FromContext(ctx).V(1).Info("Looked at a window of the load line", "seats", l.Seats, "window", l.Looked)
	}
	p.kept.lookCloser = p.plan.LookCloser
	return nil
}

// carryOut applies the plan's steps in their order. What becomes of them goes
// into the status now and into the next snapshot.
func (p *pass) carryOut(ctx context.Context) error {
	var divided *plane.Fault
	for _, step := range p.plan.Steps {
		outcome := plane.Outcome{Kind: step.Kind}
		switch {
		case step.Apply && step.Kind == plane.SetBallast && divided != nil:
			// It was made for shares that the levels do not have.
			outcome.Name, outcome.Fault = step.About(), divided
			p.kept.outcomes = append(p.kept.outcomes, outcome)
		case step.Apply:
			began := p.r.Now()
			outcome = p.apply(ctx, step)
			logStep(ctx, step, outcome, began)
			p.kept.outcomes = append(p.kept.outcomes, outcome)
			if step.Kind == plane.SetShares {
				divided = outcome.Fault
			}
		}
		p.outcomes = append(p.outcomes, outcome)
	}
	p.report()
	return nil
}

// apply carries a step out where it belongs: the flags, the sizes and the floor stand in
// the host cluster, etcd is asked itself, all else is in the tenant.
func (p *pass) apply(ctx context.Context, step plane.Step) plane.Outcome {
	if step.Flags != nil {
		return p.writeFlags(ctx, step)
	}
	if step.Size != nil {
		return p.applySize(ctx, step)
	}
	if step.Etcd != nil {
		return p.applyEtcd(ctx, step)
	}
	if step.Floor != nil {
		return p.setFloor(ctx, step)
	}
	p.kept.config = nil
	return p.tenant.Apply(ctx, step, p.snapshot.Replicas, p.r.Now)
}

// logStep keeps a step and how long it took for whoever reads the log; people who
// use a profile read its status and events.
func logStep(ctx context.Context, step plane.Step, o plane.Outcome, began time.Time) {
	l := log.FromContext(ctx).WithValues("step", step.Kind, "reason", step.Reason.Code, "name", o.Name)
	if o.Fault != nil {
		l.Info("A step failed", "fault", o.Fault.Reason, "message", o.Fault.Message)
		return
	}
	l = l.WithValues("writtenAfter", o.Written.Sub(began).String())
	if !o.InForce.IsZero() {
		l = l.WithValues("inForceAfter", o.InForce.Sub(began).String())
	}
	l.Info("Carried a step out")
}

// hold says why nothing was decided. What is known from before stays in the
// status; the conditions no longer vouch for it.
func (p *pass) hold(f plane.Fault) {
	p.fault = &f
	p.kept.lookCloser = false
	// A target or credentials that are not there any more are not asked either.
	p.kept.close()
	if p.status.Availability != nil { // nothing is promised of what is not seen
		p.status.Availability = &v1alpha1.AvailabilityStatus{Message: v1alpha1.Fit("it is not known what can be promised: "+f.Message, longText)}
	}
	p.set(v1alpha1.ConditionReady, metav1.ConditionFalse, f.Reason, f.Message)
	for _, c := range []string{
		v1alpha1.ConditionObserved, v1alpha1.ConditionLoadLineInForce, v1alpha1.ConditionOffenderFound, v1alpha1.ConditionProtected,
		v1alpha1.ConditionCeilingReached, v1alpha1.ConditionReplicasAlike, v1alpha1.ConditionVersionKnown,
		v1alpha1.ConditionEtcdHealthy, v1alpha1.ConditionSharesInForce, v1alpha1.ConditionFlagsManaged,
		v1alpha1.ConditionSized, v1alpha1.ConditionUsageSeen, v1alpha1.ConditionPlanProceeds,
		v1alpha1.ConditionZonesSpread, v1alpha1.ConditionEtcdKept,
	} {
		p.set(c, metav1.ConditionUnknown, f.Reason, "held as it is: "+f.Message)
	}
	p.holdScaler(f)
	if p.keepsVPAs() { // else it has been said that there are none
		p.set(v1alpha1.ConditionVPAKept, metav1.ConditionUnknown, f.Reason, "held as it is: "+f.Message)
	}
}

func (p *pass) set(condition string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&p.status.Conditions, metav1.Condition{
		Type: condition, Status: status, Reason: reason, Message: v1alpha1.Fit(message, longText), ObservedGeneration: p.cpp.Generation,
		// In whole seconds, as it comes back from the API: else it would never equal
		// what was written.
		LastTransitionTime: metav1.NewTime(p.now.Truncate(time.Second)),
	})
}

// next is when to look again.
func (p *pass) next() time.Duration {
	if p.plan.LookCloser {
		return p.r.Options.FastTick
	}
	if p.plan.LookSooner {
		return p.r.Options.Tick / 2
	}
	return p.r.Options.Tick
}
