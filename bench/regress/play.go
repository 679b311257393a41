// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package regress

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/scenario"
	"evenkeel.dev/evenkeel/bench/stage"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// Interval is what one judgement of the plan of disruptive steps is about; rollout.Interval
// is the product's own.
const Interval = 15 * time.Second

// bed is the tenant. Its containers restart for another memory request, so that another
// least size in the profile has Evenkeel restart all six pods, one after the other.
var bed = scenario.Tenant{
	Pods: 100, PodBytes: 2048, Leases: 50, MaxInflight: 400, MaxMutating: 200, Strict: true,
	APIServer: scenario.Resources{CPURequest: resource.MustParse("250m"), MemoryRequest: resource.MustParse(small), Restarts: true},
	Etcd:      scenario.Resources{CPURequest: resource.MustParse("100m"), MemoryRequest: resource.MustParse(small), Restarts: true},
}

// The memory that every pod requests before, and that it is to request.
const (
	small = "512Mi"
	large = "640Mi"
)

const (
	// lookEvery is how often what is waited for is looked at.
	lookEvery = 250 * time.Millisecond
	// usual is how long a control plane is looked at before a rollout begins.
	usual = 75 * time.Second
	// touchedWithin bounds the wait for the first pod to be restarted and ready, and
	// stoppedWithin that for the plan to be stopped. wholeWithin is how long all may take to
	// be well again after a case.
	touchedWithin, stoppedWithin, wholeWithin = 3 * time.Minute, 2 * time.Minute, 6 * time.Minute
)

// Options are what a play is given.
type Options struct {
	// Root is the checkout and Dir the run's own folder.
	Root, Dir string
	Binaries  servers.Binaries
	// Only are the names of the regressions to play; empty is all.
	Only []string
	// Logf is told of progress.
	Logf func(string, ...any)
}

// Case is one regression, and what came of it.
type Case struct {
	Name string
	// Aborted is whether the plan was stopped, and Signal and Why what it was stopped by.
	Aborted bool
	Why     string
	// After is how long after the injection that was.
	After time.Duration
	// TakenBack is whether the pod that was touched requests again what it did before, and
	// Touched how many pods had been restarted by then.
	TakenBack bool
	Touched   int
	// Err is why the case could not be played to its end; nil when it was.
	Err error
}

// run is one play.
type run struct {
	Options

	stage   *stage.Stage
	host    kubernetes.Interface
	profile *stage.Profile
	load    *loads
}

// Play injects one regression after the other into rollouts of Evenkeel's.
func Play(ctx context.Context, o Options) (cases []Case, err error) {
	r := &run{Options: o}
	ctx, end := context.WithCancel(ctx)
	defer end()
	r.stage, err = stage.Raise(ctx, o.Dir, o.Binaries, bed, o.Logf)
	defer func() {
		end()
		r.load.stop()
		if e := r.stage.Close(o.Dir); e != nil {
			err = errors.Join(err, fmt.Errorf("cleaning up: %w", e))
		}
	}()
	if err != nil {
		return nil, err
	}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	for _, i := range injections() {
		if len(o.Only) > 0 && !slices.Contains(o.Only, i.name) {
			continue
		}
		c := r.play(ctx, i)
		cases = append(cases, c)
		if ctx.Err() != nil {
			return cases, ctx.Err()
		}
		o.Logf("%s: %s", i.name, c.words())
		if err := r.mend(ctx, i); err != nil {
			return cases, fmt.Errorf("after %s: %w", i.name, err)
		}
	}
	return cases, nil
}

// prepare starts what measures and the loads.
func (r *run) prepare(ctx context.Context) (err error) {
	if r.host, err = kubernetes.NewForConfig(r.stage.Host.AdminConfig); err != nil {
		return fmt.Errorf("reaching the host cluster: %w", err)
	}
	if err := r.stage.Host.StartMetricsServer(ctx); err != nil {
		return err
	}
	r.load, err = startLoads(ctx, r.stage, r.Logf)
	return err
}

// play plays one case: a rollout begins, its first pod is restarted and ready, and then
// something is made worse.
func (r *run) play(ctx context.Context, i injection) (c Case) {
	c.Name = i.name
	if c.Err = r.install(ctx); c.Err != nil {
		return c
	}
	if c.Err = await.Pass(ctx, usual); c.Err != nil {
		return c
	}
	before, err := r.restarts(ctx)
	if err != nil {
		c.Err = err
		return c
	}
	if i.first != nil {
		if c.Err = i.first(ctx, r); c.Err != nil {
			return c
		}
	}
	if c.Err = r.roll(ctx, i.etcd); c.Err != nil {
		return c
	}
	touched, err := r.touched(ctx, before, i.first == nil)
	if err != nil {
		c.Err = fmt.Errorf("waiting for the first pod to be restarted: %w", err)
		return c
	}
	at := time.Now()
	if i.first != nil {
		at = touched.at // it is felt when the pod starts with it
	}
	if i.then != nil {
		r.Logf("%s: %s has restarted and is ready; now it gets worse", i.name, touched.name)
		injected, stop := context.WithCancel(ctx)
		defer stop()
		if c.Err = i.then(injected, r, touched); c.Err != nil {
			return c
		}
	}
	r.judge(ctx, &c, at, touched, before)
	return c
}

// judge waits for what Evenkeel makes of it.
func (r *run) judge(ctx context.Context, c *Case, at time.Time, touched touchedPod, before map[string]int32) {
	stopped, err := r.stopped(ctx, at)
	if err != nil {
		c.Why = err.Error()
	} else {
		c.Aborted, c.Why, c.After = true, stopped.Message, stopped.Time.Sub(at)
	}
	c.TakenBack = c.Aborted && r.takenBack(ctx, touched) == nil
	if now, err := r.restarts(ctx); err == nil {
		for uid, n := range now {
			if n > before[uid] {
				c.Touched++
			}
		}
	}
}

func (c Case) words() string {
	switch {
	case c.Err != nil:
		return "not played: " + c.Err.Error()
	case !c.Aborted:
		return "not stopped: " + c.Why
	case !c.TakenBack:
		return fmt.Sprintf("stopped after %.1f s and not taken back: %s", c.After.Seconds(), c.Why)
	default:
		return fmt.Sprintf("stopped after %.1f s and taken back: %s", c.After.Seconds(), c.Why)
	}
}
