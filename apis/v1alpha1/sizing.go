// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ResourceProfileRef names a ResourceProfile, which is cluster-scoped.
type ResourceProfileRef struct {
	// name of the ResourceProfile.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// SizingSpec says what is done about the CPU and memory that the containers request.
type SizingSpec struct {
	// mode is Off, Recommend (decide, explain and show in the status) or Enforce.
	// Defaults to the profile's mode, and is never bolder than it.
	// +optional
	Mode ProtectionMode `json:"mode,omitempty"`
	// apply says who carries a size out in mode Enforce: InPlace resizes the pods one
	// by one through their resize subresource, each after a gate, and restarts
	// nothing. VerticalPodAutoscaler leaves it to the upstream updater and
	// admission-controller, by the VerticalPodAutoscaler of each workload.
	// +optional
	// +kubebuilder:default=InPlace
	Apply SizingApply `json:"apply,omitempty"`
	// controlledValues says whether limits follow, in proportion, or stay.
	// +optional
	// +kubebuilder:default=RequestsOnly
	ControlledValues ControlledValues `json:"controlledValues,omitempty"`
	// eviction says whether a pod may be evicted whose node cannot carry its size,
	// through the eviction API and never against quorum: Never or WhenStuck.
	// +optional
	// +kubebuilder:default=Never
	Eviction EvictionMode `json:"eviction,omitempty"`
	// restarts says whether a pod may be resized whose container restarts for it, by the
	// resizePolicy of its template: Never, or Planned, as a step of the plan of disruptive
	// steps, one pod at a time and taken back where it makes something worse.
	// +optional
	// +kubebuilder:default=Never
	Restarts RestartMode `json:"restarts,omitempty"`
	// verticalPodAutoscaler says whether a VerticalPodAutoscaler is kept for each
	// workload (Manage), so that new pods begin with the size by the upstream
	// admission-controller and everybody's tools show it, or not (Off). One that is
	// there already with recommenders [{name: evenkeel}] is adopted. It takes mode
	// Enforce, and the API of VerticalPodAutoscalers in the host cluster.
	// +optional
	// +kubebuilder:default=Manage
	VerticalPodAutoscaler VPAMode `json:"verticalPodAutoscaler,omitempty"`
}

// SizingApply says who carries a size out.
//
// +kubebuilder:validation:Enum=InPlace;VerticalPodAutoscaler
type SizingApply string

// The ways of carrying a size out.
const (
	ApplyInPlace SizingApply = "InPlace"
	ApplyVPA     SizingApply = "VerticalPodAutoscaler"
)

// ControlledValues says whether limits follow requests.
//
// +kubebuilder:validation:Enum=RequestsOnly;RequestsAndLimits
type ControlledValues string

// The controlled values.
const (
	RequestsOnly      ControlledValues = "RequestsOnly"
	RequestsAndLimits ControlledValues = "RequestsAndLimits"
)

// EvictionMode says whether a pod may be evicted to change its size.
//
// +kubebuilder:validation:Enum=Never;WhenStuck
type EvictionMode string

// The modes of eviction.
const (
	EvictNever     EvictionMode = "Never"
	EvictWhenStuck EvictionMode = "WhenStuck"
)

// RestartMode says whether a pod may be resized whose container restarts for it.
//
// +kubebuilder:validation:Enum=Never;Planned
type RestartMode string

// The modes of restarts.
const (
	RestartNever   RestartMode = "Never"
	RestartPlanned RestartMode = "Planned"
)

// VPAMode says whether VerticalPodAutoscalers are kept.
//
// +kubebuilder:validation:Enum=Manage;Off
type VPAMode string

// The modes of VerticalPodAutoscalers.
const (
	VPAManage VPAMode = "Manage"
	VPAOff    VPAMode = "Off"
)

// Component is a part of a control plane.
//
// +kubebuilder:validation:Enum=apiServer;etcd
type Component string

// The components.
const (
	ComponentAPIServer Component = "apiServer"
	ComponentEtcd      Component = "etcd"
)

// ResourceSize is a CPU and a memory request.
type ResourceSize struct {
	// cpu in cores.
	// +optional
	CPU *resource.Quantity `json:"cpu,omitempty"`
	// memory in bytes.
	// +optional
	Memory *resource.Quantity `json:"memory,omitempty"`
}

// SizeStatus is what one component requests, and what it should.
type SizeStatus struct {
	// component of the control plane.
	Component Component `json:"component"`
	// container is its name in the pods.
	// +kubebuilder:validation:MaxLength=63
	Container string `json:"container"`
	// target is what every pod should request.
	// +optional
	Target ResourceSize `json:"target,omitempty"`
	// lowerBound is the need: a pod that requests less is resized at once. Above
	// upperBound what is too much is worth giving back.
	// +optional
	LowerBound ResourceSize `json:"lowerBound,omitempty"`
	// upperBound is as lowerBound.
	// +optional
	UpperBound ResourceSize `json:"upperBound,omitempty"`
	// uncapped is the target without the bounds of profile and node.
	// +optional
	Uncapped ResourceSize `json:"uncapped,omitempty"`
	// message is why, in words.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
	// pods are the pods one by one.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Pods []PodSizeStatus `json:"pods,omitempty"`
}

// PodSizeStatus is what one pod requests.
type PodSizeStatus struct {
	// name of the pod.
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// requests is what the pod's container requests.
	// +optional
	Requests ResourceSize `json:"requests,omitempty"`
	// state is where a resize stands: empty when there is none under way, else
	// InProgress, Deferred, Infeasible or Failed.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	State string `json:"state,omitempty"`
	// since is when it came to that.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
	// message is what the node says.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}
