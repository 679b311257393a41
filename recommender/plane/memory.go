// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/rollout"
)

// Mode says what may be done about a decision.
type Mode string

// The modes of a protection, as they result from the profile.
const (
	// Off decides nothing.
	Off Mode = "Off"
	// Recommend decides and explains, and writes nothing.
	Recommend Mode = "Recommend"
	// Enforce carries decisions out.
	Enforce Mode = "Enforce"
)

// Profile is what the platform team allows, defaults filled in.
type Profile struct {
	// Jail, LoadLine and Shares are the effective modes of the protections.
	Jail, LoadLine, Shares Mode
	// Paused is true when a person has stopped every write: sentences keep their
	// grade, and the load line stays where it is.
	Paused bool
	// SeatsMin and SeatsMax bound the load line of one replica; 0 is no bound.
	SeatsMin, SeatsMax int
	// ManageFlags is true when the inflight flags may be raised where they hold the
	// tenant back. They are written only where the load line is enforced.
	ManageFlags bool
	// Term is the length of a first sentence, MaxTerm the cap of its doubling.
	Term, MaxTerm time.Duration
	// MaxSentences is how many clients may be jailed at once.
	MaxSentences int
	// NeverJail are users that are only named.
	NeverJail []string
	// Manual are the sentences that people have written into the profile.
	Manual []Manual
	// Self is Evenkeel's own user name in the tenant.
	Self string
	// Sizing is what is allowed of sizes.
	Sizing SizingProfile
	// Scaling is what is allowed of the number of replicas, Care of the members of etcd.
	Scaling ScalingProfile
	Care    CareProfile
	// Zones is over how many zones replicas and members are to be spread; 0 is not said.
	// Spread is the mode of evicting what runs in the wrong place, Class the availability
	// in percent that is promised, as in "99.95".
	Zones  int
	Spread Mode
	Class  string
	// Windows are when what can wait may disturb; none is at any time.
	Windows []rollout.Window
	// Tick is the time between two looks when all is calm; a page older than
	// three ticks is stale.
	Tick time.Duration
}

// Memory is what is kept from one pass to the next. Its zero value is an
// operator that has just started.
type Memory struct {
	// Baselines are mean seconds per request (execution and queueing) in calm
	// times, by flow schema.
	Baselines map[string]Baseline
	// Samples are the last debug dumps, oldest first.
	Samples []Sample
	// Offenders are the sentences that were passed or recommended, by name.
	Offenders map[string]Sentence
	// Failed are the steps whose last try failed, by Step.About.
	Failed map[string]Failure
	// Line is the search for the load line.
	Line Line
	// LineShown is the load line that was last written or recommended, so that a
	// recommendation is made once.
	LineShown int
	// BallastWritten is when the ballast was last to be written.
	BallastWritten time.Time
	// Division is what is kept of the shares.
	Division Division
	// Etcd is what is kept of the etcd members.
	Etcd EtcdMemory
	// Flags is what is kept of the inflight flags.
	Flags FlagsMemory
	// Sizes is what is kept of the sizes.
	Sizes SizesMemory
	// Scale is what is kept of the number of replicas, Care of the care for etcd, and
	// Disturb of the plan of disruptive steps.
	Scale   ScaleMemory
	Care    CareMemory
	Disturb DisturbMemory
	// Zones is what is kept of where the pods run.
	Zones ZonesMemory
}

// EtcdMemory is what is kept of the etcd members.
type EtcdMemory struct {
	// Term is the highest of raft's terms in which a leader was seen, LeaderChanged
	// when another leader was last seen than before.
	Term          uint64
	LeaderChanged time.Time
	// Slow are the members whose write-ahead log was slow when they were last seen.
	Slow map[string]SlowLog
	// Last is when each member was last seen whole, Ended when its process was last seen to
	// have ended, and Gone are those of which none has come since. Left is when one last
	// ended that had not only just done so before.
	Last, Ended map[string]time.Time
	Gone        map[string]bool
	Left        time.Time
}

// SlowLog is a member whose write-ahead log is slow.
type SlowLog struct {
	// Observed is when that was last seen, and Looks how often in a row.
	Observed time.Time
	Looks    int
}

// Failure is a try that failed.
type Failure struct {
	Fault Fault
	At    time.Time
}

// Baseline is an exponentially weighted mean learnt in calm times.
type Baseline struct {
	// Mean is seconds per request.
	Mean float64
	// Held is the mean number of seats in use.
	Held float64
	// Weight is how much evidence there is, in windows, capped.
	Weight float64
}

// baselineMemory caps a baseline's weight: the mean follows the last sixty
// windows of every replica, which is slow against a storm and quick against the
// day.
const baselineMemory = 60

// Moved is the baseline after one more calm window.
func (b Baseline) Moved(mean, held float64) Baseline {
	b.Weight = min(b.Weight+1, baselineMemory)
	b.Mean += (mean - b.Mean) / b.Weight
	b.Held += (held - b.Held) / b.Weight
	return b
}

// Sample is one debug dump over all replicas that gave one.
type Sample struct {
	Time time.Time
	// Replicas counts the replicas in it.
	Replicas int
	// Held are the clients' holdings, added up over the replicas.
	Held []Held
}
