// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ResourceProfile says how the size of a control plane follows from what it carries:
// by curves, or by a table of tiers. ControlPlaneProfiles refer to it by name. The one
// that is shipped, standard, was measured.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,shortName=rsp,categories=evenkeel
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.spec.revision`
// +kubebuilder:printcolumn:name="Measured",type=integer,JSONPath=`.spec.measured.nodes`,description="the most nodes that were measured; beyond them it extrapolates"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ResourceProfile struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is how sizes follow from load.
	// +required
	Spec ResourceProfileSpec `json:"spec"`
}

// ResourceProfileList is a list of resource profiles.
//
// +kubebuilder:object:root=true
type ResourceProfileList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the resource profiles.
	Items []ResourceProfile `json:"items"`
}

// ResourceProfileSpec is how sizes follow from load.
//
// +kubebuilder:validation:XValidation:rule="has(self.tiers) != (has(self.apiServer) || has(self.etcd))",message="give either tiers, or curves in apiServer and etcd"
type ResourceProfileSpec struct {
	// revision names this state of the profile; it stands in every decision that
	// follows from it. Change it with every change of the numbers.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Revision string `json:"revision"`
	// measured is the largest load that the numbers were measured at. Beyond it a
	// decision says that it extrapolates.
	// +optional
	Measured *Load `json:"measured,omitempty"`
	// apiServer is one kube-apiserver.
	// +optional
	APIServer *APIServerCurves `json:"apiServer,omitempty"`
	// etcd is one etcd member.
	// +optional
	Etcd *EtcdCurves `json:"etcd,omitempty"`
	// tiers are sizes by the load up to which each holds, the smallest first: the
	// first that holds the load is taken, and the last for more than that.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Tiers []Tier `json:"tiers,omitempty"`
}

// Load is what a control plane carries.
type Load struct {
	// nodes of the tenant.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Nodes *int64 `json:"nodes,omitempty"`
	// pods of the tenant.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Pods *int64 `json:"pods,omitempty"`
	// objects stored besides nodes and pods.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Objects *int64 `json:"objects,omitempty"`
	// storedBytes is the size of etcd's database in use.
	// +optional
	StoredBytes *resource.Quantity `json:"storedBytes,omitempty"`
	// requests a second of all replicas together, without watches.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Requests *int64 `json:"requests,omitempty"`
}

// APIServerCurves are what one kube-apiserver needs.
type APIServerCurves struct {
	// cpu in cores.
	// +required
	CPU Curve `json:"cpu"`
	// memory in bytes.
	// +required
	Memory Curve `json:"memory"`
	// seats are those that a replica of that size should hand out; shown beside the
	// load line, which is found by live load.
	// +optional
	Seats *Curve `json:"seats,omitempty"`
}

// EtcdCurves are what one etcd member needs.
type EtcdCurves struct {
	// cpu in cores.
	// +required
	CPU Curve `json:"cpu"`
	// memory in bytes.
	// +required
	Memory Curve `json:"memory"`
	// quota is what the backend's quota should be, in bytes; a smaller one is told.
	// +optional
	Quota *Curve `json:"quota,omitempty"`
}

// Curve is base, and so much for each unit of load. Nothing of it is negative.
//
// +kubebuilder:validation:XValidation:rule="quantity(string(self.base)).compareTo(quantity('0')) >= 0 && (!has(self.perNode) || quantity(string(self.perNode)).compareTo(quantity('0')) >= 0) && (!has(self.perPod) || quantity(string(self.perPod)).compareTo(quantity('0')) >= 0) && (!has(self.perObject) || quantity(string(self.perObject)).compareTo(quantity('0')) >= 0) && (!has(self.perStoredByte) || quantity(string(self.perStoredByte)).compareTo(quantity('0')) >= 0) && (!has(self.perRequest) || quantity(string(self.perRequest)).compareTo(quantity('0')) >= 0)",message="no part of a curve may be negative"
type Curve struct {
	// base is needed for nothing but being there.
	// +required
	Base resource.Quantity `json:"base"`
	// perNode is needed for each node.
	// +optional
	PerNode *resource.Quantity `json:"perNode,omitempty"`
	// perPod is needed for each pod.
	// +optional
	PerPod *resource.Quantity `json:"perPod,omitempty"`
	// perObject is needed for each other object.
	// +optional
	PerObject *resource.Quantity `json:"perObject,omitempty"`
	// perStoredByte is needed for each byte of etcd's database in use.
	// +optional
	PerStoredByte *resource.Quantity `json:"perStoredByte,omitempty"`
	// perRequest is needed for each request a second.
	// +optional
	PerRequest *resource.Quantity `json:"perRequest,omitempty"`
	// errorPercent is by how much the measured points were off, as the root mean
	// square, in percent of what the curve says. It is added until there is history.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=200
	ErrorPercent int32 `json:"errorPercent,omitempty"`
	// peakPercent is by how much more memory is used for minutes after a start or an
	// awakening, in percent of what was used before. It is reserved for in a container's
	// first three days; after them by the peaks that it has had.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=200
	PeakPercent int32 `json:"peakPercent,omitempty"`
}

// Tier is a size, and the load up to which it holds.
type Tier struct {
	// name of the tier.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// upTo is the load up to which the tier holds; what is not named has no bound.
	// +optional
	UpTo Load `json:"upTo,omitempty"`
	// apiServer is the size of one kube-apiserver.
	// +required
	APIServer APIServerSize `json:"apiServer"`
	// etcd is the size of one etcd member.
	// +optional
	Etcd *EtcdSize `json:"etcd,omitempty"`
}

// APIServerSize is the size of one kube-apiserver.
type APIServerSize struct {
	// cpu in cores.
	// +required
	CPU resource.Quantity `json:"cpu"`
	// memory in bytes.
	// +required
	Memory resource.Quantity `json:"memory"`
	// seats are those that a replica should hand out.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Seats *int32 `json:"seats,omitempty"`
}

// EtcdSize is the size of one etcd member.
type EtcdSize struct {
	// cpu in cores.
	// +required
	CPU resource.Quantity `json:"cpu"`
	// memory in bytes.
	// +required
	Memory resource.Quantity `json:"memory"`
	// quota is what the backend's quota should be, in bytes.
	// +optional
	Quota *resource.Quantity `json:"quota,omitempty"`
}
