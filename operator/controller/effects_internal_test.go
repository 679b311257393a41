// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// effecting is a control plane of which only decisions and the budget are looked at.
type effecting struct {
	r    *Reconciler
	cpp  *v1alpha1.ControlPlaneProfile
	kept kept
}

func newEffecting() *effecting {
	return &effecting{
		r:   &Reconciler{History: history.New()},
		cpp: &v1alpha1.ControlPlaneProfile{ObjectMeta: metav1.ObjectMeta{Namespace: "tenant-acme", Name: "acme"}},
	}
}

// clock is a time of the day on which all of it happens.
func clock(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateTime, "2026-11-26 "+text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// tried is a step that is to be carried out, with what came of it.
func tried(message string, fault *plane.Fault) (plane.Step, plane.Outcome) {
	return plane.Step{Kind: plane.SetBallast, Apply: true, Reason: plane.Reason{Code: v1alpha1.ReasonLoadLineHeld, Message: message}}, plane.Outcome{Fault: fault}
}

// pass is a pass at a time, with so much of the budget left, in which steps are recorded.
func (e *effecting) pass(now time.Time, left string, records func(p *pass)) {
	p := &pass{r: e.r, cpp: e.cpp, kept: &e.kept, now: now, status: e.cpp.Status.DeepCopy()}
	records(p)
	p.effects(left)
	e.cpp.Status = *p.status
	for i := range p.recorded {
		p.rememberDecision(&p.recorded[i])
	}
}

// figures are those that the status shows of each of its decisions, the newest first.
func (e *effecting) figures() (all []history.Effect) {
	for _, d := range e.cpp.Status.Decisions {
		all = append(all, history.Effect{Before: d.BudgetBefore, After: d.BudgetAfter})
	}
	return all
}

// remembered are those that the memory of what happened has, the newest first.
func (e *effecting) remembered() (all []history.Effect) {
	for _, one := range e.r.History.Events((&pass{cpp: e.cpp}).key()) {
		all = append([]history.Effect{one.Effect}, all...)
	}
	return all
}

// A decision that was carried out shows the budget before it and five minutes after, and one
// that was only shown, or was carried out when nobody looked at the budget, does not.
func TestWhatADecisionLeavesOfTheBudget(t *testing.T) {
	e := newEffecting()
	old := v1alpha1.DecisionStatus{Time: metav1.NewMicroTime(clock(t, "13:00:00")), Applied: true} // of a version that did not say when
	e.cpp.Status.Decisions = []v1alpha1.DecisionStatus{old}
	e.pass(clock(t, "14:00:00"), "61%", func(p *pass) {
		shown, o := tried("only shown", nil)
		shown.Apply = false
		p.record(shown, o)
		p.record(tried("carried out", nil))
	})
	for _, one := range []struct{ now, left, after string }{
		{"14:04:59", "55%", ""}, {"14:05:00", "50%", "50%"}, {"14:06:00", "40%", "50%"},
	} {
		e.pass(clock(t, one.now), one.left, func(*pass) {})
		if diff := cmp.Diff([]history.Effect{{Before: "61%", After: one.after}, {}, {}}, e.figures()); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", one.now, diff)
		}
	}
}

// One that fails at first is reckoned from when it is carried out, be that long after it was
// taken or just before the first figure would have been the second.
func TestADecisionThatIsTriedAgain(t *testing.T) {
	failed := &plane.Fault{Reason: "ReplicaTimeout", Message: "no answer within 2 s"}
	for name, c := range map[string]struct {
		first                  *plane.Fault
		applied, notYet, after string
	}{
		"long after it was taken":      {failed, "14:06:00", "14:10:59", "14:11:00"},
		"a moment before five minutes": {failed, "14:04:58", "14:09:57", "14:09:58"},
		"for the second time":          {nil, "14:03:00", "14:07:59", "14:08:00"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEffecting()
			e.pass(clock(t, "14:00:00"), "61%", func(p *pass) { p.record(tried("a line", c.first)) })
			e.pass(clock(t, "14:00:05"), "60%", func(p *pass) { p.record(tried("a line", failed)) })
			if d := e.cpp.Status.Decisions[0]; d.AppliedAt != nil || d.BudgetBefore != "" || e.remembered()[0].Before != "" {
				t.Errorf("what has failed was carried out: %+v", d)
			}
			e.pass(clock(t, c.applied), "58%", func(p *pass) { p.record(tried("a line", nil)) })
			e.pass(clock(t, c.notYet), "52%", func(*pass) {})
			want := []history.Effect{{Before: "58%"}}
			if d := e.cpp.Status.Decisions[0]; !d.AppliedAt.Time.Equal(clock(t, c.applied)) || !d.Time.Time.Equal(clock(t, "14:00:00")) {
				t.Errorf("taken at %s, it was carried out at %s", d.Time, d.AppliedAt)
			}
			if diff := cmp.Diff([][]history.Effect{want, want}, [][]history.Effect{e.figures(), e.remembered()}); diff != "" {
				t.Errorf("at %s (-want +got):\n%s", c.notYet, diff)
			}
			e.pass(clock(t, c.after), "50%", func(*pass) {})
			want[0].After = "50%"
			if diff := cmp.Diff([][]history.Effect{want, want}, [][]history.Effect{e.figures(), e.remembered()}); diff != "" {
				t.Errorf("at %s (-want +got):\n%s", c.after, diff)
			}
		})
	}
}

// More decisions than the status holds, in one pass and one after the other, push none out of
// its figures: the memory of what happened has both of each.
func TestMoreDecisionsThanTheStatusHolds(t *testing.T) {
	e := newEffecting()
	const atOnce, more = mostDecisions + 5, mostDecisions
	e.pass(clock(t, "14:00:00"), "61%", func(p *pass) {
		for i := range atOnce {
			p.record(tried(fmt.Sprintf("at once, number %d", i), nil))
		}
	})
	for i := range more {
		e.pass(clock(t, "14:01:00").Add(time.Duration(i)*5*time.Second), "60%", func(p *pass) { p.record(tried(fmt.Sprintf("number %d", i), nil)) })
	}
	e.pass(clock(t, "14:05:00"), "55%", func(*pass) {})
	e.pass(clock(t, "14:08:00"), "50%", func(*pass) {})
	var want []history.Effect
	for range more {
		want = append(want, history.Effect{Before: "60%", After: "50%"})
	}
	if diff := cmp.Diff(want, e.figures()); diff != "" {
		t.Errorf("the status (-want +got):\n%s", diff)
	}
	for range atOnce {
		want = append(want, history.Effect{Before: "61%", After: "55%"})
	}
	if diff := cmp.Diff(want, e.remembered()); diff != "" {
		t.Errorf("what is remembered (-want +got):\n%s", diff)
	}
}

// What came of a decision that is carried out beside the passes is remembered as the status
// has it.
func TestWhatCameOfWhatWasOrdered(t *testing.T) {
	e := newEffecting()
	e.pass(clock(t, "14:00:00"), "61%", func(p *pass) {
		step, o := tried("defragment etcd-0", nil)
		step.Kind, step.Etcd = plane.Defragment, &plane.EtcdStep{}
		p.record(step, o)
	})
	e.pass(clock(t, "14:00:20"), "61%", func(p *pass) {
		p.amend(plane.Outcome{Kind: plane.Defragment, Fault: &plane.Fault{Reason: "MembersUnseen", Message: "no answer"}})
	})
	got := e.r.History.Events((&pass{cpp: e.cpp}).key())
	if len(got) != 1 || got[0].Applied || got[0].Outcome != "MembersUnseen: no answer" || got[0].Effect != (history.Effect{}) {
		t.Errorf("%+v", got)
	}
}
