// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ControlPlaneProfile is one tenant's control plane: which workloads it is, how
// it may be reached, and within which bounds it is kept on an even keel.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=cpp,categories=evenkeel
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.spec.mode`
// +kubebuilder:printcolumn:name="Size",type=string,JSONPath=`.status.size`,description="CPU and memory of one apiserver replica"
// +kubebuilder:printcolumn:name="Replicas",type=integer,JSONPath=`.status.readyReplicas`
// +kubebuilder:printcolumn:name="Floor",type=integer,priority=1,JSONPath=`.status.scale.floor`,description="least replicas, as the autoscaler has it"
// +kubebuilder:printcolumn:name="Class",type=string,JSONPath=`.status.availability.class`,description="availability that can be promised as things run"
// +kubebuilder:printcolumn:name="SLA",type=string,JSONPath=`.status.sla.available`,description="availability of the month so far, by bad minutes of those seen"
// +kubebuilder:printcolumn:name="Budget",type=string,JSONPath=`.status.sla.budgetLeft`,description="what is left of the month's error budget"
// +kubebuilder:printcolumn:name="LoadLine",type=string,JSONPath=`.status.loadLine.summary`,description="usable seats of the ceiling, per replica"
// +kubebuilder:printcolumn:name="Used",type=string,JSONPath=`.status.loadLine.used`,description="busiest replica's seats in use, of the load line"
// +kubebuilder:printcolumn:name="Jailed",type=integer,JSONPath=`.status.jailed`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ControlPlaneProfile struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the platform team asks for.
	// +required
	Spec ControlPlaneProfileSpec `json:"spec"`
	// status is what Evenkeel sees and decides.
	// +optional
	Status ControlPlaneProfileStatus `json:"status,omitempty"`
}

// ControlPlaneProfileList is a list of profiles.
//
// +kubebuilder:object:root=true
type ControlPlaneProfileList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the profiles.
	Items []ControlPlaneProfile `json:"items"`
}

// Mode says whether decisions are only shown or carried out.
//
// +kubebuilder:validation:Enum=Recommend;Enforce
type Mode string

// The modes of a profile.
const (
	// ModeRecommend writes nothing but the profile's status.
	ModeRecommend Mode = "Recommend"
	// ModeEnforce carries decisions out.
	ModeEnforce Mode = "Enforce"
)

// ProtectionMode is a Mode with the choice to leave one protection off.
//
// +kubebuilder:validation:Enum=Off;Recommend;Enforce
type ProtectionMode string

// The modes of one protection. It is never bolder than the profile's mode.
const (
	ProtectionOff       ProtectionMode = "Off"
	ProtectionRecommend ProtectionMode = "Recommend"
	ProtectionEnforce   ProtectionMode = "Enforce"
)

// FlagsMode says whose the inflight flags of the kube-apiservers are.
//
// +kubebuilder:validation:Enum=Observe;Manage
type FlagsMode string

// The modes of the inflight flags.
const (
	// FlagsObserve reads the flags and leaves them to whoever owns the workload.
	FlagsObserve FlagsMode = "Observe"
	// FlagsManage raises them in the workload's pod template, which restarts every
	// replica, one after the other.
	FlagsManage FlagsMode = "Manage"
)

// ControlPlaneProfileSpec is what the platform team asks for.
type ControlPlaneProfileSpec struct {
	// mode is Recommend (decide and explain, write nothing) or Enforce.
	// +optional
	// +kubebuilder:default=Recommend
	Mode Mode `json:"mode,omitempty"`
	// apiServer is the workload that runs the tenant's kube-apiservers.
	// +required
	APIServer APIServerSpec `json:"apiServer"`
	// etcd is the workload that runs the tenant's etcd members.
	// +optional
	Etcd *EtcdSpec `json:"etcd,omitempty"`
	// access says how Evenkeel reaches the tenant's apiservers.
	// +required
	Access AccessSpec `json:"access"`
	// protection chooses among the protections and bounds them.
	// +optional
	Protection ProtectionSpec `json:"protection,omitempty"`
	// resourceProfileRef names the ResourceProfile that sizes follow from. Without it
	// they follow from what was used alone.
	// +optional
	ResourceProfileRef *ResourceProfileRef `json:"resourceProfileRef,omitempty"`
	// sizing says what is done about the CPU and memory that the containers request.
	// +optional
	Sizing SizingSpec `json:"sizing,omitempty"`
	// scaling says what is done about the number of apiserver replicas.
	// +optional
	Scaling ScalingSpec `json:"scaling,omitempty"`
	// availability is what the control plane is to survive.
	// +optional
	Availability AvailabilitySpec `json:"availability,omitempty"`
	// maintenance is when what can wait may disturb.
	// +optional
	Maintenance MaintenanceSpec `json:"maintenance,omitempty"`
}

// APIServerSpec is the workload that runs the tenant's kube-apiservers.
type APIServerSpec struct {
	// targetRef names the workload, in the profile's namespace.
	// +required
	// +kubebuilder:validation:XValidation:rule="self.kind == 'Deployment' || self.kind == 'StatefulSet'",message="apiServer.targetRef must name a Deployment or a StatefulSet of group apps"
	TargetRef TargetRef `json:"targetRef"`
	// container is the name of the kube-apiserver's container in the pods.
	// +optional
	// +kubebuilder:default=kube-apiserver
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Container string `json:"container,omitempty"`
	// port is the secure port on which every replica serves at its pod's address.
	// +optional
	// +kubebuilder:default=6443
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`
	// replicas bounds scale-out.
	// +optional
	Replicas *Int32Range `json:"replicas,omitempty"`
	// cpu bounds the CPU request of one replica.
	// +optional
	CPU *QuantityRange `json:"cpu,omitempty"`
	// memory bounds the memory request of one replica.
	// +optional
	Memory *QuantityRange `json:"memory,omitempty"`
	// seats bounds the load line: the seats that one replica may hand out at
	// once. The inflight flags stay the ceiling, whatever is asked for here; where
	// they are managed, max bounds them, too.
	// +optional
	Seats *Int32Range `json:"seats,omitempty"`
	// flags says whether the inflight flags, which are the ceiling, are only read
	// (Observe) or raised where they hold the tenant back (Manage). Manage writes
	// --max-requests-inflight and --max-mutating-requests-inflight into the pod
	// template of targetRef, which restarts every replica, one after the other. It
	// does so in mode Enforce with the load line enforced, by half at the most at a
	// time and never above seats.max, while the condition CeilingReached is True. It
	// needs the right to patch the workload (manifests/tenant-namespace-flags).
	// Switched off, it leaves the flags as they are.
	// +optional
	// +kubebuilder:default=Observe
	Flags FlagsMode `json:"flags,omitempty"`
}

// EtcdSpec is the workload that runs the tenant's etcd members.
type EtcdSpec struct {
	// targetRef names the workload, in the profile's namespace.
	// +required
	// +kubebuilder:validation:XValidation:rule="self.kind == 'StatefulSet'",message="etcd.targetRef must name a StatefulSet of group apps: members need stable names"
	TargetRef TargetRef `json:"targetRef"`
	// container is the name of etcd's container in the pods.
	// +optional
	// +kubebuilder:default=etcd
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Container string `json:"container,omitempty"`
	// port is the client port at which every member serves its clients and its
	// metrics, at its pod's address.
	// +optional
	// +kubebuilder:default=2379
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`
	// cpu bounds the CPU request of one member.
	// +optional
	CPU *QuantityRange `json:"cpu,omitempty"`
	// memory bounds the memory request of one member.
	// +optional
	Memory *QuantityRange `json:"memory,omitempty"`
	// clientTLS is how Evenkeel reaches the members. Without it they are not
	// looked at, and the condition EtcdHealthy says so.
	// +optional
	ClientTLS *ClientTLSSpec `json:"clientTLS,omitempty"`
	// care says what is done for the members beyond their sizes.
	// +optional
	Care EtcdCareSpec `json:"care,omitempty"`
}

// ClientTLSSpec says how Evenkeel proves itself to a server and verifies it.
type ClientTLSSpec struct {
	// secretRef names a Secret in the profile's namespace with the keys ca.crt (who
	// signed the members' certificates), tls.crt and tls.key (Evenkeel's own).
	// +required
	SecretRef SecretRef `json:"secretRef"`
	// serverName is the name that every member's certificate must carry. Without it
	// the certificate must carry the address of the member's pod.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ServerName string `json:"serverName,omitempty"`
}

// SecretRef names a Secret in the profile's namespace.
type SecretRef struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// TargetRef names a workload in the profile's own namespace. It has no
// namespace on purpose: a profile never reaches out of its own.
type TargetRef struct {
	// apiVersion of the workload.
	// +optional
	// +kubebuilder:default=`apps/v1`
	// +kubebuilder:validation:Enum=`apps/v1`
	APIVersion string `json:"apiVersion,omitempty"`
	// kind of the workload.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`
	// name of the workload.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// Int32Range bounds a whole number, ends included.
//
// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || self.min <= self.max",message="min must not be above max"
type Int32Range struct {
	// min is the least that is ever set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Min *int32 `json:"min,omitempty"`
	// max is the most that is ever set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Max *int32 `json:"max,omitempty"`
}

// QuantityRange bounds a resource quantity, ends included.
//
// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || quantity(string(self.min)).compareTo(quantity(string(self.max))) <= 0",message="min must not be above max"
type QuantityRange struct {
	// min is the least that is ever requested.
	// +optional
	Min *resource.Quantity `json:"min,omitempty"`
	// max is the most that is ever requested.
	// +optional
	Max *resource.Quantity `json:"max,omitempty"`
}

// AccessSpec says how Evenkeel reaches the tenant's apiservers.
type AccessSpec struct {
	// kubeconfigSecretRef names a Secret in the profile's namespace with a
	// kubeconfig whose current context carries inline certificates: the
	// tenant's CA and a client certificate or token for Evenkeel.
	// +required
	KubeconfigSecretRef SecretKeyRef `json:"kubeconfigSecretRef"`
	// balancer is the way that the tenant's clients take. It is only asked whether it
	// serves: everything else goes to the replicas themselves. Without it the replicas'
	// answers alone tell whether the control plane is up.
	// +optional
	Balancer *BalancerSpec `json:"balancer,omitempty"`
}

// BalancerSpec is the way that the tenant's clients take.
type BalancerSpec struct {
	// serviceName names a Service in the profile's namespace, which is asked at its load
	// balancer's address or, where it has none, at its cluster IP. Whatever answers there
	// must prove itself by the tenant's CA.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	ServiceName string `json:"serviceName"`
	// port of the Service.
	// +optional
	// +kubebuilder:default=6443
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`
}

// SecretKeyRef names one key of a Secret in the profile's namespace.
type SecretKeyRef struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// key in the Secret's data.
	// +optional
	// +kubebuilder:default=kubeconfig
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}

// ProtectionSpec chooses among the protections and bounds them.
type ProtectionSpec struct {
	// jail finds the client that does the harm and limits just that client.
	// Defaults to the profile's mode, and is never bolder than it.
	// +optional
	Jail ProtectionMode `json:"jail,omitempty"`
	// loadLine holds the seats below the ceiling by the ballast.
	// Defaults to the profile's mode, and is never bolder than it.
	// +optional
	LoadLine ProtectionMode `json:"loadLine,omitempty"`
	// shares divides the usable seats among the apiserver's suggested priority
	// levels, so that leases, leader elections and the system keep theirs and no low
	// level takes what is idle. A level whose autoupdate-spec annotation a person has
	// set to "false" is left alone.
	// Defaults to the profile's mode, and is never bolder than it.
	// +optional
	Shares ProtectionMode `json:"shares,omitempty"`
	// sentence bounds what a jailed client gets.
	// +optional
	Sentence SentencePolicy `json:"sentence,omitempty"`
	// neverJail lists user names that are only ever named, never jailed, beyond
	// the built-in ones (system components, nodes, Evenkeel itself).
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	NeverJail []string `json:"neverJail,omitempty"`
	// sentences are passed by a person: each is carried out as it stands (in mode
	// Recommend it is shown), is neither eased nor made harder, and is lifted when it
	// is taken out. It takes the place of an automatic sentence on the same client.
	// Who must not be jailed is refused, and a condition says why.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Sentences []ManualSentence `json:"sentences,omitempty"`
}

// SentencePolicy bounds what a jailed client gets.
//
// +kubebuilder:validation:XValidation:rule="!has(self.durationSeconds) || !has(self.maxDurationSeconds) || self.durationSeconds <= self.maxDurationSeconds",message="durationSeconds must not be above maxDurationSeconds"
type SentencePolicy struct {
	// durationSeconds is the length of a first sentence.
	// +optional
	// +kubebuilder:default=600
	// +kubebuilder:validation:Minimum=20
	// +kubebuilder:validation:Maximum=86400
	DurationSeconds int32 `json:"durationSeconds,omitempty"`
	// maxDurationSeconds caps the doubling of sentences for relapses.
	// +optional
	// +kubebuilder:default=21600
	// +kubebuilder:validation:Minimum=20
	// +kubebuilder:validation:Maximum=604800
	MaxDurationSeconds int32 `json:"maxDurationSeconds,omitempty"`
	// maxSentences is how many clients may be jailed at once.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	MaxSentences int32 `json:"maxSentences,omitempty"`
}
