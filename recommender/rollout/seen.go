// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// Seen is one look at a control plane.
type Seen struct {
	// Subjects are the replicas and members that there are, in any order.
	Subjects []Subject
	// Wanted is how many of each component there are to be; 0 is not known.
	Wanted map[sizing.Component]int
	// Held are the reasons, in words, why nothing that disturbs may begin now, whatever it
	// is; Wait those why nothing may begin that can wait, as late requests.
	Held, Wait []string
	// Blocked are the reasons, in words, why no pod of a component may be evicted now.
	Blocked map[sizing.Component]string
	// Rolling are the reasons, in words, why no pod of a component may be ended now: others
	// of it are being replaced by somebody.
	Rolling map[sizing.Component]string
	// NoSpace is whether etcd's only alarm is that of no space: then its members count as
	// well for what brings room.
	NoSpace bool
	// Windows are when what can wait may begin.
	Windows []Window
	// Paused is whether a person has stopped every write.
	Paused bool
	// LeaderMoved is when another leader of etcd was last ordered, by whomever.
	LeaderMoved time.Time
}

// Subject is one replica or one member, as it is and by what it did in the window that
// ends at At.
type Subject struct {
	Component            sizing.Component
	Pod, UID, Node, Zone string
	// Ready is the pod's readiness; Well whether a member keeps up and knows its leader.
	// Of a replica it is the same as Ready.
	Ready, Well bool
	// Ending is whether the pod is on its way out: another counts in its place, or is
	// missed. Restarting is whether its container is yet to restart for a resize that was
	// written, by whomever.
	Ending, Restarting bool
	// Leader and Voter are of members.
	Leader, Voter bool
	// Restarts counts those of the container, and Killed is when it was last killed for
	// memory; zero when it was not.
	Restarts int
	Killed   time.Time
	// Memory is what it uses, in bytes, and Most what it may use; 0 is not known.
	Memory, Most float64

	// At is when what follows was read; zero when it never was. Window is what it is over;
	// zero while there is only one page.
	At     time.Time
	Window time.Duration
	// Requests counts those that were answered, Errors those with a 5xx, Refused those
	// with a 429.
	Requests, Errors, Refused float64
	// Delays are of each scope.
	Delays [Scopes]Delay
	// Ends counts the watches that it ended because a client was too slow.
	Ends float64
	// Fsyncs counts those of a member's log, and Fsync is their 99th percentile in seconds.
	Fsyncs, Fsync float64
	// LeaderChanges counts the changes of leader that a member has seen.
	LeaderChanges float64
}

// Delay is how long requests of one scope took: their 99th percentile in seconds.
type Delay struct{ Requests, P99 float64 }

// The scopes of requests, as the service level objectives have them.
const (
	// Resource is one object.
	Resource = iota
	// Namespace and Cluster are lists.
	Namespace
	Cluster
	// Scopes is how many there are.
	Scopes
)

// scopes are the scopes' names and their objectives: seconds that the 99th percentile may
// take (kubernetes/community sig-scalability/slos/api_call_latency.md; namespace lists were
// told apart until 1.21 and keep their 5 s here).
var scopes = [Scopes]struct {
	name string
	slo  float64
}{{"single objects", 1}, {"namespaces", 5}, {"the cluster", 30}}
