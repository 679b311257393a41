// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// VantagePoint is what one operator replica, or a prober of its own in another zone, sees of
// all control planes: those that are down for it, and when it last looked. An outage is
// called when every vantage point that is alive and sees at all sees it. Each writes its own,
// at most every ten seconds, in the operator's namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=vp,categories=evenkeel
// +kubebuilder:printcolumn:name="Zone",type=string,JSONPath=`.zone`
// +kubebuilder:printcolumn:name="Looks",type=integer,JSONPath=`.controlPlanes`
// +kubebuilder:printcolumn:name="Down",type=integer,JSONPath=`.downCount`
// +kubebuilder:printcolumn:name="Blind",type=integer,JSONPath=`.blindCount`
// +kubebuilder:printcolumn:name="Leads",type=boolean,JSONPath=`.leading`
// +kubebuilder:printcolumn:name="Renewed",type=date,JSONPath=`.renewed`
type VantagePoint struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// zone is that of its node; empty where that is not known.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Zone string `json:"zone,omitempty"`
	// renewed is when it last looked. One that has not for some rounds is taken for gone.
	// +optional
	Renewed *metav1.MicroTime `json:"renewed,omitempty"`
	// candidate is whether it may come to lead: an operator replica, and not a prober.
	// +optional
	Candidate bool `json:"candidate,omitempty"`
	// leading is whether it is the operator replica that leads: what it did not write into
	// a ledger until it was last renewed was as good as what it had written last, but for
	// those in unwritten.
	// +optional
	Leading bool `json:"leading,omitempty"`
	// unwritten are the control planes of which not all that it knows is in their ledgers.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=2000
	Unwritten []SeenNothing `json:"unwritten,omitempty"`
	// controlPlanes is how many it looks at.
	// +optional
	ControlPlanes int32 `json:"controlPlanes,omitempty"`
	// asleepCount is how many of these are scaled to nothing: there is nothing to be seen of
	// them, which says nothing of the way there.
	// +optional
	AsleepCount int32 `json:"asleepCount,omitempty"`
	// blindCount is how many of the others it cannot tell anything of.
	// +optional
	BlindCount int32 `json:"blindCount,omitempty"`
	// blind are those, asleep or not, of which it cannot tell anything, the first of them where there are
	// more than it may hold; a control plane that is in neither list is up.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=2000
	Blind []SeenNothing `json:"blind,omitempty"`
	// downCount is how many are down for it.
	// +optional
	DownCount int32 `json:"downCount,omitempty"`
	// down are those that are, the first of them where there are more than it may hold.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=2000
	Down []SeenDown `json:"down,omitempty"`
}

// VantagePointList is a list of vantage points.
//
// +kubebuilder:object:root=true
type VantagePointList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the vantage points.
	Items []VantagePoint `json:"items"`
}

// SeenDown is one control plane that is down for a vantage point.
type SeenDown struct {
	// namespace of its profile.
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`
	// name of its profile.
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// at is when it was last seen down.
	At metav1.MicroTime `json:"at"`
	// why is what the last probe met.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Why string `json:"why,omitempty"`
}

// SeenNothing is one control plane of which a vantage point cannot tell anything, or has not
// written down what it can.
type SeenNothing struct {
	// namespace of its profile.
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`
	// name of its profile.
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}
