// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package faults plays what goes wrong under a control plane that Evenkeel keeps: a zone
// loses its power and returns, an etcd member, an apiserver or Evenkeel itself is killed;
// each once, and then at random. What is judged is what the tenant notices: critical
// requests that fail although the replica that had them was not the one that died, how
// long writes stand still, whether an acknowledged write is ever lost, and whether
// Evenkeel does anything to etcd while a member is missing.
package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/load/checker"
	"evenkeel.dev/evenkeel/bench/scenario"
	"evenkeel.dev/evenkeel/bench/stage"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// bed is the tenant: apiservers and etcds of the size of the demo's.
var bed = scenario.Tenant{
	Pods: 500, PodBytes: 4096, Leases: 100, MaxInflight: 400, MaxMutating: 200,
	APIServer: scenario.Resources{CPURequest: resource.MustParse("250m"), CPULimit: resource.MustParse("500m"), MemoryRequest: resource.MustParse("512Mi")},
	Etcd:      scenario.Resources{CPURequest: resource.MustParse("100m"), CPULimit: resource.MustParse("300m"), MemoryRequest: resource.MustParse("256Mi")},
}

const (
	// settle is how long the play watches before the first fault and after each: what a
	// fault leaves behind is not to be blamed on the next.
	settle = 10 * time.Second
	// wholeWithin bounds the wait for everything to be ready before the next fault: a
	// kubelet lets a container that keeps dying wait for up to five minutes.
	wholeWithin = 6 * time.Minute
	// readBackWithin bounds the last reading.
	readBackWithin = 10 * time.Minute
)

// Options are what a play is given.
type Options struct {
	// Root is the checkout and Dir the run's own folder.
	Root, Dir string
	Binaries  servers.Binaries
	// Only are the kinds to play; empty is all of them. Random is how long faults are
	// played at random after each has been played once, and Seed what they follow from.
	Only   []Kind
	Random time.Duration
	Seed   uint64
	// Renewals are the critical requests a second. Writers are the checker's, each of
	// which makes up to Writes a second.
	Renewals float64
	Writers  int
	Writes   float64
	// Logf is told of progress, and Log gets every critical request that failed and every
	// step that Evenkeel took, in the end.
	Logf func(string, ...any)
	Log  io.Writer
}

// Outcome is what came of a play.
type Outcome struct {
	// Strikes are the faults in their order.
	Strikes []Strike
	// Outside counts the critical requests that failed before the first fault, Moved those
	// that failed as Evenkeel moved etcd's leader, and Requests all of them.
	Outside, Moved, Requests int
	// Writes are what the checker has seen, and Unread why not all could be read back.
	Writes checker.Counts
	Unread error
	// Steps are those of Evenkeel's on etcd while a member was missing, Risked those of
	// them that could have cost another, and QuorumLost how often two members were
	// missing at once.
	// Looks is how often the members were seen.
	Steps, Risked     []Step
	QuorumLost, Looks int
	// CPU are the shares of their CPU limits that the apiservers and the members used
	// together before the first fault.
	CPU map[string]float64
	// Cut says why the play ended early; nil when it did not.
	Cut error
}

// run is one play.
type run struct {
	Options

	stage   *stage.Stage
	host    kubernetes.Interface
	profile *stage.Profile
	load    *loads
	watch   *watcher
	// dark is the zone that is cut; empty while none is.
	dark string
	out  Outcome
}

// Play plays the faults. The outcome is what had been seen, even where there is an error.
func Play(ctx context.Context, o Options) (out Outcome, err error) {
	r := &run{Options: o}
	ctx, end := context.WithCancel(ctx)
	defer end()
	r.stage, err = stage.Raise(ctx, o.Dir, o.Binaries, bed, o.Logf)
	defer func() {
		end()
		r.load.stop()
		r.light()
		if e := r.stage.Close(o.Dir); e != nil {
			err = errors.Join(err, fmt.Errorf("cleaning up: %w", e))
		}
	}()
	if err != nil {
		return r.out, err
	}
	if err := r.prepare(ctx); err != nil {
		return r.out, err
	}
	r.out.Cut = r.play(ctx)
	if ctx.Err() != nil {
		return r.out, ctx.Err()
	}
	return r.out, r.conclude(ctx)
}

// prepare has the tenant filled, Evenkeel installed and the loads running.
func (r *run) prepare(ctx context.Context) (err error) {
	if r.host, err = kubernetes.NewForConfig(r.stage.Host.AdminConfig); err != nil {
		return fmt.Errorf("reaching the host cluster: %w", err)
	}
	if err := r.stage.Host.StartMetricsServer(ctx); err != nil {
		return err
	}
	if err := r.install(ctx); err != nil {
		return err
	}
	if r.load, err = startLoads(ctx, r.stage, r.Options); err != nil {
		return err
	}
	r.watch = newWatcher(r.stage, r.host, r.profile)
	go r.watch.run(ctx)
	r.out.CPU, err = r.share(ctx)
	if err != nil {
		return err
	}
	r.Logf("the load takes %.0f %% of the apiservers' CPU limits and %.0f %% of the members'", 100*r.out.CPU["apiserver"], 100*r.out.CPU["member"])
	return nil
}

// play plays each kind once and then what the seed says. It ends early when the control
// plane does not become whole again.
func (r *run) play(ctx context.Context) error {
	var until time.Time
	for s := newScript(r.Only, r.Seed); ; {
		kind, draw, scripted := s.next()
		if !scripted && until.IsZero() {
			until = time.Now().Add(r.Random)
		}
		if !scripted && !time.Now().Before(until) {
			return nil
		}
		if err := r.whole(ctx); err != nil {
			return err
		}
		if err := r.strike(ctx, kind, draw); err != nil {
			return err
		}
		if err := await.Pass(ctx, settle); err != nil {
			return err
		}
	}
}

// conclude ends the loads and judges what they have seen.
func (r *run) conclude(ctx context.Context) error {
	r.load.stop()
	r.Logf("reading back every acknowledged write")
	ctx, cancel := context.WithTimeout(ctx, readBackWithin)
	defer cancel()
	r.out.Unread = r.load.checker.ReadBack(ctx)
	r.out.Writes = r.load.checker.Counts()
	r.out.Requests = r.load.requests()
	failed := r.load.failures()
	r.out.Outside, r.out.Moved = attribute(r.out.Strikes, failed, r.watch.moves())
	r.writeLog(failed)
	for i := range r.out.Strikes {
		if s := &r.out.Strikes[i]; s.Failed > 0 {
			r.Logf("%s, %s: %d failed that were not in flight on it: %s", s.Kind, s.Target, s.Failed, s.hows())
		}
	}
	r.watch.judge(&r.out)
	return nil
}
