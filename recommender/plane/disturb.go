// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import "evenkeel.dev/evenkeel/recommender/rollout"

// PlanState is how the plan of disruptive steps stands.
type PlanState string

// The states of the plan.
const (
	// PlanIdle: nothing is due.
	PlanIdle PlanState = "Idle"
	// PlanWaiting: the gate before the next step does not hold.
	PlanWaiting PlanState = "Waiting"
	// PlanUnderWay: a step has begun, and the gate after it has not held for long enough.
	PlanUnderWay PlanState = "UnderWay"
	// PlanPaused: a step is under way, and what it touched is not seen.
	PlanPaused PlanState = "Paused"
	// PlanStopped: a step made something worse.
	PlanStopped PlanState = "Stopped"
)

// Disturbing is the plan of disruptive steps, to be shown.
type Disturbing struct {
	State PlanState
	// Reason is a stable word, Why what it waits for or why it was stopped.
	Reason, Why string
	// UnderWay is the step under way; nil when none is. Due are those that are wanted, the
	// next first.
	UnderWay *rollout.Step
	Due      []rollout.Step
}

// DisturbMemory is what is kept of the plan of disruptive steps.
type DisturbMemory struct {
	State rollout.State
	// Undo takes back what is under way; nil where that cannot be.
	Undo *Step
}
