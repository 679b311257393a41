// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package overload plays loads of which no single client is to blame, on one testbed
// one after another: each by upstream's defaults, at load lines set by hand, and under
// Evenkeel, which is to find by itself what the sweep by hand found.
//
// Evenkeel is driven through its profile alone, and seen from outside: the profile's
// status and the tenant's own metrics. The line is set by hand with the profile too:
// spec.apiServer.seats with min equal to max leaves nothing to decide.
package overload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/live"
	"evenkeel.dev/evenkeel/bench/load"
	"evenkeel.dev/evenkeel/bench/load/fill"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/scenario"
	"evenkeel.dev/evenkeel/bench/stage"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// sentenceSeconds is how long whoever is jailed stays so: longer than any phase.
const sentenceSeconds = 600

// Options are what a run is given.
type Options struct {
	// Root is the checkout, Dir the run's own folder.
	Root, Dir string
	Bed       *scenario.OverloadBed
	Binaries  servers.Binaries
	Began     time.Time
	// NoSweep leaves the lines by hand out.
	NoSweep bool
	Screen  *live.Screen
	// Log is told of every move of the line and every decision.
	Log io.Writer
}

// run is one play of all scenarios.
type run struct {
	Options

	stage   *stage.Stage
	profile *stage.Profile
	victims *stage.Victims
	report  *report.Report
	follow  *follower
	state   *state
	// identities are the clients' ways to the tenant, by name.
	identities map[string]*rest.Config
	// floor is the lowest line that can be held by hand; 0 while it is not known.
	floor int32
	// calm is the victims' p99 when nothing else is going on.
	calm time.Duration
}

// window is a stretch of a run.
type window struct{ from, to time.Time }

// step is a named part of a run.
type step struct {
	name string
	do   func(context.Context) error
}

// Play plays the scenarios of a bed and returns the report. It is valid, as far as it
// got, even when there is an error. A scenario that fails does not end the run: its
// figures are missing, and the error is among those that are returned.
func Play(ctx context.Context, o Options) (rep *report.Report, err error) {
	r := &run{
		Options: o, report: report.New(ctx, "bench-overload", o.Root), stage: &stage.Stage{},
		follow: newFollower(o.Log), state: newState(o.Began), identities: map[string]*rest.Config{},
	}
	ctx, end := context.WithCancel(ctx) // whoever watches the profile ends with the run
	defer end()
	shown, hide := context.WithCancel(context.Background())
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		o.Screen.Run(shown, r.state.view)
	}()
	defer func() {
		hide()
		<-drawn
		r.victims.Stop()
		if e := r.stage.Close(o.Dir); e != nil {
			err = errors.Join(err, fmt.Errorf("cleaning up: %w", e))
		}
	}()
	for _, s := range []step{
		{"raising the host cluster and the tenant", r.raise},
		{"filling the tenant", r.fill},
		{"installing Evenkeel", r.install},
		{"starting the victims", r.startVictims},
	} {
		r.state.phase("", s.name, 0)
		if err := s.do(ctx); err != nil {
			return r.report, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	err = r.playAll(ctx)
	r.report.Add(report.OverloadSeconds, "s", time.Since(o.Began).Seconds())
	return r.report, err
}

// playAll plays the scenarios in their order.
func (r *run) playAll(ctx context.Context) error {
	var problems []error
	for _, s := range r.Bed.Played {
		r.follow.note("scenario %s", s.Name)
		began := time.Now()
		play := r.overload
		if s.Load == nil {
			play = r.healthy
		}
		if err := play(ctx, s); err != nil {
			problems = append(problems, fmt.Errorf("scenario %s: %w", s.Name, err))
			r.Screen.Logf("scenario %s: %v", s.Name, err)
			r.missing(s, err)
		}
		if ctx.Err() != nil {
			break
		}
		r.Screen.Logf("scenario %s took %.0f s", s.Name, time.Since(began).Seconds())
	}
	return errors.Join(problems...)
}

// missing names the figures that a scenario has not left.
func (r *run) missing(s *scenario.Overload, err error) {
	for _, name := range report.OverloadFigures(s.Name, s.Load == nil, !r.NoSweep) {
		if _, there := r.report.Figure(name); !there {
			r.report.Miss(name, err.Error())
		}
	}
}

func (r *run) raise(ctx context.Context) error {
	st, err := stage.Raise(ctx, r.Dir, r.Binaries, r.Bed.Tenant, r.Screen.Logf)
	r.stage = st
	return err
}

func (r *run) fill(ctx context.Context) error {
	t := r.Bed.Tenant
	err := fill.Run(ctx, fill.Options{
		Config: r.stage.Tenant.AdminConfig, Pods: t.Pods, PodBytes: t.PodBytes, Nodes: t.Leases,
		Progress: func(done, total int) { r.state.progress("filled %d of %d", done, total) },
	})
	if err != nil {
		return err
	}
	return r.grant(ctx)
}

func (r *run) install(ctx context.Context) error {
	cpp, err := stage.LoadProfile(r.Root, sentenceSeconds, 0)
	if err != nil {
		return err
	}
	cpp.Spec.APIServer.Seats = nil
	if r.profile, err = r.stage.Install(ctx, r.Root, cpp); err != nil {
		return err
	}
	r.state.follow(r.profile)
	go r.follow.follow(ctx, r.profile)
	return nil
}

func (r *run) startVictims(ctx context.Context) (err error) {
	r.victims, err = r.stage.StartVictims(ctx, r.Bed.Tenant.Leases, r.Bed.Victims, r.Screen.Logf)
	if err == nil {
		r.state.watch(r.victims)
	}
	return err
}

// stats are the victims' requests that were due in a window.
func (r *run) stats(w window) load.Stats { return r.victims.Between(w.from, w.to) }
