// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

// takeBack writes what was before the step that made something worse, until that is done.
func (d *pass) takeBack() {
	m := &d.memory.Disturb
	u := m.State.Undoing
	switch {
	case u == nil || !u.Written.IsZero() || d.profile.Paused:
		return
	case m.Undo == nil:
		m.State = m.State.Undone()
		return
	}
	undo := *m.Undo
	undo.Apply = true
	undo.Reason = plane.Reason{
		Code: v1alpha1.ReasonTakenBack, Message: fmt.Sprintf("takes the %s of %s back: %s", kindWords[u.Step.Kind], u.Step.Pod, u.Why),
		Evidence: m.Undo.Reason.Evidence,
	}
	d.step(undo)
}

// tellGivenUp tells that what was to be taken back could not be, and is left as it is.
func (d *pass) tellGivenUp(u rollout.Undoing) {
	d.memory.Disturb.Undo = nil
	d.step(plane.Step{
		Kind: plane.StopSteps, Size: &plane.SizeStep{Component: u.Step.Component, Pod: u.Step.Pod, UID: u.Step.UID},
		Reason: plane.Reason{
			Code:     v1alpha1.ReasonPlanStopped,
			Message:  fmt.Sprintf("gives up to take the %s of %s back: it was not to be written for ten minutes, and stays as it is", kindWords[u.Step.Kind], u.Step.Pod),
			Evidence: []string{"it was to be taken back: " + u.Why},
		},
	})
}

// forgoUndo forgets how the step is taken back where the profile no longer allows what it
// did: it would be one more disruption that nobody asks for.
func (d *pass) forgoUndo() {
	m := &d.memory.Disturb
	if m.Undo == nil {
		return
	}
	allowed := d.profile.Sizing.Mode == plane.Enforce
	if m.Undo.Kind == plane.ReturnFlags {
		allowed = d.profile.ManageFlags && d.profile.LoadLine == plane.Enforce
	}
	if !allowed {
		m.State, m.Undo = m.State.Failed(d.now).Undone(), nil
	}
}
