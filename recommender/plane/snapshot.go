// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import "time"

// Snapshot is one look at a control plane.
type Snapshot struct {
	// Replicas are the apiserver replicas, sorted by name.
	Replicas []Replica
	// Config is the tenant's flow-control configuration; nil when it could not
	// be read, and then nothing about it may be changed.
	Config *FlowConfig
	// ConfigFault says why Config is nil.
	ConfigFault *Fault
	// Members are the etcd members, sorted by name; nil when they are not looked at.
	Members []Member
	// MembersFault says why Members are not looked at, or not all of them; nil when
	// nothing is wrong, or the profile names no etcd.
	MembersFault *Fault
	// Workload is what runs the replicas; nil when it is not looked at: its flags are
	// not managed and never were.
	Workload *Workload
	// WorkloadFault says why Workload is nil although it is needed.
	WorkloadFault *Fault
	// Sizes is what the host cluster tells of the pods and their sizes.
	Sizes SizesSeen
	// Host is where the control plane runs and could run.
	Host HostSeen
	// Scale is how many replicas there are to be.
	Scale ScaleSeen
	// Outcomes are what became of steps since the snapshot before.
	Outcomes []Outcome
}

// Replica is one apiserver as it answered at its own address.
type Replica struct {
	Name, Zone string
	// Version is the Kubernetes version that it tells, as in v1.36.3; empty when it has
	// told none.
	Version string
	// UID is the pod's.
	UID string
	// Ready is the pod's readiness, Ending whether it is on its way out.
	Ready, Ending bool
	// Fault says why the last look failed; nil when it was whole.
	Fault *Fault
	// Ceiling is the server concurrency limit: the two inflight flags added, in
	// seats; 0 when unknown.
	Ceiling int
	// Observed is when Levels and Flows were read; zero when never.
	Observed time.Time
	// Window is the time between the last two pages of the same process; the
	// deltas in Flows are over it. Zero when there was only one.
	Window time.Duration
	// Levels and Flows are the loads by priority level and by flow schema.
	Levels []LevelLoad
	Flows  []FlowLoad
	// Answers is what became of the requests of the window; its zero value while there is
	// no window.
	Answers Answers
	// Served is what was served in the window, by class, watches left out; nil while
	// there is no window.
	Served []Served
	// Delays are how long that took, by scope; nil while there is no window.
	Delays []Delays
	// Heartbeats is how long the requests of the levels took that hold nothing else:
	// node-high and leader-election, single objects by which nodes and elected leaders
	// stay what they are. Empty while there is no window.
	Heartbeats Delays
	// Process is how the process is.
	Process Process
	// Stored is what etcd holds, as the replica counts it once a minute.
	Stored Stored
	// Dumped is when Held was asked for, lately; zero when there is no dump. In a
	// storm one takes seconds to come: Held is that old at the most.
	Dumped time.Time
	// Held are the requests in the debug dump, by client.
	Held []Held
	// Pulse is how long the smallest request took that was sent at Pulsed.
	Pulse  time.Duration
	Pulsed time.Time
}

// Fault says why something could not be observed.
type Fault struct {
	// Reason is a stable word of apis/v1alpha1.
	Reason string
	// Message says what was attempted, what came back, and what to do.
	Message string
}

// LevelLoad is one priority level on one replica, in seats but where said.
type LevelLoad struct {
	Name string
	// Nominal and Current are the level's limits.
	Nominal, Current int
	// Executing are the seats in use.
	Executing int
	// Waiting counts the requests in the queues.
	Waiting int
	// Rejected counts the requests refused in the window.
	Rejected float64
	// Demand is the apiserver's smoothed demand for the level, in seats.
	Demand float64
}

// FlowLoad is one flow schema on one replica, over the replica's Window.
type FlowLoad struct {
	Level, Schema string
	// Requests counts the regular (not watch) requests that finished.
	Requests float64
	// ExecSeconds and WaitSeconds are their execution and queueing times, added.
	ExecSeconds, WaitSeconds float64
	// Executing are the seats in use now; Waiting the requests queued now.
	Executing, Waiting int
	// Rejected counts the requests refused.
	Rejected float64
}

// Held is what one client holds of one replica: the rows of the debug dump that
// have the client in common.
type Held struct {
	Client Client
	// Members counts the clients that are added up in this one, for what stands for
	// many; 0 for a single client.
	Members int
	// Level and Schema classified its requests.
	Level, Schema string
	// Executing and Waiting count requests; Seats are those of the executing.
	Executing, Waiting, Seats int
	// Width is the widest request, in seats.
	Width int
	// OldestWait is the longest time that one of its requests has been queued.
	OldestWait time.Duration
	// LastArrival is when the newest of the requests arrived, by the replica's
	// clock.
	LastArrival time.Time
}

// FlowConfig is the tenant's flow-control configuration.
type FlowConfig struct {
	// Levels are all its priority levels, sorted by name.
	Levels []Level
	// Sentences are those that Evenkeel's own flow schemas carry.
	Sentences []Sentence
	// SelfProtected is true when Evenkeel's own schema and level exist.
	SelfProtected bool
	// Taken are names that Evenkeel needs and somebody else's objects have.
	Taken []string
}

// Level is a priority level as the tenant's API holds it.
type Level struct {
	Name   string
	Exempt bool
	// Shares is nominalConcurrencyShares.
	Shares int
	// Own is true for Evenkeel's.
	Own bool
	// Jail is true for a level of somebody else's that has no seats of its own and
	// borrows none: whoever is sent there is held already.
	Jail bool
	// Leaks is true for a ballast of Evenkeel's that lends or borrows: somebody has
	// changed it.
	Leaks bool
	// LendablePercent and BorrowingPercent are its limits of lending and borrowing, as
	// in Portion.
	LendablePercent, BorrowingPercent int
	// Suggested is true for a level that the apiserver keeps by its suggested
	// configuration: those that a division is about.
	Suggested bool
	// Original is what the tenant had before its shares were divided; nil while
	// Evenkeel has not changed them.
	Original *Portion
	// Held says why a suggested level is not Evenkeel's to change; nil when it is.
	Held *Fault
}

// Portion is what the level has of a replica's seats.
func (l Level) Portion() Portion {
	return Portion{Shares: l.Shares, LendablePercent: l.LendablePercent, BorrowingPercent: l.BorrowingPercent}
}

// Outcome is what became of a step.
type Outcome struct {
	Kind StepKind
	// Name is what the step was about, as Step.About tells it.
	Name string
	// Written is when the last write was acknowledged; zero if none was.
	Written time.Time
	// InForce is when every ready replica had been read back to obey; zero if
	// they have not (yet).
	InForce time.Time
	// Fault says what went wrong; nil when nothing did.
	Fault *Fault
}
