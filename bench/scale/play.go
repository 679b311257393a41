// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/load/swarm"
	"evenkeel.dev/evenkeel/bench/load/victim"
	"evenkeel.dev/evenkeel/bench/stage"
)

// tellEvery is how often is told how it goes.
const tellEvery = 20 * time.Second

// HPA plays the step with the autoscaler alone.
func HPA(ctx context.Context, o Options) (Outcome, error) {
	return play(ctx, o, (*run).autoscale)
}

// Evenkeel plays it under Evenkeel.
func Evenkeel(ctx context.Context, o Options) (Outcome, error) {
	return play(ctx, o, (*run).install)
}

// run is one play.
type run struct {
	Options

	stage   *stage.Stage
	host    kubernetes.Interface
	profile *stage.Profile
	victims *stage.Victims
	clients *swarm.Swarm
	watch   *watcher
}

func play(ctx context.Context, o Options, prepare func(*run, context.Context) error) (out Outcome, err error) {
	r := &run{Options: o}
	ctx, end := context.WithCancel(ctx) // whoever watches the profile ends with the play
	defer end()
	r.stage, err = stage.Raise(ctx, o.Dir, o.Binaries, small, o.Logf)
	defer func() {
		r.victims.Stop()
		if e := r.stage.Close(o.Dir); e != nil {
			err = errors.Join(err, fmt.Errorf("cleaning up: %w", e))
		}
	}()
	if err != nil {
		return out, err
	}
	if r.host, err = kubernetes.NewForConfig(r.stage.Host.AdminConfig); err != nil {
		return out, fmt.Errorf("preparing to look at the host cluster: %w", err)
	}
	if err := r.stage.Host.StartMetricsServer(ctx); err != nil {
		return out, err
	}
	o.Logf("filling the tenant")
	if err := r.fill(ctx); err != nil {
		return out, err
	}
	if r.clients, err = r.crowd(); err != nil {
		return out, err
	}
	if err := prepare(r, ctx); err != nil {
		return out, err
	}
	if r.victims, err = r.stage.StartVictims(ctx, small.Leases, critical, o.Logf); err != nil {
		return out, err
	}
	return r.load(ctx)
}

// load lets the clients loose, and judges what has been seen when they have done.
func (r *run) load(ctx context.Context) (out Outcome, err error) {
	r.watch = &watcher{host: r.host}
	loading, done := context.WithCancel(ctx)
	var running sync.WaitGroup
	began := time.Now()
	running.Go(func() { r.clients.Run(loading) })
	running.Go(func() { r.watch.run(loading) })
	running.Go(func() { r.tell(loading, began.Add(r.Warm)) })
	out.Stepped = began.Add(r.Warm)
	out.Until = out.Stepped.Add(r.Hold)
	out.Least = enough * startReplicas * startMilli / 1000
	err = await.Pass(ctx, time.Until(out.Until))
	done()
	running.Wait()
	if err == nil {
		// Whoever was due last has until now to be answered.
		err = await.Pass(ctx, time.Until(out.Until.Add(victim.Deadline)))
	}
	if err != nil {
		return out, err
	}
	out.Seen = r.watch.all()
	calm := out.Stepped.Add(-min(time.Minute, r.Warm))
	out.Before, out.Windows = r.windows(calm, out.Stepped), r.windows(out.Stepped, out.Until)
	out.Served = swarm.Goodput(calm, out.Stepped, r.clients.Classes()...)
	out.ServedAtEnd = swarm.Goodput(out.Until.Add(-min(time.Minute, r.Hold)), out.Until, r.clients.Classes()...)
	out.Decisions = r.decisions(out.Stepped)
	return out, nil
}

// windows are the critical requests from a time to another.
func (r *run) windows(from, to time.Time) (all []Window) {
	for ; !from.Add(window).After(to); from = from.Add(window) {
		s := r.victims.Between(from, from.Add(window))
		all = append(all, Window{P99: s.P99, Requests: s.Count + s.Pending, Failed: s.Failed + s.Rejected + s.Pending})
	}
	return all
}

// tell tells now and then how it goes.
func (r *run) tell(ctx context.Context, stepped time.Time) {
	every := time.NewTicker(tellEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-every.C:
			s := r.victims.Live(tellEvery)
			c, _ := Outcome{Seen: r.watch.all()}.atEnd()
			r.Logf("%+4.0f s: %d of %d replicas ready, %.0fm in force; critical p99 %d ms, failed %d; clients served %.0f/s",
				now.Sub(stepped).Seconds(), c.Ready, c.All, 1000*c.Cores, s.P99.Milliseconds(), s.Failed+s.Rejected,
				swarm.Goodput(now.Add(-tellEvery), now, r.clients.Classes()...))
		}
	}
}
