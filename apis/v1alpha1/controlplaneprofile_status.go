// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ControlPlaneProfileStatus is what Evenkeel sees and decides.
type ControlPlaneProfileStatus struct {
	// conditions tell whether the control plane is observed and protected.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that was acted on.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// size is CPU and memory of one apiserver replica, as in 1500m/3Gi.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Size string `json:"size,omitempty"`
	// sizes are what the components request, and what they should.
	// +optional
	// +listType=map
	// +listMapKey=component
	// +kubebuilder:validation:MaxItems=4
	Sizes []SizeStatus `json:"sizes,omitempty"`
	// scale is how many apiserver replicas there are to be.
	// +optional
	Scale *ScaleStatus `json:"scale,omitempty"`
	// availability is what the control plane survives now.
	// +optional
	Availability *AvailabilityStatus `json:"availability,omitempty"`
	// sla is what was promised and what was kept.
	// +optional
	SLA *SLAStatus `json:"sla,omitempty"`
	// members are those of etcd.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Members []MemberStatus `json:"members,omitempty"`
	// plan is the plan of disruptive steps.
	// +optional
	Plan *PlanStatus `json:"plan,omitempty"`
	// readyReplicas counts the apiserver replicas that are ready.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas,omitempty"`
	// loadLine is the usable seats of the plane's replicas.
	// +optional
	LoadLine *LoadLineStatus `json:"loadLine,omitempty"`
	// jailed counts the sentences in force.
	// +optional
	Jailed int32 `json:"jailed,omitempty"`
	// replicas are the apiserver replicas, one by one.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Replicas []ReplicaStatus `json:"replicas,omitempty"`
	// offenders are the clients that do harm, or did until a short while ago.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=40
	Offenders []OffenderStatus `json:"offenders,omitempty"`
	// decisions are the last decisions, newest first, with their reasons.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Decisions []DecisionStatus `json:"decisions,omitempty"`
}

// LoadLineStatus is the usable seats of the plane's replicas.
type LoadLineStatus struct {
	// seats is the load line of one replica.
	Seats int32 `json:"seats"`
	// ceiling is what the inflight flags allow one replica.
	Ceiling int32 `json:"ceiling"`
	// summary is "seats of ceiling".
	// +kubebuilder:validation:MaxLength=64
	Summary string `json:"summary"`
	// used is the busiest replica's seats in use, in percent of the load line.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	Used string `json:"used,omitempty"`
}

// ReplicaStatus is one apiserver replica as seen at its own address.
type ReplicaStatus struct {
	// name of the pod.
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// zone of the pod's node.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Zone string `json:"zone,omitempty"`
	// ready is the pod's readiness.
	Ready bool `json:"ready"`
	// fault says why the replica cannot be observed; empty when it can.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Fault string `json:"fault,omitempty"`
	// usedSeats are the seats in use.
	// +optional
	UsedSeats int32 `json:"usedSeats,omitempty"`
	// loadLine is the replica's usable seats, read back from it.
	// +optional
	LoadLine int32 `json:"loadLine,omitempty"`
	// lastObserved is when the replica last gave a whole answer. It is written
	// when something else changes, not for its own sake.
	// +optional
	LastObserved *metav1.Time `json:"lastObserved,omitempty"`
}

// OffenderPhase is where a client stands.
//
// +kubebuilder:validation:Enum=Recommended;Jailed;Parole;Released;CannotBeJailed
type OffenderPhase string

// The phases of an offender.
const (
	OffenderRecommended    OffenderPhase = "Recommended"
	OffenderJailed         OffenderPhase = "Jailed"
	OffenderParole         OffenderPhase = "Parole"
	OffenderReleased       OffenderPhase = "Released"
	OffenderCannotBeJailed OffenderPhase = "CannotBeJailed"
)

// OffenderStatus is one client that does harm, and what is done about it.
type OffenderStatus struct {
	// name is the stable name of the sentence's objects in the tenant.
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// client is who and what, in words: user (verb resource, scope).
	// +kubebuilder:validation:MaxLength=1024
	Client string `json:"client"`
	// phase is where the client stands.
	Phase OffenderPhase `json:"phase"`
	// grade is what the client still gets: seats=N, one, none.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Grade string `json:"grade,omitempty"`
	// since is when the sentence (or its recommendation) began.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
	// until is when the sentence ends.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
	// inForce is when every replica had last been seen to obey.
	// +optional
	InForce *metav1.MicroTime `json:"inForce,omitempty"`
	// sentences counts the sentences so far; each relapse doubles the next.
	// +optional
	Sentences int32 `json:"sentences,omitempty"`
	// message is the reason, as in the decision.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// DecisionStatus is one decision with its reason, evidence and what was
// rejected. The same text is the event, the condition and `explain`.
type DecisionStatus struct {
	// time of the decision.
	Time metav1.MicroTime `json:"time"`
	// step is what was decided, as a stable word.
	// +kubebuilder:validation:MaxLength=64
	Step string `json:"step"`
	// reason is a stable word.
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason"`
	// message is the decision in words.
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message"`
	// evidence is what was seen, a line each.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=512
	Evidence []string `json:"evidence,omitempty"`
	// rejected are the options that were not taken, with the reason.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=512
	Rejected []string `json:"rejected,omitempty"`
	// applied says whether it was carried out (Enforce) or only shown.
	Applied bool `json:"applied"`
	// appliedAt is when it was carried out: one that failed and was tried again was so later
	// than it was taken. Empty of what was not carried out.
	// +optional
	AppliedAt *metav1.MicroTime `json:"appliedAt,omitempty"`
	// outcome is what came of it: in force after how long, or what failed.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Outcome string `json:"outcome,omitempty"`
	// budgetBefore is what was left of the month's error budget when it was carried out, and
	// budgetAfter five minutes after that, as in "61%". Empty of what was only shown.
	// +optional
	// +kubebuilder:validation:MaxLength=8
	BudgetBefore string `json:"budgetBefore,omitempty"`
	// budgetAfter is what was left five minutes after it.
	// +optional
	// +kubebuilder:validation:MaxLength=8
	BudgetAfter string `json:"budgetAfter,omitempty"`
}
