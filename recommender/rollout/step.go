// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rollout decides the order of what disturbs: which of the disruptive steps that
// are due is next, whether it may begin, and, once it has, whether what it touched is as
// well as it was before and as the others are. One step of a control plane is under way at
// a time; what gets worse ends the plan, and is taken back where it can be.
//
// It is a function of what is handed to it: no client, no clock.
package rollout

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// Kind is what a disruptive step does.
type Kind string

// The kinds, the least harm first.
const (
	// MoveLeader has another member of etcd lead: writes wait for some milliseconds.
	MoveLeader Kind = "MoveLeader"
	// Defragment rewrites one member's database: the member answers nobody meanwhile.
	Defragment Kind = "Defragment"
	// Restart resizes one pod in place where its container restarts for it.
	Restart Kind = "Restart"
	// Replace evicts one pod, whose successor is placed anew.
	Replace Kind = "Replace"
	// Roll lets one replica start with what is new in its template.
	Roll Kind = "Roll"
)

// Step is one disruptive change of one pod that somebody wants.
type Step struct {
	Kind      Kind
	Component sizing.Component
	// Pod is what is touched, UID its UID; Node and Zone are where it runs.
	Pod, UID, Node, Zone string
	// Leader is whether it is etcd's leader.
	Leader bool
	// Urgent steps do not wait for a window: to wait does more harm than they do.
	Urgent bool
	// Takes is how long it may take, where that is not what its kind may; 0 is.
	Takes time.Duration
	// Why it is due, in a few words without an end: "1.9 of 3.1 GiB are air".
	Why string
}
