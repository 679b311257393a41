// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// HostSeen is what the host cluster tells of where a control plane can run.
type HostSeen struct {
	// Looked is false while it has not been looked at.
	Looked bool
	// Nodes are those of the host cluster that carry a pod of the control plane, or could:
	// at most some for each zone, sorted by zone and name.
	Nodes []HostNode
	// Zones counts the nodes of each zone that would take one more apiserver now: those
	// that are ready and open, which its selectors, affinity to nodes and tolerations allow.
	// It is 0 for a zone of which none of them has room.
	Zones map[string]int
	// Free counts, of those nodes that have room, the ones that carry none of the apiservers
	// yet, by zone; those of nodes without a zone are under "".
	Free map[string]int
	// Budgets are the disruption budgets over the components' pods, sorted by name.
	Budgets []DisruptionBudget
	// BudgetsFault says why they are not known; nil when they are.
	BudgetsFault *Fault
	// Wanted is how many pods each component's workload is to have.
	Wanted map[sizing.Component]int
	// Workloads are what runs the components' pods.
	Workloads map[sizing.Component]HostWorkload
}

// HostWorkload is what runs a component's pods.
type HostWorkload struct {
	// Kind is Deployment or StatefulSet.
	Kind, Name string
	// Labels are those that select its pods; nil where they are not selected by labels
	// alone.
	Labels map[string]string
	// Rolling is whether its pods are being replaced by those of another template, whoever
	// has changed that.
	Rolling bool
}

// HostNode is a node of the host cluster.
type HostNode struct {
	Name, Zone string
	Ready      bool
	// Leaving says in a few words why the node is about to be disturbed, as in "is
	// cordoned"; empty when it is not.
	Leaving string
}

// DisruptionBudget is one PodDisruptionBudget, as its controller counts it.
type DisruptionBudget struct {
	Name      string
	Component sizing.Component
	// Covers counts the component's pods that its selector matches.
	Covers int
	// Allowed is how many of them may be disturbed now, Expected and Healthy how many
	// there are to be and are, Desired how many must stay healthy.
	Allowed, Expected, Healthy, Desired int
	// Rule is what it asks for, as in "maxUnavailable: 1".
	Rule string
}

// PodPlace is what a pod's own spec says of where it may run.
type PodPlace struct {
	// ByZone is whether it would be placed in another zone than its likes: a topology
	// spread constraint or an anti-affinity over zones that must be met. ByNode is the
	// same of nodes.
	ByZone, ByNode bool
	// Anchored is whether it has a volume claim, which ties it to where its volume is.
	Anchored bool
}

// Availability is what the control plane survives as it runs.
type Availability struct {
	// Class is the availability in percent that can be promised, as in "99.95"; empty
	// while that is not known. Why says what makes it that.
	Class, Why string
	// Zones are those that carry something, or could, sorted by name.
	Zones []ZoneLoss
}

// ZoneLoss is one zone, and what would be without it.
type ZoneLoss struct {
	Zone string
	// Replicas and Members are those that are ready in it.
	Replicas, Members int
	// Headroom is how much of what the others carry would be left over, of seats or of
	// CPU, whichever is less, from 1 down to -1, where they carry half of the load or less;
	// below 0 they would not carry it. Known is whether that can be told.
	Headroom float64
	Known    bool
	// Quorum is whether etcd would keep its quorum.
	Quorum bool
}

// ZonesMemory is what is kept of zones.
type ZonesMemory struct {
	// Found is what is wrong with the spread, as it is told, and FoundAt since when; empty
	// while nothing is. Advised is that of which a person has been told what to do.
	Found   string
	FoundAt time.Time
	Advised string
	// Due is the UID of the pod that should run elsewhere, DueAt since when, and Shown that
	// of which it was last told.
	Due   string
	DueAt time.Time
	Shown string
	// Wanted is the eviction that was last asked for of the plan; its UID is empty while
	// none was. Moved are those that were made, or refused, by component and place.
	Wanted ZoneMove
	Moved  map[string]ZoneMove
	// Short is the zone whose loss the others would not carry; empty while there is none.
	Short string
}

// ZoneMove is one eviction of a pod for where it runs.
type ZoneMove struct {
	// Place is the component and the zone or node that had too many, Pod and UID which of
	// them is evicted, and About under which name its outcome is told.
	Place, Pod, UID, About string
	// Count is how many there were, At when it was evicted, and Until when none is evicted
	// again of a place that still has as many.
	Count     int
	At, Until time.Time
}
