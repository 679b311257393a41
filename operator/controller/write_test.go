// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

func metaTime(t time.Time) *metav1.Time { return &metav1.Time{Time: t.Truncate(time.Second)} }

// When nothing changes, nothing is written, however often it is looked.
func TestTheStatusIsWrittenOnChangeAlone(t *testing.T) {
	w := newWorld(t)
	w.tenant.used = 30 // of 300: 10 %
	w.profile("acme", nil)
	w.start()
	w.awaitReady("acme", "True RecommendOnly")
	looks := w.tenant.count(func(f *tenant) int { return f.looks })
	w.awaitMore("looks", 5, looks)
	from := w.wire.writes()
	if from > 2 {
		t.Errorf("a calm profile's status was written %d times to begin with, want once or twice", from)
	}
	w.awaitMore("looks", 10, looks)
	w.tenant.with(func(f *tenant) { f.used = 45 }) // 15 %
	w.awaitMore("looks", 5, looks)
	if n := w.wire.writes() - from; n != 0 {
		t.Errorf("fifteen looks at a calm tenant wrote the status %d times, want none", n)
	}
	w.tenant.with(func(f *tenant) { f.used = 300 })
	w.await(func() string {
		if line := w.seen("acme").Status.LoadLine; line.Used != "100%" {
			return "used is " + line.Used + ", want 100%"
		}
		return ""
	})
	w.awaitMore("looks", 5, looks)
	if n := w.wire.writes() - from; n != 1 {
		t.Errorf("one change wrote the status %d times, want once", n)
	}
}

// What is decided while the status cannot be written is told when it can, and no
// event tells of it before.
func TestEventsComeAfterTheStatus(t *testing.T) {
	w := newWorld(t)
	decider := &recorded{}
	w.decide = decider.decide
	w.profile("acme", enforce)
	w.start()
	w.awaitReady("acme", "True AsExpected")
	w.wire.set(func(l *wire) { l.refuse = true })
	applied := w.tenant.count(func(f *tenant) int { return len(f.applied) })
	for i := range 3 {
		decider.plan(plane.Step{Kind: plane.SetBallast, Apply: true, Reason: plane.Reason{
			Code: v1alpha1.ReasonLoadLineHeld, Message: fmt.Sprintf("decision %d", i),
		}})
		w.awaitMore("applied steps", 1, applied)
	}
	w.awaitMore("looks", 3, w.tenant.count(func(f *tenant) int { return f.looks }))
	if all := strings.Join(w.events(), "\n"); strings.Contains(all, "decision") {
		t.Errorf("events tell of what is in no status:\n%s", all)
	}
	w.wire.set(func(l *wire) { l.refuse = false })
	w.await(func() string {
		var got []string
		for _, d := range w.seen("acme").Status.Decisions {
			got = append(got, d.Message)
		}
		if s := strings.Join(got, ", "); s != "decision 2, decision 1, decision 0" {
			return "the decisions are " + s
		}
		return ""
	})
	w.awaitEvents("Normal|LoadLineHeld|SetBallast|decision 0", "Normal|LoadLineHeld|SetBallast|decision 2")
}

// While the host's API is down the tenant is still looked after, and afterwards
// all is told.
func TestTheHostMayBeDownForAWhile(t *testing.T) {
	w := newWorld(t)
	decider := &recorded{}
	w.decide = decider.decide
	w.profile("acme", enforce)
	w.start()
	w.awaitReady("acme", "True AsExpected")
	w.wire.set(func(l *wire) { l.down = true })
	decider.plan(plane.Step{Kind: plane.SetBallast, Apply: true, Reason: plane.Reason{Code: v1alpha1.ReasonLoadLineHeld, Message: "held"}})
	w.awaitMore("looks while the host is down", 10, w.tenant.count(func(f *tenant) int { return f.looks }))
	if n := len(w.tenant.applied); n != 1 {
		t.Errorf("%d steps were applied while the host was down, want one", n)
	}
	w.wire.set(func(l *wire) { l.down = false })
	w.await(func() string {
		if d := w.seen("acme").Status.Decisions; len(d) != 1 || d[0].Message != "held" {
			return fmt.Sprintf("the decisions are %+v", d)
		}
		return ""
	})
	w.awaitEvents("Normal|LoadLineHeld|SetBallast|held")
}

// What a tenant makes a decision say is cut to what the status can hold.
func TestWhatIsTooLongIsCut(t *testing.T) {
	w := newWorld(t)
	decider := &recorded{}
	w.decide = decider.decide
	long := strings.Repeat("ü", 3000)
	var many []string
	for range 40 {
		many = append(many, long)
	}
	w.profile("acme", nil)
	w.start()
	w.awaitReady("acme", "True RecommendOnly")
	for i := range 25 {
		decider.plan(plane.Step{Kind: plane.NameOffender, Reason: plane.Reason{
			Code: v1alpha1.ReasonCannotBeJailed, Message: fmt.Sprint(i, long), Evidence: many, Rejected: many,
		}})
		w.await(func() string {
			if d := w.seen("acme").Status.Decisions; len(d) == 0 || !strings.HasPrefix(d[0].Message, fmt.Sprint(i, "ü")) {
				return fmt.Sprintf("decision %d is not on top", i)
			}
			return ""
		})
	}
	d := w.seen("acme").Status.Decisions
	if len(d) != 20 || len(d[0].Evidence) != 16 || len(d[0].Rejected) != 8 {
		t.Fatalf("%d decisions, %d lines of evidence, %d rejected; want 20, 16 and 8", len(d), len(d[0].Evidence), len(d[0].Rejected))
	}
	if !strings.HasSuffix(d[0].Message, "ü...") || len(d[0].Message) < 1020 || len(d[0].Evidence[0]) > 512 {
		t.Errorf("the message has %d bytes and ends in %q", len(d[0].Message), d[0].Message[len(d[0].Message)-6:])
	}
}

// A slow pulse wakes the operator long before the next tick.
func TestASlowPulseWakes(t *testing.T) {
	w := newWorld(t)
	w.options.Tick = time.Hour
	w.profile("acme", nil)
	w.start()
	w.awaitReady("acme", "True RecommendOnly")
	looks := w.tenant.count(func(f *tenant) int { return f.looks })
	time.Sleep(300 * time.Millisecond)
	if calm := looks(); calm > 3 {
		t.Fatalf("%d looks within a tick", calm)
	}
	w.tenant.with(func(f *tenant) { f.slow = true })
	w.awaitMore("looks", 3, looks)
}
