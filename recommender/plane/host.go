// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import "evenkeel.dev/evenkeel/recommender/sizing"

// HostSeen is what the host cluster tells of where a control plane can run.
type HostSeen struct {
	// Looked is false while it has not been looked at.
	Looked bool
	// Nodes are those of the host cluster that carry a pod of the control plane, or could:
	// at most some for each zone, sorted by zone and name.
	Nodes []HostNode
	// Zones counts the nodes of each zone on which a pod can be placed now.
	Zones map[string]int
	// Budgets are the disruption budgets over the components' pods, sorted by name.
	Budgets []DisruptionBudget
	// BudgetsFault says why they are not known; nil when they are.
	BudgetsFault *Fault
	// Wanted is how many pods each component's workload is to have.
	Wanted map[sizing.Component]int
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
	// CPU, whichever is less, from 1 down; below 0 they would not carry the load. Known is
	// whether that can be told.
	Headroom float64
	Known    bool
	// Quorum is whether etcd would keep its quorum.
	Quorum bool
}
