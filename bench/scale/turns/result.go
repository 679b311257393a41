// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package turns

import "time"

// The arms of a replay.
const (
	// ArmHPA is the autoscaler alone, with fixed sizes.
	ArmHPA = "hpa"
	// ArmEvenkeel is the autoscaler and Evenkeel, with sizing and scaling on.
	ArmEvenkeel = "evenkeel"
)

// Result is what a run of the replays hands over.
type Result struct {
	Replays []Replay `json:"replays"`
}

// Replay is one day played under one arm.
type Replay struct {
	Arm string `json:"arm"`
	// Day is its length, Seed what its noise and bursts were drawn by.
	Day  time.Duration `json:"day"`
	Seed uint64        `json:"seed"`
	// Replicas and Sizes are the changes that were taken back too soon.
	Replicas []Turn `json:"replicas,omitempty"`
	Sizes    []Turn `json:"sizes,omitempty"`
	// ReplicaChanges and SizeChanges count all changes, Directions how often the number of
	// replicas changed direction.
	ReplicaChanges int `json:"replicaChanges"`
	SizeChanges    int `json:"sizeChanges"`
	Directions     int `json:"directions"`
	// Floors counts the changes of the floor.
	Floors int `json:"floors"`
	// CoreHours is the CPU that was requested over time, UsedCoreHours what was used of it.
	CoreHours     float64 `json:"coreHours"`
	UsedCoreHours float64 `json:"usedCoreHours"`
	// ShortMinutes is for how long a replica's clients asked for more than its limit.
	ShortMinutes float64 `json:"shortMinutes"`
	// Least and Most are the fewest and the most replicas.
	Least int `json:"least"`
	Most  int `json:"most"`
	// Course is how it went, a point a minute.
	Course []Point `json:"course,omitempty"`
	// Seconds is how long the replay took to run.
	Seconds float64 `json:"seconds"`
}

// Point is one minute of a replay: cores that the tenant asked for, replicas, and the
// largest size of one in cores.
type Point struct {
	Demand   float64 `json:"demand"`
	Replicas int     `json:"replicas"`
	Floor    int     `json:"floor"`
	Size     float64 `json:"size"`
}
