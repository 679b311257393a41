// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// UsageHistory keeps what the containers of one control plane have used, so that a size
// that was learnt outlives the operator and the pods. Evenkeel writes it, at most once
// an hour, and nobody else needs to; without it sizes are learnt anew within hours.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=uh,categories=evenkeel
// +kubebuilder:printcolumn:name="Saved",type=date,JSONPath=`.saved`
type UsageHistory struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// saved is when it was written.
	// +optional
	Saved *metav1.Time `json:"saved,omitempty"`
	// containers are the histories, by what the container belongs to and its name.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Containers []ContainerHistory `json:"containers,omitempty"`
	// memory is what else is kept between passes, as JSON.
	// +optional
	// +kubebuilder:validation:MaxLength=65536
	Memory string `json:"memory,omitempty"`
}

// UsageHistoryList is a list of histories.
//
// +kubebuilder:object:root=true
type UsageHistoryList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the histories.
	Items []UsageHistory `json:"items"`
}

// ContainerHistory is what one container has used.
type ContainerHistory struct {
	// of is the component (apiServer, etcd), or the name of the VerticalPodAutoscaler.
	// It is not the name of the workload, which may change.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Of string `json:"of"`
	// container is its name in the pods.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Container string `json:"container"`
	// cpu and memory are the histories as JSON, in a form that carries its version.
	// +optional
	// +kubebuilder:validation:MaxLength=16384
	CPU string `json:"cpu,omitempty"`
	// memory is as cpu.
	// +optional
	// +kubebuilder:validation:MaxLength=16384
	Memory string `json:"memory,omitempty"`
}
