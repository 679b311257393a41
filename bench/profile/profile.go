// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/load/nodes"
	"evenkeel.dev/evenkeel/bench/scenario"
	testbed "evenkeel.dev/evenkeel/bench/stage"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	quietStretch = 4 * time.Second
	quietWithin  = 40 * time.Second
)

// Options are what a run is given.
type Options struct {
	// Dir is the run's own folder.
	Dir      string
	Binaries servers.Binaries
	// Window is how long each stage is measured.
	Window time.Duration
	// Nodes leaves out the stages with more.
	Nodes int
	// Live has the recording go on, after the last stage, with list storms and restarts.
	Live bool
	// Logf is told of progress.
	Logf func(string, ...any)
}

// Point is what was measured at a stage.
type Point struct {
	Stage string
	Load  sizing.Drivers
	// Estimate is the size of all objects as the apiservers estimate it, File that of
	// etcd's largest database file, in bytes.
	Estimate, File float64
	APIServer      Use
	Etcd           Use
	// RenewalP99 is that of the nodes' renewals in the window, in seconds; NaN where
	// there were none. It tells whether the tenant still kept up.
	RenewalP99 float64
}

// run is one run.
type run struct {
	Options

	stage   *testbed.Stage
	fleet   *nodes.Fleet
	reader  *rest.Config
	trace   *trace
	running sync.WaitGroup
	// small and large count the objects that are there.
	small, large atomic.Int64
}

// Play raises a tenant, grows it in stages and measures each. What was measured before a
// failure is returned with the error; rec is the run's course, minute by minute.
func Play(ctx context.Context, o Options) (points []Point, rec Recording, err error) {
	r := &run{Options: o, stage: &testbed.Stage{}}
	ctx, end := context.WithCancel(ctx)
	defer func() {
		end()
		r.fleet.Stop()
		r.running.Wait()
		if e := r.stage.Close(o.Dir); e != nil {
			err = errors.Join(err, fmt.Errorf("cleaning up: %w", e))
		}
	}()
	// No limits: what is measured is what the servers take.
	if r.stage, err = testbed.Raise(ctx, o.Dir, o.Binaries, scenario.Tenant{}, o.Logf); err != nil {
		return nil, rec, err
	}
	if r.stage.Cgroups.Mode() == "none" {
		return nil, rec, fmt.Errorf("measuring what containers use: there are no cgroups (%s)", r.stage.Cgroups.Why())
	}
	if r.trace, err = follow(ctx, r.stage); err != nil {
		return nil, rec, err
	}
	if err := r.prepare(ctx); err != nil {
		return nil, rec, fmt.Errorf("preparing the load: %w", err)
	}
	for _, s := range standard {
		if s.Nodes > o.Nodes {
			o.Logf("stage %q has more than %d nodes and is left out", s.Name, o.Nodes)
			continue
		}
		p, err := r.measure(ctx, s)
		if err != nil {
			return points, r.trace.recording(), fmt.Errorf("stage %q: %w", s.Name, err)
		}
		points = append(points, p)
	}
	if o.Live {
		if err := r.live(ctx); err != nil {
			return points, r.trace.recording(), err
		}
	}
	r.trace.mu.Lock()
	err = r.trace.failed
	r.trace.mu.Unlock()
	if err != nil {
		o.Logf("one of the samples could not be taken: %v", err)
	}
	return points, r.trace.recording(), nil
}

// measure brings the tenant to a stage and measures it.
func (r *run) measure(ctx context.Context, s step) (p Point, err error) {
	began := time.Now()
	stop, err := r.reach(ctx, s)
	if err != nil {
		return p, err
	}
	defer stop()
	reached := time.Since(began)
	rest, err := r.quiet(ctx)
	if err != nil {
		return p, err
	}
	before, err := r.trace.look(ctx)
	if err != nil {
		return p, err
	}
	from := time.Now()
	if err := await.Pass(ctx, r.Window); err != nil {
		return p, err
	}
	to := time.Now()
	after, err := r.trace.look(ctx)
	if err != nil {
		return p, err
	}
	p = Point{Stage: s.Name, Load: after.since(before), Estimate: after.estimate, File: after.file, RenewalP99: math.NaN()}
	if p.APIServer, err = r.trace.use(r.trace.apiserver, from, to); err != nil {
		return p, err
	}
	if p.Etcd, err = r.trace.use(r.trace.etcd, from, to); err != nil {
		return p, err
	}
	if w := r.fleet.Renewals.Window(from, to.Add(-time.Second)); w.Count > 0 {
		p.RenewalP99 = w.P99.Seconds()
	}
	size := r.fleet.Size()
	r.Logf("%s: reached in %.0f s, at rest after %.0f s; %d nodes, %d pods (told: %.0f, %.0f), %.0f objects, %.1f MiB, %.0f requests/s; "+
		"apiserver %.3f cores, %.0f MiB; etcd %.3f cores, %.0f MiB, file %.0f MiB; renewals' p99 %.0f ms",
		s.Name, reached.Seconds(), rest, size.Nodes, size.Pods, p.Load.Nodes, p.Load.Pods, p.Load.Objects, p.Load.Bytes/(1<<20), p.Load.Requests,
		p.APIServer.CPU, p.APIServer.Memory/(1<<20), p.Etcd.CPU, p.Etcd.Memory/(1<<20), p.File/(1<<20), 1000*p.RenewalP99)
	return p, nil
}
