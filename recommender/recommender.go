// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package recommender decides. Decide is a function of what was seen, what the
// profile allows, what is remembered and the time; the operator, the simulator,
// the replay and the command line all call it. It talks to nothing and reads no
// clock, so that every decision can be repeated from its inputs.
//
// A pass has an order, and each part a file: what can be seen (sight.go), the load line
// (loadline.go), its division (shares.go), who does harm (sentences.go), what is wanted of
// the tenant (wanted.go), the inflight flags above it all (flags.go), how much the
// containers should request (sizes.go) and which pod is resized next (resize.go, gate.go),
// how many replicas there should be (scaleout.go), where they run (zones.go), what etcd's
// members need beyond their size (careforetcd.go), and what to tell people (findings.go).
// Whatever disturbs is only wanted by these, and done by one plan (disturb.go).
//
// What is decided is kept in the memory as the wanted state; the steps are the difference
// between that and what the tenant's configuration holds, so a write that failed is tried
// again by the same rule.
package recommender

import (
	"maps"
	"time"

	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/replicas"
	"evenkeel.dev/evenkeel/recommender/zones"
)

// retryAfter is how long a step whose try failed is left alone.
const retryAfter = 5 * time.Second

// failureLasts is how long a failure is told when it is not met again: what still
// fails is tried more often than that, and what has come right shows in the replicas.
const failureLasts = time.Minute

// burst is how long debug dumps are asked for in one go.
const burst = 10 * time.Second

// pass is one run of Decide.
type pass struct {
	seen    plane.Snapshot
	profile plane.Profile
	memory  plane.Memory
	now     time.Time

	sight sight
	harm  offender.Harm
	plan  plane.Plan
	// reasons are why sentences changed in this pass, by name.
	reasons map[string]plane.Reason
	// scaled is what was decided of the number of replicas, floorWaits why that is not
	// written yet, and even how the connections lie.
	scaled     replicas.Decision
	floorWaits string
	even       replicas.Evenness
	// disruptive are the steps of that kind that are wanted in this pass.
	disruptive []want
	// noLeaderElse says why what is due to etcd's leader waits; empty when it does not.
	noLeaderElse string
	// zoneProblems are what is wrong with where the pods run, the worst first.
	zoneProblems []zones.Problem
	// careWaits is what the care for etcd waits for, in words; empty when for nothing.
	careWaits string
}

// Decide turns one look at a control plane into a plan, and gives the memory for
// the next look. It changes none of its arguments.
func Decide(s plane.Snapshot, p plane.Profile, m plane.Memory, now time.Time) (plane.Plan, plane.Memory) {
	d := &pass{seen: s, profile: p, memory: copied(m), now: now}
	d.look()
	d.recall()
	d.withdraw()
	d.protectSelf()
	d.holdLoadLine()
	d.obeyHands()
	d.judge()
	d.advance()
	d.carryOut()
	d.divide() // after the sentences, which are urgent: a division is not
	d.manageFlags()
	d.size()
	d.scaleOut()
	d.spreadZones()
	d.careForEtcd()
	d.disturb() // after all that want something disruptive
	d.forget()
	d.learn()
	d.report()
	d.plan.Around = d.around()
	return d.plan, d.memory
}

// learn moves the baselines in calm times only: a storm must not become usual.
func (d *pass) learn() {
	if d.harm.Found() || len(d.harm.Full) > 0 || d.sight.blind() || d.active() > 0 {
		return
	}
	d.memory.Baselines = offender.Learn(d.memory.Baselines, d.seen.Replicas)
}

// step adds a step, unless its last try has just failed: then it tells that it has not.
func (d *pass) step(s plane.Step) (added bool) {
	if failed, ok := d.memory.Failed[s.About()]; s.Apply && ok && d.now.Sub(failed.At) < retryAfter {
		return false
	}
	d.plan.Steps = append(d.plan.Steps, s)
	return true
}

// enforcing tells whether a protection in this mode may write.
func (d *pass) enforcing(mode plane.Mode) bool { return mode == plane.Enforce && !d.profile.Paused }

// enforcesAny tells whether any protection may write.
func (d *pass) enforcesAny() bool {
	p := d.profile
	return d.enforcing(p.Jail) || d.enforcing(p.LoadLine) || d.enforcing(p.Shares)
}

func copied(m plane.Memory) plane.Memory {
	m.Offenders = cloned(m.Offenders)
	m.Failed = cloned(m.Failed)
	m.Division.Leaning = maps.Clone(m.Division.Leaning)
	m.Sizes.Containers = cloned(m.Sizes.Containers)
	m.Care = m.Care.Clone()
	m.Sizes.Aside, m.Sizes.Killed = cloned(m.Sizes.Aside), cloned(m.Sizes.Killed)
	m.Zones.Moved = cloned(m.Zones.Moved)
	return m
}

func cloned[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return maps.Clone(m)
}
