// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/observe"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// One thing runs at a time, what ended is taken once, and what is stopped ends.
func TestOneThingAtATime(t *testing.T) {
	c := &careRun{}
	release := make(chan struct{})
	if !c.start(time.Minute, func(context.Context) plane.Outcome { <-release; return plane.Outcome{Name: "first"} }) {
		t.Fatal("the first does not begin")
	}
	if c.start(time.Minute, func(context.Context) plane.Outcome { return plane.Outcome{Name: "second"} }) {
		t.Error("the second begins while the first runs")
	}
	if ended := c.take(); len(ended) != 0 {
		t.Errorf("ended before its end: %+v", ended)
	}
	close(release)
	if ended := awaitEnded(t, c); ended.Name != "first" {
		t.Errorf("ended %+v", ended)
	}
	if !c.start(time.Minute, func(ctx context.Context) plane.Outcome { <-ctx.Done(); return plane.Outcome{Name: ctx.Err().Error()} }) {
		t.Fatal("the third does not begin after the first is over")
	}
	c.stop()
	if ended := awaitEnded(t, c); ended.Name != context.Canceled.Error() {
		t.Errorf("ended %+v", ended)
	}
	c.stop() // nothing runs
}

// waits starts something that goes on until it is stopped, and is its context.
func waits(t *testing.T, c *careRun) context.Context {
	t.Helper()
	running := make(chan context.Context)
	c.start(time.Minute, func(ctx context.Context) plane.Outcome {
		running <- ctx
		<-ctx.Done()
		return plane.Outcome{Name: ctx.Err().Error()}
	})
	return <-running
}

// What has not begun is given up where nothing is to be done to the members any more.
func TestCareStops(t *testing.T) {
	for name, c := range map[string]struct {
		profile plane.Profile
		stops   bool
	}{
		"enforced":    {plane.Profile{Care: plane.CareProfile{Mode: plane.Enforce}}, false},
		"paused":      {plane.Profile{Care: plane.CareProfile{Mode: plane.Enforce}, Paused: true}, true},
		"recommended": {plane.Profile{Care: plane.CareProfile{Mode: plane.Recommend}}, true},
		"off":         {plane.Profile{Care: plane.CareProfile{Mode: plane.Off}}, true},
	} {
		p := &pass{kept: &kept{}}
		running := waits(t, &p.kept.care)
		p.careStops(c.profile)
		if stopped := running.Err() != nil; stopped != c.stops {
			t.Errorf("%s: stopped %v, want %v", name, stopped, c.stops)
		}
		p.kept.care.stop()
		awaitEnded(t, &p.kept.care)
	}

	deleted := &pass{kept: &kept{}, cpp: &v1alpha1.ControlPlaneProfile{}}
	running := waits(t, &deleted.kept.care)
	if _, err := deleted.finalize(t.Context()); err != nil || running.Err() == nil {
		t.Errorf("deleted: not stopped, %v", err)
	}
}

// What was under way when the process before this one ended says that its end is not known.
func TestForsaken(t *testing.T) {
	decisions := []v1alpha1.DecisionStatus{{Step: "Defragment", Applied: true, Outcome: underWay}, {Step: "Compact", Outcome: "done"}}
	forsaken(decisions)
	if decisions[0].Outcome != "ordered; how it ended is not known, as the operator has restarted meanwhile" || decisions[1].Outcome != "done" {
		t.Errorf("decisions %+v", decisions)
	}
}

// bare is a tenant of which nothing is seen.
type bare struct{ Tenant }

func (bare) Retarget([]observe.Target)                                    {}
func (bare) User() string                                                 { return "" }
func (bare) Look(context.Context, time.Time, bool) []plane.Replica        { return nil }
func (bare) ReadConfig(context.Context) (*plane.FlowConfig, *plane.Fault) { return nil, nil }

// A pass that ends before anything is decided leaves what became of the steps before to the
// next one.
func TestOutcomesAreNotLost(t *testing.T) {
	var seen []plane.Outcome
	r := &Reconciler{Now: time.Now, Decide: func(s plane.Snapshot, _ plane.Profile, m plane.Memory, _ time.Time) (plane.Plan, plane.Memory) {
		seen = s.Outcomes
		return plane.Plan{}, m
	}}
	k := &kept{outcomes: []plane.Outcome{{Name: "a sentence"}}}
	k.care.ended = []plane.Outcome{{Name: "a defragmentation"}}
	next := func() *pass {
		return &pass{r: r, cpp: &v1alpha1.ControlPlaneProfile{}, kept: k, tenant: bare{}, now: time.Now()}
	}
	if err := next().observe(t.Context()); err != nil { // the first pass ends here
		t.Fatal(err)
	}
	p := next()
	for _, step := range []func(context.Context) error{p.observe, p.decide} {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 2 || len(p.cared) != 1 || len(k.outcomes)+len(k.care.take()) != 0 {
		t.Errorf("seen %+v, of the care %+v", seen, p.cared)
	}
}

func awaitEnded(t *testing.T, c *careRun) plane.Outcome {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if ended := c.take(); len(ended) > 0 {
			return ended[0]
		}
	}
	t.Fatal("for 10 s not ended")
	return plane.Outcome{}
}
