// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// ScalingSpec says what is done about the number of apiserver replicas. Nothing is, as
// long as apiServer.replicas.max is not set.
type ScalingSpec struct {
	// mode is Off, Recommend (decide, explain and show in the status) or Enforce.
	// Defaults to the profile's mode, and is never bolder than it.
	// +optional
	Mode ProtectionMode `json:"mode,omitempty"`
	// targetRef names the object whose scale subresource sets the number of replicas, in
	// the profile's namespace, where that is not the workload itself but what owns it.
	// Defaults to apiServer.targetRef.
	// +optional
	TargetRef *ScaleTargetRef `json:"targetRef,omitempty"`
	// step is Replica or Zone: with Zone the number of replicas is a multiple of
	// availability.zones.
	// +optional
	// +kubebuilder:default=Replica
	Step ScalingStep `json:"step,omitempty"`
	// cpu is the CPU that the replicas use on average, each, above which the autoscaler
	// adds one. Defaults to four fifths of apiServer.cpu.max, or 6 cores without it.
	// +optional
	CPU *resource.Quantity `json:"cpu,omitempty"`
	// memory is as cpu. Without it memory adds no replicas: each holds the whole cache,
	// so that another one relieves none of it.
	// +optional
	Memory *resource.Quantity `json:"memory,omitempty"`
	// up bounds how fast the autoscaler adds replicas. Defaults to 100 percent in 60
	// seconds after 60 seconds.
	// +optional
	Up *ScalingRate `json:"up,omitempty"`
	// down bounds how fast it removes them. Defaults to one replica in 300 seconds after
	// 1800 seconds.
	// +optional
	Down *ScalingRate `json:"down,omitempty"`
	// connections says what is done where long-lived connections keep the load on few
	// replicas: Recommend says so and how to mend it; Drain evicts the fullest replica, one
	// at a time and behind a gate, so that its clients choose anew.
	// +optional
	// +kubebuilder:default=Recommend
	Connections ConnectionsMode `json:"connections,omitempty"`
}

// ScalingStep is by how much the number of replicas changes.
//
// +kubebuilder:validation:Enum=Replica;Zone
type ScalingStep string

// The steps of scaling.
const (
	ScaleByReplica ScalingStep = "Replica"
	ScaleByZone    ScalingStep = "Zone"
)

// ConnectionsMode says what is done about long-lived connections.
//
// +kubebuilder:validation:Enum=Recommend;Drain
type ConnectionsMode string

// The modes of connections.
const (
	ConnectionsRecommend ConnectionsMode = "Recommend"
	ConnectionsDrain     ConnectionsMode = "Drain"
)

// ScaleTargetRef names an object with a scale subresource in the profile's own
// namespace.
type ScaleTargetRef struct {
	// apiVersion of the object, as group/version.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	APIVersion string `json:"apiVersion"`
	// kind of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// ScalingRate bounds how fast an autoscaler changes the number of replicas.
//
// +kubebuilder:validation:XValidation:rule="has(self.percent) || has(self.replicas)",message="give percent or replicas"
type ScalingRate struct {
	// windowSeconds is for how long the need must have been there.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	WindowSeconds *int32 `json:"windowSeconds,omitempty"`
	// percent of the replicas that may be added or removed in a period.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Percent *int32 `json:"percent,omitempty"`
	// replicas that may be added or removed in a period.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Replicas *int32 `json:"replicas,omitempty"`
	// periodSeconds is the period.
	// +optional
	// +kubebuilder:default=60
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1800
	PeriodSeconds int32 `json:"periodSeconds,omitempty"`
}

// ScaleStatus is how many apiserver replicas there are to be.
type ScaleStatus struct {
	// floor is the least number of replicas, as the autoscaler has it.
	// +optional
	Floor int32 `json:"floor,omitempty"`
	// wanted is the floor that was decided.
	// +optional
	Wanted int32 `json:"wanted,omitempty"`
	// max is the most that the profile allows.
	// +optional
	Max int32 `json:"max,omitempty"`
	// autoscaler is the name of the HorizontalPodAutoscaler.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Autoscaler string `json:"autoscaler,omitempty"`
	// message is why, in words.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}
