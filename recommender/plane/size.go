// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"math"
	"time"
)

// Amounts are of CPU, in cores, and of memory, in bytes. 0 is none, or not told.
type Amounts struct{ CPU, Memory float64 }

// Same tells whether two amounts are the same request: in whole millicores and bytes, as
// the API counts. As floating point one millicore is not always the same, by where it
// comes from.
func (a Amounts) Same(b Amounts) bool { return a.whole() == b.whole() }

// Below tells whether a is less of anything than b, by as much as the API tells apart.
func (a Amounts) Below(b Amounts) bool {
	x, y := a.whole(), b.whole()
	return x[0] < y[0] || x[1] < y[1]
}

// whole are the millicores and the bytes.
func (a Amounts) whole() [2]float64 {
	return [2]float64{math.Round(a.CPU * 1000), math.Round(a.Memory)}
}

// ResizeState is where a pod stands between what its spec requests and what is in
// force.
type ResizeState string

// The states of a resize.
const (
	// ResizeUnknown: the node has not told what it has allocated, or the container does
	// not exist.
	ResizeUnknown ResizeState = "Unknown"
	// ResizeSettled: the node has allocated what the spec requests, and it is in force.
	ResizeSettled ResizeState = "Settled"
	// ResizeDeferred: the node has no room now, and tries again by itself.
	ResizeDeferred ResizeState = "Deferred"
	// ResizeInfeasible: the node will never have room, or cannot resize this pod.
	ResizeInfeasible ResizeState = "Infeasible"
	// ResizeInProgress: not yet looked at by the node, or allocated and not yet in force.
	ResizeInProgress ResizeState = "InProgress"
	// ResizeFailed: allocated, and the node failed to bring it in force; it tries again.
	ResizeFailed ResizeState = "Failed"
)

// Resize is how a resize of a pod goes on. Its state is of the whole pod: the
// container that it waits for may be another.
type Resize struct {
	State ResizeState
	// Message is the node's own, empty where it has none.
	Message string
	// Since is when the node came to this state; zero when it has not told. A node that
	// defers a second resize after a first goes on counting from the first.
	Since time.Time
}

// ContainerSize is what one container of one pod requests and has.
type ContainerSize struct {
	// Pod is its pod's name and UID its UID.
	Pod, UID, Container string
	// Fault says why nothing is known of the container; nil when it exists.
	Fault *Fault
	// Requested and Limit are what the spec says. A limit of 0 is none.
	Requested, Limit Amounts
	// Allocated is what the node has set aside, and InForce and LimitInForce what the
	// process runs with. They are 0 where the node has not told: see Reported.
	Allocated, InForce, LimitInForce Amounts
	// Reported is whether the node has told both: without it nothing may be resized.
	Reported bool
	// QoS is the pod's class, "Guaranteed", "Burstable" or "BestEffort": a resize must
	// not change it.
	QoS string
	// CPURestarts and MemoryRestarts are whether the container's policy has it
	// restarted for a resize of that resource.
	CPURestarts, MemoryRestarts bool
	// Restarts counts them. Ended is the reason of the last one, as "OOMKilled", and
	// EndedAt its time; empty and zero while there was none.
	Restarts int
	Ended    string
	EndedAt  time.Time
	// Resize is how a resize goes on.
	Resize Resize
	// MaxProcs and MemLimit are the values of GOMAXPROCS and GOMEMLIMIT in the
	// container's environment; empty when unset. A value that is taken from elsewhere
	// when the container starts is FromElsewhere.
	MaxProcs, MemLimit string
}

// FromElsewhere stands for the value of a variable that the spec refers to and does
// not hold.
const FromElsewhere = "(taken from elsewhere at the start)"

// OOMKilledAt is when the container was last killed for memory; zero when its last end
// was another, or none.
func (c *ContainerSize) OOMKilledAt() time.Time {
	if c.Ended != "OOMKilled" {
		return time.Time{}
	}
	return c.EndedAt
}
