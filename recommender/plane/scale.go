// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/replicas"
)

// ScaleSeen is what the host cluster tells of how many apiserver replicas there are to be.
type ScaleSeen struct {
	// Looked is false while the autoscaler has not been looked at.
	Looked bool
	// Fault says why the floor is not known or not Evenkeel's to set; nil when it is.
	Fault *Fault
	// Autoscaler is the name of the HorizontalPodAutoscaler; empty while there is none.
	Autoscaler string
	// Own is whether the profile has made it; else it is adopted.
	Own bool
	// Floor and Max are its minReplicas and maxReplicas; 0 while there is none. Floor is 0
	// as well where it is not Evenkeel's.
	Floor, Max int
	// Current is how many replicas there are by the autoscaler's account, Desired how many
	// it wants, and ByMetrics whether it could tell by its metrics.
	Current, Desired int
	ByMetrics        bool
	// GoAway is the --goaway-chance of the replicas; Stated is whether their arguments say.
	GoAway float64
	Stated bool
}

// ScalingProfile is what the platform team allows of the number of replicas.
type ScalingProfile struct {
	Mode Mode
	// Min and Max bound the replicas; Max 0 is not to be scaled.
	Min, Max int
	// ByZone has the number a multiple of Zones, Zones is over how many zones the control
	// plane is to be spread; 0 is not said.
	ByZone bool
	Zones  int
	// Drain allows a replica to be evicted so that its clients choose anew.
	Drain bool
	// CPU is the average of a replica, in cores, at which the autoscaler adds one.
	CPU float64
}

// FloorName is the name under which the outcome of a change of the floor is told.
const FloorName = "floor"

// FloorStep is one change of the autoscaler's floor, in replicas.
type FloorStep struct{ From, To int }

// ScalePlan is how many replicas there should be at the least.
type ScalePlan struct {
	// Floor is what is wanted; 0 while nothing is decided.
	Floor int
	// Reason is a stable word, Why the same for people.
	Reason, Why string
}

// ScaleMemory is what is kept of the number of replicas.
type ScaleMemory struct {
	// Kept is what the decision keeps. It is never changed in place.
	Kept replicas.Memory
	// Uneven is since when connections have been uneven.
	Uneven replicas.Uneven
	// Shown is the floor that was last recommended, so that it is told once; 0 while the one
	// in force is it.
	Shown int
	// Asked is the floor that was last to be written, at AskedAt.
	Asked   int
	AskedAt time.Time
}
