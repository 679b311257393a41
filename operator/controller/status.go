// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// The bounds of the CRD.
const (
	mostDecisions = 20
	mostOffenders = 40
	mostReplicas  = 64
	mostEvidence  = 16
	mostRejected  = 8
	longText      = 1024
	lineText      = 512
)

// report turns the plan and what became of it into the status.
func (p *pass) report() {
	for _, f := range p.plan.Findings {
		status := metav1.ConditionFalse
		switch {
		case f.Unknown:
			status = metav1.ConditionUnknown
		case f.True:
			status = metav1.ConditionTrue
		}
		p.set(f.Condition, status, f.Reason, f.Message)
	}
	line := p.plan.LoadLine
	p.status.LoadLine = nil
	if line.Ceiling > 0 {
		p.status.LoadLine = &v1alpha1.LoadLineStatus{
			Seats: int32(line.Seats), Ceiling: int32(line.Ceiling), //nolint:gosec // thousands at the most
			Summary: fmt.Sprintf("%d of %d", line.Seats, line.Ceiling),
			Used:    fmt.Sprintf("%d%%", p.usage()),
		}
	}
	p.status.Replicas = p.replicas()
	p.status.Sizes = p.sizes()
	p.status.Plan = p.planStatus()
	p.status.Availability = p.availability()
	p.reportWindows()
	p.status.Members = p.members()
	p.status.Scale = p.scale()
	p.status.Offenders, p.status.Jailed = p.offenders()
	for _, o := range p.cared {
		p.amend(o)
	}
	for i, step := range p.plan.Steps {
		p.record(step, p.outcomes[i])
	}
}

func (p *pass) replicas() []v1alpha1.ReplicaStatus {
	was := map[string]*metav1.Time{}
	for _, r := range p.status.Replicas {
		was[r.Name] = r.LastObserved
	}
	var out []v1alpha1.ReplicaStatus
	for _, r := range p.snapshot.Replicas[:min(mostReplicas, len(p.snapshot.Replicas))] {
		s := v1alpha1.ReplicaStatus{Name: r.Name, Zone: r.Zone, Ready: r.Ready, LastObserved: was[r.Name]}
		if r.Fault != nil {
			s.Fault = v1alpha1.Fit(r.Fault.Reason+": "+r.Fault.Message, lineText)
		} else if !r.Observed.IsZero() {
			s.LastObserved = &metav1.Time{Time: r.Observed.Truncate(time.Second)}
		}
		held := 0
		for _, l := range r.Levels {
			if l.Name != "exempt" {
				s.UsedSeats += int32(l.Executing) //nolint:gosec // thousands at the most
			}
			if l.Name == seats.BallastName && p.hasBallast() {
				held = l.Nominal
			}
		}
		s.LoadLine = int32(max(0, r.Ceiling-held)) //nolint:gosec // thousands at the most
		out = append(out, s)
	}
	return out
}

// hasBallast tells whether the ballast exists: the gauges of a deleted level stay
// on a replica's page.
func (p *pass) hasBallast() bool {
	return p.snapshot.Config != nil && slices.ContainsFunc(p.snapshot.Config.Levels, func(l plane.Level) bool { return l.Name == seats.BallastName && l.Own })
}

func (p *pass) offenders() (out []v1alpha1.OffenderStatus, jailed int32) {
	for _, s := range p.plan.Offenders {
		o := v1alpha1.OffenderStatus{
			Name: s.Name, Client: v1alpha1.Fit(s.Client.String(), longText), Phase: v1alpha1.OffenderPhase(s.Phase),
			Sentences: int32(s.Count), Message: v1alpha1.Fit(s.Reason, longText), //nolint:gosec // a handful
		}
		if s.Client.Verb == "" {
			o.Client = v1alpha1.Fit(s.Client.User, longText) // remembered from the status of a process before
		}
		if s.Phase != plane.PhaseCannotBeJailed && s.Grade.Kind != "" {
			o.Grade = s.Grade.String()
		}
		if !s.Since.IsZero() {
			o.Since = &metav1.Time{Time: s.Since.Truncate(time.Second)}
		}
		if !s.Until.IsZero() {
			o.Until = &metav1.Time{Time: s.Until.Truncate(time.Second)}
		}
		if inForce := p.inForce(s); !inForce.IsZero() {
			o.InForce = &metav1.MicroTime{Time: inForce.Truncate(time.Microsecond)}
		}
		if s.Active() {
			jailed++
		}
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b v1alpha1.OffenderStatus) int { return cmp.Compare(a.Name, b.Name) })
	return out[:min(mostOffenders, len(out))], jailed
}

// inForce is when a sentence was seen to be obeyed: what this very pass has read
// back is not in the recommender's memory yet.
func (p *pass) inForce(s plane.Sentence) time.Time {
	for _, o := range p.outcomes {
		if o.Name == s.Name && !o.InForce.IsZero() && s.Active() {
			return o.InForce
		}
	}
	return s.InForce
}
