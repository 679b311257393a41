// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ManualSentence is a sentence that a person passes: on whom, for which requests,
// how hard, how long and why.
//
// +kubebuilder:validation:XValidation:rule="has(self.user) != has(self.serviceAccount)",message="a sentence is on either a user or a serviceAccount"
// +kubebuilder:validation:XValidation:rule="(self.grade == 'seats') == has(self.seats)",message="seats belong to grade seats, and to no other"
// +kubebuilder:validation:XValidation:rule="!self.verbs.exists(v, v == '*') || size(self.verbs) == 1",message="the verb * stands alone"
// +kubebuilder:validation:XValidation:rule="!has(self.user) || !self.user.startsWith('system:') || self.user == 'system:anonymous'",message="a user of Kubernetes' own (system:) cannot be jailed; name a service account by serviceAccount"
// +kubebuilder:validation:XValidation:rule="!has(self.serviceAccount) || self.serviceAccount.__namespace__ != 'kube-system'",message="service accounts of kube-system cannot be jailed: they are controllers of the control plane"
type ManualSentence struct {
	// user is the full user name, as the apiserver authenticates it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	User string `json:"user,omitempty"`
	// serviceAccount is one service account, or all of a namespace.
	// +optional
	ServiceAccount *SentencedServiceAccount `json:"serviceAccount,omitempty"`
	// verbs are Kubernetes request verbs such as list, or * alone for all.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:Enum=get;list;watch;create;update;patch;delete;deletecollection;`*`
	Verbs []string `json:"verbs"`
	// apiGroup of the resource; empty for the core group. It does not count where
	// resource is *.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9.-]*$`
	APIGroup string `json:"apiGroup,omitempty"`
	// resource in the plural, with a subresource as in pods/status; * for all
	// resources of all groups and either scope.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^(\*|[a-z0-9.-]+(/[a-z0-9.-]+)?)$`
	Resource string `json:"resource"`
	// scope is Cluster for requests over all namespaces or on cluster-scoped
	// resources, Namespaced for requests within one namespace.
	// +optional
	// +kubebuilder:default=Cluster
	Scope SentenceScope `json:"scope,omitempty"`
	// grade is what is left to the client, per replica: some seats, one request at a
	// time, or none.
	// +optional
	// +kubebuilder:default=one
	// +kubebuilder:validation:Enum=seats;one;none
	Grade string `json:"grade,omitempty"`
	// seats are those of grade seats.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Seats *int32 `json:"seats,omitempty"`
	// until is when the sentence ends; without it, when it is taken out.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
	// reason is shown with the sentence wherever it is shown.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason"`
}

// SentenceScope is the scope of the requests that a sentence holds.
//
// +kubebuilder:validation:Enum=Cluster;Namespaced
type SentenceScope string

// The scopes of requests.
const (
	ScopeCluster    SentenceScope = "Cluster"
	ScopeNamespaced SentenceScope = "Namespaced"
)

// SentencedServiceAccount names one service account of the tenant, or all of a
// namespace.
type SentencedServiceAccount struct {
	// namespace of the service account.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`
	// name of the service account; * for all of the namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^(\*|[a-z0-9.-]+)$`
	Name string `json:"name"`
}
