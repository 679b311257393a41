// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/await"
	agent "evenkeel.dev/evenkeel/bench/load/offender"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/stage"
)

const (
	// jailLimit is how long a storm waits for its offender to be jailed: four
	// times what is aimed at, so that a miss is measured and not cut off.
	jailLimit = 20 * time.Second
	// peace is how long the victims are left in peace between two storms.
	peace = 5 * time.Second
	// storedLimit bounds the wait for the harness's own small changes.
	storedLimit = 20 * time.Second
)

// storm is one offender at work.
type storm struct {
	user  string
	agent *agent.Offender
	began time.Time
	end   func()
}

// beginStorm lets the i-th offender loose; each has a service account of its own,
// so that no storm depends on the sentence of the one before.
func (p *run) beginStorm(ctx context.Context, i int) (*storm, error) {
	o := p.Scenario.Offender
	namespace := o.Namespace
	if i > 0 {
		namespace = fmt.Sprintf("%s-%d", o.Namespace, i)
	}
	config, err := p.offenderConfig(ctx, namespace, o.ServiceAccount)
	if err != nil {
		return nil, err
	}
	a, err := agent.New(agent.Options{Config: config, Clients: o.Clients, Impatient: o.Impatient})
	if err != nil {
		return nil, fmt.Errorf("preparing the offender: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	s := &storm{user: "system:serviceaccount:" + namespace + ":" + o.ServiceAccount, agent: a, began: time.Now()}
	go func() {
		defer close(done)
		a.Run(ctx)
	}()
	s.end = func() {
		cancel()
		<-done
	}
	p.state.offend(a)
	return s, nil
}

// measureQuiet measures the victims while nobody storms.
func (p *run) measureQuiet(ctx context.Context) error {
	from := time.Now()
	p.state.phase("quiet", p.Scenario.Phases.Quiet.Duration)
	if err := await.Pass(ctx, p.Scenario.Phases.Quiet.Duration); err != nil {
		return err
	}
	p.quiet = window{from, time.Now()}
	p.picture.phase("quiet", p.quiet)
	return nil
}

// stormByDefault storms while the profile only recommends: the tenant has
// upstream's defaults, and Evenkeel names the offender.
func (p *run) stormByDefault(ctx context.Context) error {
	length := p.Scenario.Phases.Default.Duration
	p.state.phase("storm, upstream default", length)
	s, err := p.beginStorm(ctx, 0)
	if err != nil {
		return err
	}
	defer s.end()
	p.picture.mark("storm begins", s.began)
	deadline := s.began.Add(length)
	seen, err := p.profile.Await(ctx, length, "the offender to be named", func(seen v1alpha1.ControlPlaneProfile) bool {
		_, ok := decided(seen, s.began, v1alpha1.ReasonOffenderNamed, s.user)
		return ok
	})
	if err != nil && ctx.Err() != nil {
		return err
	}
	if named, ok := decided(seen, s.began, v1alpha1.ReasonOffenderNamed, s.user); ok {
		p.report.Add(report.Recommended, "s", named.Sub(s.began).Seconds())
		p.picture.mark("offender named", named)
	} else {
		p.report.Miss(report.Recommended, fmt.Sprintf("the offender was not named within %s", length))
	}
	if err := await.Pass(ctx, time.Until(deadline)); err != nil {
		return err
	}
	measured := window{s.began.Add(p.Scenario.Phases.Saturate.Duration), time.Now()}
	p.report.Add(report.OffenderRate(report.Default), "/s", s.agent.Window(measured.from, measured.to).Rate)
	s.end()
	p.picture.phase("storm, upstream default", window{s.began, measured.to})
	if now, err := stage.ReadFlowControl(ctx, p.stage.Tenant.AdminConfig); err == nil {
		if d := now.Difference(p.asFound); d != "" {
			return fmt.Errorf("the profile only recommends, yet the tenant's flow control was changed: %s", d)
		}
	}
	// Requests that were due in the window are given their time to end.
	if err := p.recover(ctx); err != nil {
		return err
	}
	p.addVictims(report.Quiet, p.quiet)
	p.addVictims(report.Default, measured)
	return nil
}

// recover waits until the victims are as quick as in quiet times.
func (p *run) recover(ctx context.Context) error {
	p.state.phase("calm", p.Scenario.Phases.Calm.Duration)
	limit := time.Now().Add(p.Scenario.Phases.Calm.Duration)
	calm := p.victims.Between(p.quiet.from, p.quiet.to).P99
	for time.Now().Before(limit) {
		if err := await.Pass(ctx, time.Second); err != nil {
			return err
		}
		if last := p.victims.Live(2 * time.Second); last.P99 <= 2*calm && last.Pending < 3 {
			// The next storm is to find a control plane at rest.
			return await.Pass(ctx, peace)
		}
	}
	return nil
}

// stormUnderEvenkeel is the same storm with the profile in Enforce.
func (p *run) stormUnderEvenkeel(ctx context.Context) error {
	length := p.Scenario.Phases.Enforce.Duration
	p.state.phase("storm, Evenkeel", length)
	s, err := p.beginStorm(ctx, 0)
	if err != nil {
		return err
	}
	defer s.end()
	p.picture.mark("storm begins", s.began)
	seen, err := p.profile.Await(ctx, jailLimit, "the offender to be jailed", inForce(s))
	if err != nil {
		return err
	}
	o, _ := offender(seen, s.user)
	jailed := o.InForce.Time
	p.jailed = append(p.jailed, jailed.Sub(s.began).Seconds())
	p.picture.mark("jailed", jailed)
	if err := await.Pass(ctx, time.Until(s.began.Add(length))); err != nil {
		return err
	}
	over := time.Now()
	seen, _ = p.profile.Now()
	held, drained := holds(seen, s, jailed)
	s.end()
	p.stormOver = time.Now()
	p.picture.mark("storm over", p.stormOver)
	p.picture.phase("storm, Evenkeel", window{s.began, over})
	p.report.Add(report.OffenderRate(report.Whole), "/s", s.agent.Window(s.began, over).Rate)
	p.report.Add(report.OffenderRate(report.Evenkeel), "/s", s.agent.Window(held, over).Rate)
	if drained {
		p.report.Add(report.Held, "s", held.Sub(s.began).Seconds())
	} else {
		p.report.Miss(report.Held, "the storm was over before all lists from before the sentence had ended")
	}
	p.sentence = o
	p.heldWindow = window{held, over}
	p.wholeWindow = window{s.began, over}
	return nil
}

// inForce is true when a storm's offender is jailed on every replica.
func inForce(s *storm) func(v1alpha1.ControlPlaneProfile) bool {
	return func(seen v1alpha1.ControlPlaneProfile) bool {
		o, ok := offender(seen, s.user)
		return ok && o.Phase == v1alpha1.OffenderJailed && o.InForce != nil && o.InForce.After(s.began)
	}
}

// holds is when a sentence holds: its last grade of the storm has come into force,
// and the lists that were begun before that have ended. Until then the apiservers
// are at work on what they had let in. When such a list is left at the end of the
// storm, it is when the grade came into force.
func holds(seen v1alpha1.ControlPlaneProfile, s *storm, first time.Time) (at time.Time, drained bool) {
	grade := first
	if o, ok := offender(seen, s.user); ok && o.InForce != nil && o.InForce.After(first) {
		grade = o.InForce.Time
	}
	last, drained := s.agent.Drained(grade)
	if !drained || last.Before(grade) {
		return grade, drained
	}
	return last, true
}

// moreStorms plays the other storms: each until its offender is jailed, and calm
// between them.
func (p *run) moreStorms(ctx context.Context) error {
	for i := 1; i < p.Scenario.Storms; i++ {
		p.state.phase(fmt.Sprintf("storm %d of %d", i+1, p.Scenario.Storms), jailLimit)
		if err := p.shortStorm(ctx, i); err != nil {
			return err
		}
		if err := p.recover(ctx); err != nil {
			return err
		}
	}
	if len(p.jailed) > 0 {
		p.report.Add(report.Jailed, "s", p.jailed...)
	}
	return nil
}

func (p *run) shortStorm(ctx context.Context, i int) error {
	s, err := p.beginStorm(ctx, i)
	if err != nil {
		return err
	}
	defer s.end()
	seen, err := p.profile.Await(ctx, jailLimit, "the offender to be jailed", inForce(s))
	if err != nil {
		return err
	}
	o, _ := offender(seen, s.user)
	p.jailed = append(p.jailed, o.InForce.Sub(s.began).Seconds())
	return nil
}
