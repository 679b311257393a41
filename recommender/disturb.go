// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// want is a disruptive step that somebody wants, and how it is done and undone.
type want struct {
	step rollout.Step
	do   plane.Step
	// undo takes it back; nil for what cannot be.
	undo *plane.Step
}

// wants says that a disruptive step is due. Whoever wants it says so in every pass for as
// long as it is: disturb decides when it is its turn. What is only recommended is no step
// of the plan: whoever recommends it shows it.
func (d *pass) wants(s rollout.Step, do plane.Step, undo *plane.Step) {
	d.disruptive = append(d.disruptive, want{step: s, do: do, undo: undo})
}

// disturb takes the next step of the one plan, and watches the one that is under way.
func (d *pass) disturb() {
	m := &d.memory.Disturb
	d.heedOutcomes()
	d.forgoUndo()
	var due []rollout.Step
	for _, w := range d.disruptive {
		if w.do.Apply {
			due = append(due, w.step)
		}
	}
	state, decided := m.State.Advance(due, d.disturbSeen(), d.now)
	m.State = state
	if decided.GaveUp != nil {
		d.tellGivenUp(*decided.GaveUp)
	}
	switch {
	case decided.Begin != nil:
		d.beginStep(*decided.Begin, decided.Gate, len(due))
	case decided.Stopped != nil:
		d.stopSteps(*decided.Stopped, decided)
	}
	if m.State.Under == nil && m.State.Undoing == nil {
		m.Undo = nil
	}
	d.takeBack()
	d.plan.Disturbing = d.disturbing(decided)
}

// heedOutcomes has a step that could not be carried out tried again later, and what was
// taken back followed until it is over.
func (d *pass) heedOutcomes() {
	m := &d.memory.Disturb
	for _, o := range d.seen.Outcomes {
		if u := m.State.Under; u != nil && o.Fault != nil && d.isStep(o, u.Step) {
			d.heedFault(u.Step, *o.Fault)
			continue
		}
		undone := m.Undo != nil && o.Kind == m.Undo.Kind && o.Name == m.Undo.About() && o.Fault == nil
		if undone && m.State.Undoing != nil {
			m.State, m.Undo = m.State.Rewritten(d.now), nil
		}
	}
}

// heedFault has the step under way given up, or awaited where it may have been written.
func (d *pass) heedFault(s rollout.Step, fault plane.Fault) {
	m := &d.memory.Disturb
	if slices.Contains(uncertain, fault.Reason) {
		m.State = m.State.Doubted(d.now)
		return
	}
	if s.Kind == rollout.Restart && slices.Contains(lasting, fault.Reason) {
		d.setAside(s.UID, plane.Aside{Reason: fault.Reason, Why: fault.Message}, asideFor, asideFor)
	}
	m.State, m.Undo = m.State.Failed(d.now), nil
}

// uncertain are the reasons of faults after which a write may have been made all the same.
var uncertain = []string{v1alpha1.ReasonWriteFailed, v1alpha1.ReasonNotReadBack}

// isStep tells whether an outcome is of a step of the plan.
func (d *pass) isStep(o plane.Outcome, s rollout.Step) bool {
	switch s.Kind {
	case rollout.MoveLeader:
		return o.Kind == plane.MoveLeader
	case rollout.Defragment:
		return o.Kind == plane.Defragment && o.Name == plane.Step{Kind: plane.Defragment, Etcd: &plane.EtcdStep{Member: s.Pod}}.About()
	case rollout.Restart:
		return o.Kind == plane.ResizePod && o.Name == aboutPod(s.Component, s.Pod)
	case rollout.Replace:
		return o.Kind == plane.EvictPod && o.Name == aboutPod(s.Component, s.Pod)
	case rollout.Roll:
		return o.Kind == plane.SetFlags
	default:
		return false
	}
}

// beginStep carries a step out, with what was seen before it as evidence.
func (d *pass) beginStep(s rollout.Step, gate []string, due int) {
	m := &d.memory.Disturb
	i := slices.IndexFunc(d.disruptive, func(w want) bool {
		return w.do.Apply && w.step.Kind == s.Kind && w.step.UID == s.UID && w.step.Pod == s.Pod
	})
	if i < 0 {
		d.moveLeaderAway(s, gate)
		return
	}
	w := d.disruptive[i]
	w.do.Reason.Evidence = append(slices.Clone(w.do.Reason.Evidence), gate...)
	if due > 1 {
		w.do.Reason.Evidence = append(w.do.Reason.Evidence, fmt.Sprintf("%d more steps are due, each after a gate", due-1))
	}
	if !d.step(w.do) {
		m.State = m.State.Failed(d.now)
		return
	}
	m.Undo = w.undo
	if s.Kind == rollout.MoveLeader {
		d.memory.Sizes.LeaderMoved = d.now
	}
}

// moveLeaderAway has another member lead before something is done to the one that does.
func (d *pass) moveLeaderAway(s rollout.Step, gate []string) {
	m := &d.memory.Disturb
	lead := d.leader()
	if lead == nil || lead.Name != s.Pod {
		m.State = m.State.Failed(d.now)
		return
	}
	heir, why := d.heir(*lead)
	if heir == nil {
		m.State = m.State.Failed(d.now)
		d.noLeaderElse = s.Pod + " leads etcd, and nobody else can: " + why
		return
	}
	if !d.step(plane.Step{
		Kind: plane.MoveLeader, Apply: true,
		Size: &plane.SizeStep{Component: sizing.Etcd, Pod: s.Pod, UID: s.UID, Leader: heir.Name},
		Reason: plane.Reason{
			Code: v1alpha1.ReasonLeaderMoved, Message: fmt.Sprintf("has %s lead etcd instead of %s: %s", heir.Name, s.Pod, s.Why),
			Evidence: gate,
			Rejected: []string{"to do it to the leader while it leads: that would cost an election"},
		},
	}) {
		m.State = m.State.Failed(d.now)
		return
	}
	d.memory.Sizes.LeaderMoved, m.Undo = d.now, nil
}

// stopSteps tells why the plan has been stopped.
func (d *pass) stopSteps(s rollout.Step, decided rollout.Decision) {
	m := &d.memory.Disturb
	r := plane.Reason{
		Code:    v1alpha1.ReasonPlanStopped,
		Message: fmt.Sprintf("stops the plan after the %s of %s: %s", kindWords[s.Kind], s.Pod, decided.Why),
		Evidence: []string{
			fmt.Sprintf("what is worse: %s", decided.Signal),
			"nothing that can wait begins before " + clock(m.State.Stopped),
		},
		Rejected: []string{"to go on: the next would be as this one", "to wait longer: what got worse has been so for an interval"},
	}
	if m.Undo == nil {
		r.Evidence = append(r.Evidence, "the step cannot be taken back")
		m.State = m.State.Undone()
	}
	d.step(plane.Step{Kind: plane.StopSteps, Apply: false, Reason: r, Size: &plane.SizeStep{Component: s.Component, Pod: s.Pod, UID: s.UID}})
}

// kindWords are the kinds of disruptive steps as nouns.
var kindWords = map[rollout.Kind]string{
	rollout.MoveLeader: "move of the leader", rollout.Defragment: "defragmentation", rollout.Restart: "restart", rollout.Replace: "eviction", rollout.Roll: "rollout",
}
