// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

// want is a disruptive step that somebody wants, and how it is done and undone.
type want struct {
	step rollout.Step
	do   plane.Step
	// undo takes it back; nil for what cannot be.
	undo *plane.Step
}

// wants says that a disruptive step is due. Whoever wants it says so in every pass for as
// long as it is: disturb decides when it is its turn.
func (d *pass) wants(s rollout.Step, do plane.Step, undo *plane.Step) {
	d.disruptive = append(d.disruptive, want{step: s, do: do, undo: undo})
}

// disturb takes the next step of the one plan.
func (d *pass) disturb() {}
