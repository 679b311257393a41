// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package growth plays a tenant that grows from nothing to thousands of nodes: once with
// the small sizes that its workloads were made with, and once while Evenkeel resizes its
// pods in place. The nodes are its victims: how long the renewals of their Leases take is
// what is judged.
package growth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load"
	"evenkeel.dev/evenkeel/bench/load/nodes"
	"evenkeel.dev/evenkeel/bench/scenario"
	"evenkeel.dev/evenkeel/bench/stage"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// The sizes that the workloads are made with: enough for a tenant without nodes. The CPU
// limit is twice the request, so that a size that is too small is felt.
var small = scenario.Tenant{
	MaxInflight: 400, MaxMutating: 200,
	APIServer: scenario.Resources{CPURequest: resource.MustParse("100m"), CPULimit: resource.MustParse("200m"), MemoryRequest: resource.MustParse("256Mi")},
	Etcd:      scenario.Resources{CPURequest: resource.MustParse("50m"), CPULimit: resource.MustParse("100m"), MemoryRequest: resource.MustParse("64Mi")},
}

// window is what is judged by itself: what is late for half a minute is no less late for
// the quiet minutes around it.
const window = 30 * time.Second

// Options are what a run is given.
type Options struct {
	// Root is the checkout and Dir the run's own folder.
	Root, Dir string
	Binaries  servers.Binaries
	// Nodes is how many the tenant grows to, Rate how many join a second, and Hold how long
	// it is watched after the last has joined.
	Nodes int
	Rate  float64
	Hold  time.Duration
	// Logf is told of progress.
	Logf func(string, ...any)
}

// Outcome is what came of one play.
type Outcome struct {
	// Nodes is how many joined, and Joined how long that took; the error of Why kept the
	// others out.
	Nodes  int
	Joined time.Duration
	Why    error
	// Renewals are those of the whole play. Worst is the highest 99th percentile of any of
	// its Windows, each of half a minute, and Late how many of them were above the SLO.
	Renewals      load.Stats
	Worst         time.Duration
	Windows, Late int
	// Restarts count those of all containers, LeaderChanges those of etcd's leader, and
	// Ordered those among them that Evenkeel ordered.
	Restarts, LeaderChanges, Ordered int
	// Resizes count the pods' resizes; Sizes is what each component requested at the end.
	Resizes int
	Sizes   map[string]string
}

// Static plays the growth with the sizes as they are.
func Static(ctx context.Context, o Options) (Outcome, error) { return play(ctx, o, nil) }

// Evenkeel plays the growth while Evenkeel resizes the pods.
func Evenkeel(ctx context.Context, o Options) (Outcome, error) {
	return play(ctx, o, func(ctx context.Context, r *run) error { return r.install(ctx) })
}

// run is one play.
type run struct {
	Options

	stage   *stage.Stage
	fleet   *nodes.Fleet
	profile *stage.Profile
	watch   *watcher
}

func play(ctx context.Context, o Options, prepare func(context.Context, *run) error) (out Outcome, err error) {
	r := &run{Options: o}
	ctx, end := context.WithCancel(ctx)
	defer end()
	r.stage, err = stage.Raise(ctx, o.Dir, o.Binaries, small, o.Logf)
	defer func() {
		r.fleet.Stop()
		if e := r.stage.Close(o.Dir); e != nil {
			err = errors.Join(err, fmt.Errorf("cleaning up: %w", e))
		}
	}()
	if err != nil {
		return out, err
	}
	if err := r.stage.Host.StartMetricsServer(ctx); err != nil {
		return out, err
	}
	if prepare != nil {
		if err := prepare(ctx, r); err != nil {
			return out, err
		}
	}
	if r.watch, err = watch(r.stage, r.profile); err != nil {
		return out, err
	}
	r.fleet, err = nodes.Start(ctx, nodes.Options{
		Admin: r.stage.Tenant.AdminConfig, PodsPerNode: 1, Watching: 0.1, Rate: o.Rate, Logf: o.Logf,
		ConfigFor: func(node string) (*rest.Config, error) {
			return r.stage.Tenant.ConfigFor("system:node:"+node, []string{"system:nodes"})
		},
	})
	if err != nil {
		return out, err
	}
	return r.grow(ctx)
}

// grow has the nodes join, holds, and counts what has happened.
func (r *run) grow(ctx context.Context) (out Outcome, err error) {
	began := time.Now()
	watching, done := context.WithCancel(ctx)
	defer done()
	go r.tell(watching)
	go r.watch.run(watching)
	// Nodes that cannot join within half as much again are kept out by the tenant: that
	// is an outcome, and no failure of the bench.
	within := time.Duration(1.5 * float64(r.Nodes) / r.Rate * float64(time.Second))
	joining, enough := context.WithTimeout(ctx, within)
	out.Why = r.fleet.Grow(joining, r.Nodes)
	enough()
	out.Joined, out.Nodes = time.Since(began), r.fleet.Size().Nodes
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	hold := time.NewTimer(r.Hold)
	defer hold.Stop()
	select {
	case <-ctx.Done():
		return out, ctx.Err()
	case <-hold.C:
	}
	until := time.Now().Add(-time.Second)
	out.Renewals = r.fleet.Renewals.Window(began, until)
	for from := began; !from.Add(window).After(until); from = from.Add(window) {
		s := r.fleet.Renewals.Window(from, from.Add(window))
		if s.Count == 0 {
			continue
		}
		out.Windows++
		if out.Worst = max(out.Worst, s.P99); s.P99 > slo {
			out.Late++
		}
	}
	return out, r.watch.sum(ctx, &out)
}

// tell tells every 20 s how far it is.
func (r *run) tell(ctx context.Context) {
	every := time.NewTicker(20 * time.Second)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-every.C:
			s := r.fleet.Renewals.Window(now.Add(-20*time.Second), now)
			r.Logf("%d nodes; renewals p50 %d ms, p99 %d ms, failed %d; %s", r.fleet.Size().Nodes, s.P50.Milliseconds(), s.P99.Milliseconds(), s.Failed, r.watch.words())
		}
	}
}
