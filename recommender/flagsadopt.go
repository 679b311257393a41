// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"slices"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// roll is the rollout of new flags as a step of the plan of disruptive steps.
func (d *pass) roll(w *plane.Workload) rollout.Step {
	return rollout.Step{
		Kind: rollout.Roll, Component: sizing.APIServer, Pod: w.Name, UID: w.Name, Why: "requests wait for seats at the ceiling",
		Takes: d.rolloutTakes() + rolloutWithin/2, // a rollout that only hangs is taken back before
	}
}

// rollingOut tells whether new flags of Evenkeel's own are the step under way.
func (d *pass) rollingOut() bool {
	u := d.memory.Disturb.State.Under
	return u != nil && u.Step.Kind == rollout.Roll
}

// takingBack tells whether the plan takes new flags back.
func (d *pass) takingBack() bool {
	u := d.memory.Disturb.State.Undoing
	return u != nil && u.Step.Kind == rollout.Roll
}

// keepRolling has a rollout under way not taken for done before every replica is seen to
// run with it, also while a person has paused everything.
func (d *pass) keepRolling(w *plane.Workload) {
	if d.rollingOut() && (w == nil || !d.obeyed(w)) {
		d.wants(d.memory.Disturb.State.Under.Step, plane.Step{Kind: plane.SetFlags, Apply: true}, nil)
	}
}

// adoptRoll takes a rollout of Evenkeel's own up that the plan does not know of: its
// process has begun since. Nobody else would judge what it does to the replicas.
func (d *pass) adoptRoll(w *plane.Workload) {
	if !d.orphaned(w) {
		return
	}
	var before []rollout.Subject
	anew := d.renewed(w)
	for _, s := range d.subjects() {
		if s.Component != sizing.APIServer || !slices.Contains(anew, s.Pod) {
			before = append(before, s)
		}
	}
	step := d.roll(w)
	step.Takes += d.memory.Flags.Stood.For
	m := &d.memory.Disturb
	m.State = m.State.Adopt(step, before, w.Written.At)
	m.Undo = &plane.Step{Kind: plane.ReturnFlags, Flags: &plane.FlagsChange{From: w.Flags, To: w.Written.Before}}
}

// orphaned tells whether a rollout of Evenkeel's own is under way, and no step of the plan.
func (d *pass) orphaned(w *plane.Workload) bool {
	state, m := d.memory.Disturb.State, d.memory.Flags
	switch {
	case state.Under != nil || state.Undoing != nil || d.profile.LoadLine != plane.Enforce || d.withdrawing():
		return false
	case w.Written == nil || w.Written.Back || !w.Ours || w.Written.Flags != w.Flags:
		return false
	case m.Settled.Equal(w.Written.At) || d.stopped(w) || d.hangs(w):
		return false
	}
	return w.Held || w.Rolling && (d.differing(w) != "" || d.rolloutAge(w) < watchedFor)
}

// followStop keeps that a rollout was stopped until it is taken back: the plan tries that
// for some minutes alone.
func (d *pass) followStop(w *plane.Workload) {
	m, undo := &d.memory.Flags, d.memory.Disturb.Undo
	switch {
	case d.profile.LoadLine != plane.Enforce || w.Written == nil || w.Written.Back || !w.Ours:
		m.Stopped = plane.StoppedRollout{}
	case d.takingBack() && undo != nil && undo.Flags != nil && undo.Flags.From == w.Flags:
		m.Stopped = plane.StoppedRollout{Of: w.Written.At, Why: d.memory.Disturb.State.Undoing.Why}
	}
}

// stopped tells whether the rollout of the last write was stopped, and is to be taken back.
func (d *pass) stopped(w *plane.Workload) bool {
	return w.Written != nil && d.memory.Flags.Stopped.Of.Equal(w.Written.At)
}

// followPause keeps for how long a person has kept the rollout of the last write from being
// taken further or back. A process that begins meanwhile takes all of it for that.
func (d *pass) followPause(w *plane.Workload) {
	m := &d.memory.Flags
	if w.Written == nil {
		m.Stood = plane.Standstill{}
		return
	}
	if !m.Stood.Of.Equal(w.Written.At) {
		m.Stood = plane.Standstill{Of: w.Written.At, Seen: w.Written.At}
	}
	if d.profile.Paused {
		by := max(d.now.Sub(m.Stood.Seen), 0)
		m.Stood.For += by
		d.memory.Disturb.State = d.memory.Disturb.State.Stood(by)
	}
	m.Stood.Seen = d.now
}

// rolloutAge is how long the rollout of the last write has gone on, without the time for
// which a person had paused everything.
func (d *pass) rolloutAge(w *plane.Workload) time.Duration {
	return d.now.Sub(w.Written.At) - d.memory.Flags.Stood.For
}
