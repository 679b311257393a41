// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
)

// Loop probes one life of one container.
type Loop struct {
	Spec  *corev1.Probe
	Check Check
	Clock clock.WithTicker
	// Verdict is called when enough answers in a row agree on another verdict than
	// before; the first verdict is always told. It returns whether to go on: a
	// startup probe ends with its first, a liveness probe with its first failure.
	Verdict func(Answer) (more bool)
	// Failed is called with every answer that is not healthy, for events; nil is
	// allowed.
	Failed func(Answer)
}

// Run probes until ctx ends or Verdict wants no more.
func (l Loop) Run(ctx context.Context) {
	if delay := seconds(l.Spec.InitialDelaySeconds, 0); delay > 0 {
		timer := l.Clock.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return
		case <-timer.C():
		}
	}
	ticker := l.Clock.NewTicker(seconds(l.Spec.PeriodSeconds, 10))
	defer ticker.Stop()
	tally := Tally{Success: l.Spec.SuccessThreshold, Failure: l.Spec.FailureThreshold}
	for ctx.Err() == nil {
		answer := l.ask(ctx)
		if ctx.Err() != nil {
			return // the container is gone: that it did not answer says nothing
		}
		if !answer.Healthy && l.Failed != nil {
			l.Failed(answer)
		}
		if tally.Add(answer.Healthy) && !l.Verdict(answer) {
			return
		}
		select {
		case <-ctx.Done():
		case <-ticker.C():
		}
	}
}

func (l Loop) ask(ctx context.Context) Answer {
	ctx, cancel := context.WithTimeout(ctx, seconds(l.Spec.TimeoutSeconds, 1))
	defer cancel()
	return l.Check(ctx)
}

func seconds(n, otherwise int32) time.Duration {
	if n < 1 {
		n = otherwise
	}
	return time.Duration(n) * time.Second
}

// Tally counts answers in a row against the thresholds; zero thresholds are the
// API's defaults, 1 success and 3 failures.
type Tally struct {
	Success, Failure int32

	last, verdict bool
	run           int32
	decided       bool
}

// Add counts an answer and tells whether it changed the verdict.
func (t *Tally) Add(healthy bool) (changed bool) {
	if healthy != t.last || t.run == 0 {
		t.last, t.run = healthy, 0
	}
	t.run++
	need := max(t.Success, 1)
	if !healthy {
		need = t.Failure
		if need < 1 {
			need = 3
		}
	}
	if t.run < need || t.decided && t.verdict == healthy {
		return false
	}
	t.decided, t.verdict = true, healthy
	return true
}
