// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// repeated is how long the same decision, taken again and again, stays one.
const repeated = 10 * time.Minute

// underWay is the outcome of a decision that is carried out beside the passes, until it is
// over.
const underWay = "ordered, and not over yet"

// shownOnly is the outcome of a decision that the profile's mode does not let be carried out.
const shownOnly = "shown only"

// record puts a decision on top of the list. One that is tried again, or taken
// again a short while after, is not listed twice: its outcome is what is new.
func (p *pass) record(step plane.Step, o plane.Outcome) {
	d := v1alpha1.DecisionStatus{
		Time: p.moment(), Step: string(step.Kind), Reason: step.Reason.Code,
		Message:  v1alpha1.Fit(step.Reason.Message, longText),
		Evidence: cutAll(step.Reason.Evidence, mostEvidence), Rejected: cutAll(step.Reason.Rejected, mostRejected),
	}
	p.came(&d, step.Apply && o.Fault == nil, outcome(step, o))
	for i := range p.status.Decisions {
		same := &p.status.Decisions[i]
		if same.Step != d.Step || same.Reason != d.Reason || same.Message != d.Message || p.now.Sub(same.Time.Time) > repeated {
			continue
		}
		anew := p.came(same, d.Applied, d.Outcome)
		p.recorded = append(p.recorded, *same.DeepCopy())
		if anew {
			p.kept.news = append(p.kept.news, *same.DeepCopy())
		}
		return
	}
	p.kept.news = append(p.kept.news, *d.DeepCopy())
	p.recorded = append(p.recorded, *d.DeepCopy())
	p.status.Decisions = append([]v1alpha1.DecisionStatus{d}, p.status.Decisions...)
	p.status.Decisions = p.status.Decisions[:min(mostDecisions, len(p.status.Decisions))]
}

// came notes what came of a decision, and tells whether it is carried out now and was not
// before, or the other way round. One that failed and is carried out after all was so just now,
// whenever it was taken: what it leaves of the budget is reckoned from there.
func (p *pass) came(d *v1alpha1.DecisionStatus, applied bool, outcome string) (anew bool) {
	anew = d.Applied != applied
	d.Applied, d.Outcome = applied, v1alpha1.Fit(outcome, lineText)
	if !anew {
		return false
	}
	d.AppliedAt, d.BudgetBefore, d.BudgetAfter = nil, "", ""
	if applied {
		d.AppliedAt = new(p.moment())
	}
	return true
}

// moment is the time of this pass as the API has it.
func (p *pass) moment() metav1.MicroTime {
	return metav1.NewMicroTime(p.now.Truncate(time.Microsecond))
}

// outcome is what became of a step, in words.
func outcome(step plane.Step, o plane.Outcome) string {
	switch {
	case !step.Apply:
		return shownOnly
	case o.Fault != nil:
		return o.Fault.Reason + ": " + o.Fault.Message
	case o.InForce.IsZero() && step.Etcd != nil:
		return underWay
	case o.InForce.IsZero():
		return "written"
	default:
		return fmt.Sprintf("in force on every ready replica %d ms after the write", o.InForce.Sub(o.Written).Milliseconds())
	}
}

func cutAll(lines []string, most int) []string {
	var out []string
	for _, l := range lines[:min(most, len(lines))] {
		out = append(out, v1alpha1.Fit(l, lineText))
	}
	return out
}
