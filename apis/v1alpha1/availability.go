// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// AvailabilitySpec is what the control plane is to survive.
type AvailabilitySpec struct {
	// zones is over how many zones replicas and members are to be spread. What the host
	// cluster does not give is said in the status, with the class that remains.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=7
	Zones int32 `json:"zones,omitempty"`
	// target is the availability in percent that is promised, as in "99.95". Defaults to
	// 99.95 with three zones or more, and 99.5 with fewer.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.matches('^9[0-9]([.][0-9]{1,3})?$')",message="availability.target must be a percentage from 90 to 99.999, as in \"99.95\"; 100 would leave no minute in which anything may fail or be changed, and no budget to decide by"
	// +kubebuilder:validation:MaxLength=6
	Target string `json:"target,omitempty"`
	// spread says what is done about a pod that runs in the wrong place: Off, Recommend
	// (say so, and how to mend it) or Enforce, which evicts it, one at a time and behind a
	// gate, where its own rules would have it placed better. Never bolder than the
	// profile's mode.
	// +optional
	// +kubebuilder:default=Recommend
	Spread ProtectionMode `json:"spread,omitempty"`
	// probes is how it is asked from outside whether the control plane serves.
	// +optional
	Probes ProbesSpec `json:"probes,omitempty"`
}

// ProbesSpec is how it is asked from outside whether a control plane serves: every replica
// at its own address, and the balancer that access names.
type ProbesSpec struct {
	// intervalSeconds is the time between two rounds.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=5
	// +kubebuilder:validation:Maximum=15
	IntervalSeconds int32 `json:"intervalSeconds,omitempty"`
	// write says whether a small write is asked for as well: of the Lease evenkeel-probe in
	// the tenant's kube-system, through the balancer or, without one, of a replica. It needs
	// mode Enforce and the tenant's leave (manifests/tenant); without either none is made.
	// +optional
	// +kubebuilder:default=Enforce
	Write ProtectionMode `json:"write,omitempty"`
}

// MaintenanceSpec is when what can wait may disturb.
type MaintenanceSpec struct {
	// windows are the times at which a step may be taken that disturbs and can wait.
	// Without any it may be taken whenever the gate before it holds.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=14
	Windows []MaintenanceWindow `json:"windows,omitempty"`
}

// MaintenanceWindow is a time of the week.
type MaintenanceWindow struct {
	// days on which the window opens. Without any it opens every day.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=7
	Days []Weekday `json:"days,omitempty"`
	// from is when it opens, as in 22:30.
	// +required
	// +kubebuilder:validation:Pattern=`^([01][0-9]|2[0-3]):[0-5][0-9]$`
	// +kubebuilder:validation:MaxLength=5
	From string `json:"from"`
	// minutes is how long it is open; it may end on the next day.
	// +required
	// +kubebuilder:validation:Minimum=15
	// +kubebuilder:validation:Maximum=1440
	Minutes int32 `json:"minutes"`
	// timeZone is a name of the IANA time zone database. Defaults to UTC.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`
}

// Weekday is a day of the week.
//
// +kubebuilder:validation:Enum=Mon;Tue;Wed;Thu;Fri;Sat;Sun
type Weekday string

// EtcdCareSpec says what is done for the members beyond their sizes.
type EtcdCareSpec struct {
	// mode is Off, Recommend (say what is due, and how it is done) or Enforce:
	// defragmentation, the way out of a full database, and another leader where the node
	// of the present one is about to go. Defaults to the profile's mode, and is never
	// bolder than it.
	// +optional
	Mode ProtectionMode `json:"mode,omitempty"`
	// fragmentationPercent is how much of the database file must be air for a
	// defragmentation to be due.
	// +optional
	// +kubebuilder:default=45
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=90
	FragmentationPercent int32 `json:"fragmentationPercent,omitempty"`
	// reclaims is how much of it must be air at the least.
	// +optional
	Reclaims *resource.Quantity `json:"reclaims,omitempty"`
}

// AvailabilityStatus is what the control plane survives now.
type AvailabilityStatus struct {
	// class is the availability in percent that can be promised as things run, as in
	// "99.95"; it is no higher than the target.
	// +optional
	// +kubebuilder:validation:MaxLength=6
	Class string `json:"class,omitempty"`
	// message is why.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
	// zones are the zones that carry replicas or members, or could.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Zones []ZoneStatus `json:"zones,omitempty"`
}

// ZoneStatus is one zone, and what would be without it.
type ZoneStatus struct {
	// name of the zone.
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// replicas and members that are ready in it.
	// +optional
	Replicas int32 `json:"replicas,omitempty"`
	// members of etcd that are ready in it.
	// +optional
	Members int32 `json:"members,omitempty"`
	// headroomPercent is how much of what the others carry would be left over if this
	// zone went now, of seats or of CPU, whichever is less; below zero they would not carry
	// the load.
	// +optional
	HeadroomPercent *int32 `json:"headroomPercent,omitempty"`
	// quorum is whether etcd would keep its quorum without it: Kept or Lost.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	Quorum string `json:"quorum,omitempty"`
}

// MemberStatus is one member of etcd.
type MemberStatus struct {
	// name of the member's pod.
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// zone it runs in.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Zone string `json:"zone,omitempty"`
	// role is Leader, Follower or Learner; empty while unknown.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	Role string `json:"role,omitempty"`
	// database is the size of its file.
	// +optional
	Database *resource.Quantity `json:"database,omitempty"`
	// inUse is what of it is in use.
	// +optional
	InUse *resource.Quantity `json:"inUse,omitempty"`
	// quotaPercent is the file's size, of the quota.
	// +optional
	QuotaPercent int32 `json:"quotaPercent,omitempty"`
}

// PlanStatus is the plan of disruptive steps.
type PlanStatus struct {
	// state is Idle, Waiting, UnderWay, Paused or Stopped.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	State string `json:"state,omitempty"`
	// message is what it waits for, or why it was stopped.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
	// steps are those that are due, the next first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Steps []PlanStepStatus `json:"steps,omitempty"`
}

// PlanStepStatus is one step that is due or under way.
type PlanStepStatus struct {
	// step is what is done, as in Defragment.
	// +kubebuilder:validation:MaxLength=64
	Step string `json:"step"`
	// pod it is done to.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Pod string `json:"pod,omitempty"`
	// zone of the pod.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Zone string `json:"zone,omitempty"`
	// message is why it is due.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}
