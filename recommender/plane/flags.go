// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"fmt"
	"time"
)

// Flags are the two inflight flags of a kube-apiserver, in requests.
type Flags struct {
	// Reading is --max-requests-inflight, Mutating --max-mutating-requests-inflight.
	Reading, Mutating int
}

// Ceiling is the server concurrency limit that the flags make, in seats.
func (f Flags) Ceiling() int { return f.Reading + f.Mutating }

// String is the flags as people write them.
func (f Flags) String() string {
	return fmt.Sprintf("--max-requests-inflight=%d with --max-mutating-requests-inflight=%d", f.Reading, f.Mutating)
}

// FlagsFor divides a ceiling between the two flags as Kubernetes' defaults do: flow
// control goes by their sum alone.
func FlagsFor(ceiling int) Flags {
	const mutating = 3 // a third
	return Flags{Reading: ceiling - ceiling/mutating, Mutating: ceiling / mutating}
}

// Workload is what runs the replicas, by the host's account.
type Workload struct {
	// Name is its kind and its name.
	Name string
	// Flags are those of its pod template, Kubernetes' defaults where it has none.
	Flags Flags
	// Rolling is true while it has pods of a template before, Short while fewer are
	// available than there are to be.
	Rolling, Short bool
	// Held is true while Evenkeel holds the rollout: no further replica is replaced.
	Held bool
	// Written is what Evenkeel wrote into the template; nil while it has not, and Ours is
	// true while the whole template is as it was left then.
	Written *WrittenFlags
	Ours    bool
	// Writer is who else has written the container's arguments, and Owner which object
	// controls the workload; empty when nobody does.
	Writer, Owner string
	// Fault says why the flags cannot be read, and Unsafe why no rollout of them may begin;
	// nil when they can, and one may. One that has begun is held and taken back all the same.
	Fault, Unsafe *Fault
}

// Changed tells whether the flags are others than before Evenkeel first wrote them. It
// is false of no workload at all.
func (w *Workload) Changed() bool {
	return w != nil && w.Written != nil && w.Written.Original != w.Flags
}

// WrittenFlags is what the workload keeps of what was written into its template.
type WrittenFlags struct {
	// Original are the flags before Evenkeel first wrote them, Before those before the
	// last write, and Flags what that write made of them, At when.
	Original, Before, Flags Flags
	At                      time.Time
	// Back is true when the last write was a rollback.
	Back bool
}

// FlagsChange is one write of the flags.
type FlagsChange struct{ From, To Flags }

// RolloutName is the name under which the outcome of holding a rollout is told.
const RolloutName = "rollout"

// FlagsName is the name under which the outcome of a change of the flags is told.
const FlagsName = "flags"

// FlagsMemory is what is kept of the inflight flags. Its zero value knows nothing,
// as after a restart: what matters beyond that stands in the workload.
type FlagsMemory struct {
	// Managed is true once the flags have been Evenkeel's to write, so that it can be
	// told that they no longer are.
	Managed bool
	// Shown are the flags that were last recommended, so that they are told once.
	Shown Flags
	// Settled is the time of the write that every ready replica has been seen to obey.
	Settled time.Time
	// Last is what the workload kept when it was last seen to keep anything, and
	// Contested whether its flags were somebody else's by then.
	Last      *WrittenFlags
	Contested bool
	// Passed is how many new replicas of the rollout under way have passed the gate after
	// them, and Well since when those that there are have been well; zero while not so.
	Passed int
	Well   time.Time
	// Stopped is the rollout that was stopped because of what got worse, and Stood for how
	// long that of the last write was watched by nobody, as a person had paused everything.
	Stopped StoppedRollout
	Stood   Standstill
	// Differs is since when the replicas have had another ceiling than their template
	// says, and Unready since when each new replica that is not ready has not been.
	Differs time.Time
	Unready map[string]time.Time
}

// StoppedRollout is a rollout of new flags that was stopped and is to be taken back.
type StoppedRollout struct {
	// Of is when its flags were written; zero for none. Why is what got worse.
	Of  time.Time
	Why string
}

// Standstill is for how long a person has kept the rollout of the flags written at Of from
// being taken further or back, and Seen when that was last looked at.
type Standstill struct {
	Of, Seen time.Time
	For      time.Duration
}
