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
	r := &Reconciler{Now: time.Now, Decide: func(_ plane.Snapshot, _ plane.Profile, m plane.Memory, _ time.Time) (plane.Plan, plane.Memory) {
		return plane.Plan{}, m
	}}
	for name, c := range map[string]struct {
		change func(cpp *v1alpha1.ControlPlaneProfile)
		stops  bool
	}{
		"enforced": {func(*v1alpha1.ControlPlaneProfile) {}, false},
		"paused": {func(cpp *v1alpha1.ControlPlaneProfile) {
			cpp.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
		}, true},
		"recommended": {func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeRecommend }, true},
		"off":         {func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Etcd.Care.Mode = v1alpha1.ProtectionOff }, true},
	} {
		cpp := &v1alpha1.ControlPlaneProfile{Spec: v1alpha1.ControlPlaneProfileSpec{
			Mode: v1alpha1.ModeEnforce, Etcd: &v1alpha1.EtcdSpec{ClientTLS: &v1alpha1.ClientTLSSpec{}},
		}}
		c.change(cpp)
		p := &pass{r: r, cpp: cpp, kept: &kept{}, tenant: bare{}, now: time.Now()}
		running := waits(t, &p.kept.care)
		if err := p.decide(t.Context()); err != nil {
			t.Fatal(err)
		}
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
	r := &Reconciler{Now: time.Now, fleet: newFleet()}
	cpp := &v1alpha1.ControlPlaneProfile{}
	cpp.Status.Decisions = []v1alpha1.DecisionStatus{{Step: "Defragment", Applied: true, Outcome: underWay}, {Step: "Compact", Outcome: "done"}}
	got := r.begin(cpp).status.Decisions
	if got[0].Outcome != "ordered; how it ended is not known, as the operator has restarted meanwhile" || got[1].Outcome != "done" {
		t.Errorf("decisions %+v", got)
	}
	p := r.begin(cpp) // of this process
	p.status.Decisions[0].Outcome = underWay
	p.kept.status = p.status
	if got := r.begin(cpp).status.Decisions; got[0].Outcome != underWay {
		t.Errorf("what is under way in this process is given up: %+v", got)
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
