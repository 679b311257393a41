// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Names that other objects carry on Evenkeel's behalf.
const (
	// Finalizer keeps a profile until its tenant has been left as it was found.
	Finalizer = "evenkeel.dev/leave-as-found"
	// PausedAnnotation on a profile, with the value "true", stops every write to
	// the tenant and to the workloads; observation and status go on.
	PausedAnnotation = "evenkeel.dev/paused"
	// OwnerAnnotation on a tenant's object names the profile that wrote it, as
	// namespace/name/uid. An object without it is never touched.
	OwnerAnnotation = "evenkeel.dev/profile"
	// SentenceAnnotation on a FlowSchema holds its sentence as JSON, so that a
	// sentence outlives the operator that passed it.
	SentenceAnnotation = "evenkeel.dev/sentence"
	// OriginalAnnotation on a suggested priority level holds as JSON what the level had
	// before Evenkeel divided the seats, to be given back, and what Evenkeel last
	// wrote, to notice that somebody else has changed it. On a workload whose inflight
	// flags Evenkeel has raised it holds the same of the flags, for a person to give
	// back. On an adopted autoscaler it is the floor as a person has handed it over, in
	// replicas.
	OriginalAnnotation = "evenkeel.dev/original"
	// ManagedByLabel and ManagedBy mark every object that Evenkeel writes.
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "evenkeel"
	// FieldManager is Evenkeel's server-side apply field manager.
	FieldManager = "evenkeel"
)

// Condition types of a ControlPlaneProfile.
const (
	// ConditionReady is True while the control plane is observed and what was
	// decided is in force (or needs no write).
	ConditionReady = "Ready"
	// ConditionObserved is True while every ready replica answers in time; False
	// means that Evenkeel is blind on at least one and holds.
	ConditionObserved = "Observed"
	// ConditionLoadLineInForce is True while every replica works at the load line.
	ConditionLoadLineInForce = "LoadLineInForce"
	// ConditionSharesInForce is True while every suggested level that is Evenkeel's to
	// change has the seats of the division on every replica.
	ConditionSharesInForce = "SharesInForce"
	// ConditionOffenderFound is True while at least one client does harm.
	ConditionOffenderFound = "OffenderFound"
	// ConditionCeilingReached is True while seats are short at the ceiling that the
	// inflight flags set, and the replicas could carry more.
	ConditionCeilingReached = "CeilingReached"
	// ConditionFlagsManaged is True while Evenkeel may raise the inflight flags and
	// every ready replica runs with those that it last wrote; False, with the reason,
	// where it may not or cannot.
	ConditionFlagsManaged = "FlagsManaged"
	// ConditionReplicasAlike is False while one replica is far slower than the others.
	ConditionReplicasAlike = "ReplicasAlike"
	// ConditionVersionKnown is False while a replica runs a version of Kubernetes that
	// Evenkeel has not been tried with.
	ConditionVersionKnown = "VersionKnown"
	// ConditionProtected is True while every sentence is in force on every replica.
	ConditionProtected = "Protected"
	// ConditionEtcdHealthy is True while every etcd member answers, has a leader and
	// keeps up; Unknown while the members are not seen.
	ConditionEtcdHealthy = "EtcdHealthy"
	// ConditionSized is True while every container requests what was decided, within
	// what is worth a change; Unknown while nothing can be decided.
	ConditionSized = "Sized"
	// ConditionUsageSeen is True while the host cluster tells what the containers use.
	// False means that nothing is made smaller.
	ConditionUsageSeen = "UsageSeen"
	// ConditionVPAKept is True while a VerticalPodAutoscaler of each component tells the
	// size that was decided.
	ConditionVPAKept = "VPAKept"
	// ConditionFloorInForce is True while the autoscaler of the apiservers has the floor
	// that was decided; False, with the reason and whose it is, where it has not.
	ConditionFloorInForce = "FloorInForce"
	// ConditionConnectionsEven is False while long-lived connections keep the load on few
	// replicas.
	ConditionConnectionsEven = "ConnectionsEven"
	// ConditionZonesSpread is True while replicas and members run spread over the zones
	// that are asked for, and their disruption budgets allow what is needed.
	ConditionZonesSpread = "ZonesSpread"
	// ConditionEtcdKept is True while nothing is due for the members: neither a
	// defragmentation nor room.
	ConditionEtcdKept = "EtcdKept"
	// ConditionPlanProceeds is True while no disruptive step is due, or those that are go
	// on; False while they are held or were stopped, Unknown while that cannot be judged.
	ConditionPlanProceeds = "PlanProceeds"
)

// Reasons of conditions, decisions and events. They are stable: alerts and
// runbooks refer to them.
const (
	ReasonAsExpected         = "AsExpected"
	ReasonPaused             = "Paused"
	ReasonRecommendOnly      = "RecommendOnly"
	ReasonTargetNotFound     = "TargetNotFound"
	ReasonTargetInvalid      = "TargetInvalid"
	ReasonTargetTaken        = "TargetTaken"
	ReasonAccessNotFound     = "AccessSecretNotFound"
	ReasonAccessInvalid      = "AccessInvalid"
	ReasonAccessExpired      = "AccessExpired"
	ReasonAccessDenied       = "AccessDenied"
	ReasonNoReplicas         = "NoReadyReplicas"
	ReasonReplicaUnreachable = "ReplicaUnreachable"
	ReasonReplicaTimeout     = "ReplicaTimeout"
	ReasonReplicaUntrusted   = "ReplicaUntrusted"
	ReasonReplicaRedirects   = "ReplicaRedirects"
	ReasonOversize           = "Oversize"
	ReasonUndecodable        = "Undecodable"
	ReasonCeilingUnknown     = "CeilingUnknown"
	ReasonTenantUnreachable  = "TenantUnreachable"
	ReasonNameTaken          = "NameTaken"
	ReasonFieldContested     = "FieldContested"
	ReasonWriteFailed        = "WriteFailed"
	ReasonNotReadBack        = "NotReadBack"
	ReasonLoadLineHeld       = "LoadLineHeld"
	ReasonLoadLineCut        = "LoadLineCut"
	ReasonLoadLineRaised     = "LoadLineRaised"
	ReasonVersionUnknown     = "VersionUnknown"
	ReasonReplicaSlow        = "ReplicaSlow"
	ReasonAtCeiling          = "AtCeiling"
	ReasonFlagsRaised        = "FlagsRaised"
	ReasonFlagsRolledBack    = "FlagsRolledBack"
	ReasonFlagsKept          = "FlagsKept"
	ReasonFlagsElsewhere     = "FlagsElsewhere"
	ReasonRollingOut         = "RollingOut"
	ReasonRolloutUnsafe      = "RolloutUnsafe"
	ReasonSharesProtected    = "SharesProtected"
	ReasonSharesDivided      = "SharesDivided"
	ReasonSharesReturned     = "SharesReturned"
	ReasonHeldByPerson       = "HeldByPerson"
	ReasonNoOffender         = "NoOffender"
	ReasonOffenderNamed      = "OffenderNamed"
	ReasonOffenderJailed     = "OffenderJailed"
	ReasonCannotBeJailed     = "CannotBeJailed"
	ReasonSentencedByHand    = "SentencedByHand"
	ReasonSentenceHarder     = "SentenceHarder"
	ReasonSentenceEased      = "SentenceEased"
	ReasonSentenceServed     = "SentenceServed"
	ReasonReleasedByHand     = "ReleasedByHand"
	ReasonSentencesFull      = "SentencesFull"
	ReasonWithdrawn          = "Withdrawn"
	ReasonSelfProtected      = "SelfProtected"
	ReasonNoLeader           = "NoLeader"
	ReasonLeaderChanged      = "LeaderChanged"
	ReasonSlowDisk           = "SlowDisk"
	ReasonApplyBacklog       = "ApplyBacklog"
	ReasonEtcdRefuses        = "EtcdRefuses"
	ReasonAlarm              = "Alarm"
	ReasonQuorumAtRisk       = "QuorumAtRisk"
	ReasonMembersUnseen      = "MembersUnseen"
	ReasonStale              = "Stale"
	ReasonOff                = "Off"
	ReasonDeleting           = "LeavingAsFound"
	ReasonSizeRaised         = "SizeRaised"
	ReasonSizeLowered        = "SizeLowered"
	ReasonResizing           = "Resizing"
	ReasonResizeWaits        = "ResizeWaits"
	ReasonUsageUnknown       = "UsageUnknown"
	ReasonProfileNotFound    = "ResourceProfileNotFound"
	ReasonProfileNonsense    = "ResourceProfileNonsense"
	ReasonCapped             = "Capped"
	ReasonLeaderMoved        = "LeaderMoved"
	ReasonSizingWorse        = "WorseAfterResize"
	// A resize in place: the API or the node knows none; Evenkeel may not; the API, an
	// admission plugin or Evenkeel itself refuses this one; the node has no room now;
	// the node will never have; the node took it and does not bring it in force.
	ReasonResizeUnsupported = "ResizeUnsupported"
	ReasonResizeDenied      = "ResizeDenied"
	ReasonResizeRefused     = "ResizeRefused"
	ReasonResizeDeferred    = "ResizeDeferred"
	ReasonResizeInfeasible  = "ResizeInfeasible"
	ReasonResizeStuck       = "ResizeStuck"
	// VerticalPodAutoscalers: the host cluster knows none; somebody else's is in the way.
	ReasonVPAUnavailable = "VPAUnavailable"
	ReasonVPAConflict    = "VPAConflict"
	// ReasonEvictionBlocked: a disruption budget allows none now.
	ReasonEvictionBlocked = "EvictionBlocked"
	// The floor of the autoscaler: raised; lowered; not raised because of what is short in
	// its place: etcd, one client, replicas that stand idle, the profile's bound.
	ReasonFloorRaised       = "FloorRaised"
	ReasonFloorLowered      = "FloorLowered"
	ReasonFloorHeld         = "FloorHeld"
	ReasonEtcdIsShort       = "EtcdIsShort"
	ReasonOneClient         = "OneClient"
	ReasonLoadSticks        = "LoadSticks"
	ReasonAtMax             = "AtMax"
	ReasonNotBounded        = "NoMaximum"
	ReasonScalerConflict    = "AutoscalerConflict"
	ReasonScalerUnable      = "AutoscalerUnable"
	ReasonScaleOwned        = "ScaledByOwner"
	ReasonConnectionsUneven = "ConnectionsUneven"
	ReasonDraining          = "Draining"
	// Zones: too few for what is asked for; pods that share a zone or a node which they
	// should not; budgets that are missing, too many, or allow nothing ever.
	ReasonTooFewZones    = "TooFewZones"
	ReasonZonesUneven    = "ZonesUneven"
	ReasonNodeShared     = "NodeShared"
	ReasonMisplaced      = "Misplaced"
	ReasonNoBudget       = "NoDisruptionBudget"
	ReasonBudgetBlocks   = "DisruptionBudgetBlocks"
	ReasonBudgetTwice    = "DisruptionBudgetTwice"
	ReasonEvenMembers    = "EvenNumberOfMembers"
	ReasonZoneNotCarried = "ZoneLossNotCarried"
	// ReasonPlacesUnknown: where the pods run, or could, is not seen.
	ReasonPlacesUnknown = "PlacesUnknown"
	// ReasonWindowInvalid: a maintenance window cannot be read, and never opens.
	ReasonWindowInvalid = "WindowInvalid"
	// Care for etcd.
	ReasonFragmented   = "Fragmented"
	ReasonDefragmented = "Defragmented"
	ReasonNoSpace      = "NoSpace"
	ReasonCompacted    = "Compacted"
	ReasonDisarmed     = "AlarmDisarmed"
	ReasonQuotaNear    = "QuotaNear"
	ReasonNodeGoes     = "NodeAboutToGo"
	ReasonMembership   = "MembershipAdvice"
	// The plan of disruptive steps.
	ReasonStepBegun    = "StepBegun"
	ReasonStepDone     = "StepDone"
	ReasonStepsWait    = "StepsWait"
	ReasonPlanPaused   = "PlanPaused"
	ReasonPlanStopped  = "PlanStopped"
	ReasonTakenBack    = "TakenBack"
	ReasonWindowClosed = "WindowClosed"
	// ReasonLeaderNotMoved: etcd's leader is where it was, or nobody knows where.
	ReasonLeaderNotMoved = "LeaderNotMoved"
)
