// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import "evenkeel.dev/evenkeel/recommender/sla"

// Plan is what one pass decided.
type Plan struct {
	// Steps are in the order in which they must be carried out.
	Steps []Step
	// Findings are conditions with their reasons, one per condition type.
	Findings []Finding
	// LoadLine is the usable seats that the plan stands for.
	LoadLine LoadLine
	// Offenders are the clients to show, the worst first.
	Offenders []Sentence
	// Sizes are what the components should request.
	Sizes []SizePlan
	// Scale is how many replicas there should be at the least.
	Scale ScalePlan
	// Availability is what the control plane survives as it runs.
	Availability Availability
	// Disturbing is the plan of disruptive steps.
	Disturbing Disturbing
	// Around is what is going on that a bad minute may be put down to.
	Around sla.Circumstances
	// LookCloser asks for debug dumps and a faster tick: somebody suffers or a
	// level is full.
	LookCloser bool
	// LookSooner asks for a faster tick and no dumps: the load line waits for the next
	// window.
	LookSooner bool
}

// LoadLine is the usable seats of one replica.
type LoadLine struct {
	// Seats is the load line, Ceiling what the flags allow; both 0 when unknown.
	Seats, Ceiling int
	// Used are the busiest replica's seats in use.
	Used int
}

// Finding is a condition of the profile.
type Finding struct {
	// Condition is a condition type of apis/v1alpha1.
	Condition string
	// True is its status; Unknown overrides it.
	True, Unknown bool
	// Reason is a stable word, Message the text that people read.
	Reason, Message string
}

// StepKind is what a step does.
type StepKind string

// The kinds of steps.
const (
	// ProtectSelf writes the schema and level of Evenkeel's own requests.
	ProtectSelf StepKind = "ProtectSelf"
	// SetBallast writes the ballast level; Ballast is set.
	SetBallast StepKind = "SetBallast"
	// RemoveBallast deletes it: the load line is the ceiling.
	RemoveBallast StepKind = "RemoveBallast"
	// SetShares writes what the suggested levels have of the seats; Shares is set.
	SetShares StepKind = "SetShares"
	// ReturnShares gives them back what the tenant had.
	ReturnShares StepKind = "ReturnShares"
	// SetFlags writes higher inflight flags into the workload's pod template; Flags is
	// set. It restarts every replica, one after the other.
	SetFlags StepKind = "SetFlags"
	// ReturnFlags writes back what stood there before the last SetFlags.
	ReturnFlags StepKind = "ReturnFlags"
	// HoldRollout has no further replica replaced after SetFlags, and GoOnRollout the next
	// one.
	HoldRollout StepKind = "HoldRollout"
	GoOnRollout StepKind = "GoOnRollout"
	// ReleaseRollout has a rollout that is held run on by itself: it is nobody's to watch.
	ReleaseRollout StepKind = "ReleaseRollout"
	// KeepFlags writes nothing: the flags are no longer managed, and stay.
	KeepFlags StepKind = "KeepFlags"
	// Withdraw deletes all that Evenkeel wrote: the tenant is left as found.
	Withdraw StepKind = "Withdraw"
	// PassSentence writes the level, then the schema, of a new sentence.
	PassSentence StepKind = "PassSentence"
	// ChangeGrade writes the level, then the schema, of a sentence again.
	ChangeGrade StepKind = "ChangeGrade"
	// EndSentence deletes the schema, then the level.
	EndSentence StepKind = "EndSentence"
	// ChangeSize writes nothing: the pods of a component are to request something else.
	// Size is set, as for the three below.
	ChangeSize StepKind = "ChangeSize"
	// ResizePod writes what one pod requests through its resize subresource.
	ResizePod StepKind = "ResizePod"
	// MoveLeader has another etcd member lead.
	MoveLeader StepKind = "MoveLeader"
	// EvictPod evicts a pod whose node cannot carry its size.
	EvictPod StepKind = "EvictPod"
	// SetFloor writes the least number of replicas into the autoscaler; Floor is set.
	SetFloor StepKind = "SetFloor"
	// Defragment rewrites the database of one member of etcd; Etcd is set, as for the two
	// below.
	Defragment StepKind = "Defragment"
	// Compact drops the history of etcd's store up to a revision.
	Compact StepKind = "Compact"
	// Disarm takes back etcd's alarm of no space.
	Disarm StepKind = "Disarm"
	// StopSteps writes nothing: the plan of disruptive steps is stopped. Size is set.
	StopSteps StepKind = "StopSteps"
	// Advise writes nothing: it is for a person to do.
	Advise StepKind = "Advise"
	// NameOffender writes nothing: the client cannot be jailed.
	NameOffender StepKind = "NameOffender"
)

// Step is one reversible change.
type Step struct {
	Kind StepKind
	// Apply is false in Recommend: the step is shown and not carried out.
	Apply bool
	// Level is the priority level to write, for the kinds that write one.
	Level *LevelSpec
	// Shares are all levels of one division, for SetShares.
	Shares []LevelShares
	// Flags is what SetFlags and ReturnFlags make of the inflight flags.
	Flags *FlagsChange
	// Size is what a step about sizes is about.
	Size *SizeStep
	// Floor is what SetFloor does, Etcd what is done to etcd.
	Floor *FloorStep
	Etcd  *EtcdStep
	// Sentence is what is passed, changed, ended or named; Had is the grade that the
	// tenant holds, of one that is changed.
	Sentence *Sentence
	Had      Grade
	// Reason is why.
	Reason Reason
}

// LevelSpec is a priority level of type Limited that lends and borrows nothing.
type LevelSpec struct {
	Name string
	// Shares is nominalConcurrencyShares, 0 or more.
	Shares int
	// Queues, HandSize and QueueLength describe a queueing level; Queues 0 is a
	// level that rejects.
	Queues, HandSize, QueueLength int
}

// Reason is why a step was taken, as data.
type Reason struct {
	// Code is a stable word of apis/v1alpha1.
	Code string
	// Message is the decision in one sentence.
	Message string
	// Evidence is what was seen, a line each.
	Evidence []string
	// Rejected are the options not taken, a line each.
	Rejected []string
}
