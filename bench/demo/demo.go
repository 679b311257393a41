// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package demo plays a scenario on the testbed from start to end: it raises a
// host cluster and a tenant, installs Evenkeel as a user would, fills the tenant,
// and measures the same storm under upstream's defaults and under Evenkeel.
//
// Everything it knows of Evenkeel it sees from outside: the profile's status, the
// operator's metrics, and the tenant's own objects. Nothing here imports the
// operator.
package demo

import (
	"context"
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/live"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/scenario"
	"evenkeel.dev/evenkeel/bench/stage"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// Options are what a run is given.
type Options struct {
	// Root is the checkout, Dir the run's own folder.
	Root, Dir string
	Scenario  *scenario.Scenario
	Binaries  servers.Binaries
	// Began is when the command was started, builds included; Cold is true when
	// servers had to be built.
	Began time.Time
	Cold  bool
	// Picture is where to draw the run as an SVG; empty draws none.
	Picture string
	// Keep leaves everything running when the run is over, until ctx ends.
	Keep   bool
	Screen *live.Screen
}

// run is one play of a scenario.
type run struct {
	Options

	stage   *stage.Stage
	profile *stage.Profile
	victims *stage.Victims
	report  *report.Report
	picture picture
	// asFound is the tenant's flow control before Evenkeel wrote anything, calm
	// what it is with the load line held and nobody jailed.
	asFound, calm stage.FlowControl
	quiet         window
	// jailed are the seconds from the start of each storm until its offender was
	// jailed on every replica.
	jailed []float64
	// sentence is the first storm's; its storm was over at stormOver. The sentence
	// holds in heldWindow.
	sentence                v1alpha1.OffenderStatus
	stormOver               time.Time
	wholeWindow, heldWindow window
	state                   *state
}

// window is a stretch of a run.
type window struct{ from, to time.Time }

// step is a named part of a run.
type step struct {
	name string
	do   func(context.Context) error
}

// Play runs a scenario and returns its report. The report is valid, as far as it
// got, even when there is an error.
func Play(ctx context.Context, o Options) (r *report.Report, err error) {
	p := &run{Options: o, report: report.New(ctx, "demo", o.Root), state: newState(o.Scenario.Name, o.Began), stage: &stage.Stage{}}
	shown, hide := context.WithCancel(context.Background())
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		o.Screen.Run(shown, p.state.view)
	}()
	defer func() {
		hide()
		<-drawn
		p.victims.Stop()
		if e := p.stage.Close(o.Dir); e != nil && err == nil {
			err = fmt.Errorf("cleaning up: %w", e)
		}
	}()
	for _, s := range []step{
		{"raising the host cluster and the tenant", p.raise},
		{"filling the tenant", p.fill},
		{"installing Evenkeel", p.install},
		{"starting the victims", p.startVictims},
		{"quiet", p.measureQuiet},
		{"storm, upstream default", p.stormByDefault},
		{"switching to Enforce", p.enforce},
		{"storm, Evenkeel", p.stormUnderEvenkeel},
		{"after the storm", p.release},
		{"more storms", p.moreStorms},
		{"costs", p.costs},
		{"leaving the tenant as found", p.leave},
	} {
		if err := s.do(ctx); err != nil {
			return p.report, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	p.report.Add(report.DemoSeconds, "s", time.Since(o.Began).Seconds())
	p.report.Add(report.DemoAllowed, "s", allowed(o.Cold))
	if o.Picture != "" {
		if err := p.draw(o.Picture); err != nil {
			return p.report, err
		}
	}
	return p.report, p.keep(ctx)
}

// allowed is how long the whole demo may take, in seconds.
func allowed(cold bool) float64 {
	if cold {
		return 12 * 60
	}
	return 4 * 60
}

func (p *run) raise(ctx context.Context) error {
	p.warnOfMemory()
	st, err := stage.Raise(ctx, p.Dir, p.Binaries, p.Scenario.Tenant, p.Screen.Logf)
	p.stage = st
	return err
}
