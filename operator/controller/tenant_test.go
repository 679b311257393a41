// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/operator/observe"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// tenant is a tenant's control plane without one: it shows what a test says and
// notes what is done to it.
type tenant struct {
	mu sync.Mutex

	// What it answers.
	used   int           // seats in use on every replica
	fault  *plane.Fault  // of every replica
	leave  error         // of LeaveAsFound
	fails  *plane.Fault  // of every step
	slow   bool          // of every pulse
	hang   chan struct{} // a look waits until it is closed
	before func(kind plane.StepKind)

	// What was done.
	targets []observe.Target
	looks   int
	dumps   int
	applied []plane.Step
	left    int
	opened  int
	closed  int
}

func (f *tenant) User() string { return "evenkeel" }

func (f *tenant) Retarget(targets []observe.Target) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.targets = slices.Clone(targets)
	slices.SortFunc(f.targets, func(a, b observe.Target) int { return strings.Compare(a.Name, b.Name) })
}

func (f *tenant) Look(ctx context.Context, now time.Time, dump bool) []plane.Replica {
	f.mu.Lock()
	hang := f.hang
	f.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looks++
	if dump {
		f.dumps++
	}
	var out []plane.Replica
	for _, t := range f.targets {
		out = append(out, plane.Replica{
			Name: t.Name, Zone: t.Zone, Ready: t.Ready, Ceiling: t.Ceiling, Observed: now, Fault: f.fault,
			Levels: []plane.LevelLoad{{Name: "workload-low", Nominal: t.Ceiling, Current: t.Ceiling, Executing: f.used}},
		})
	}
	return out
}

func (f *tenant) Pulse(context.Context) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slow
}

func (f *tenant) ReadConfig(context.Context) (*plane.FlowConfig, *plane.Fault) {
	return &plane.FlowConfig{Levels: []plane.Level{{Name: "workload-low", Shares: 100}}}, nil
}

func (f *tenant) Apply(_ context.Context, step plane.Step, _ []plane.Replica, now func() time.Time) plane.Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.before != nil {
		f.before(step.Kind)
	}
	f.applied = append(f.applied, step)
	out := plane.Outcome{Kind: step.Kind, Fault: f.fails}
	if step.Sentence != nil {
		out.Name = step.Sentence.Name
	}
	if f.fails == nil {
		out.Written = now()
		out.InForce = out.Written.Add(120 * time.Millisecond)
	}
	return out
}

func (f *tenant) LeaveAsFound(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.leave == nil {
		f.left++
	}
	return f.leave
}

func (f *tenant) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
}

// with changes or reads the tenant while the operator uses it.
func (f *tenant) with(do func(f *tenant)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do(f)
}

// count reads one of the counters.
func (f *tenant) count(of func(f *tenant) int) func() int {
	return func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return of(f)
	}
}
