// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

// step is a load to measure at. Stages only ever add: memory that a server has once
// taken it gives back late, and what it takes at the next stage would not be seen.
// Requests alone come and go.
type step struct {
	Name string
	// Nodes are those of the tenant, each with at least PodsPerNode; a node joins with
	// one.
	Nodes, PodsPerNode int
	// Small and Large are further objects: ConfigMaps of 1 KiB and Secrets of 12 KiB,
	// so that objects and bytes can be told apart.
	Small, Large int
	// Reads are gets and small lists a second, by clients that are no nodes.
	Reads float64
}

// standard are the stages of a run. No two drivers grow together throughout.
var standard = []step{
	{Name: "empty"},
	{Name: "reads", Reads: 120},
	{Name: "small objects", Small: 5000},
	{Name: "250 nodes", Nodes: 250, PodsPerNode: 1, Small: 5000},
	{Name: "250 nodes, 12 pods each", Nodes: 250, PodsPerNode: 12, Small: 5000},
	{Name: "large objects", Nodes: 250, PodsPerNode: 12, Small: 5000, Large: 2500},
	{Name: "1,000 nodes", Nodes: 1000, PodsPerNode: 1, Small: 5000, Large: 2500},
	{Name: "1,000 nodes and reads", Nodes: 1000, PodsPerNode: 1, Small: 5000, Large: 2500, Reads: 120},
	{Name: "2,000 nodes", Nodes: 2000, PodsPerNode: 1, Small: 5000, Large: 2500},
	{Name: "2,000 nodes, 4 pods each", Nodes: 2000, PodsPerNode: 4, Small: 5000, Large: 2500},
}

// joining and packing are how fast nodes and pods come, a second.
const (
	joining = 15
	packing = 90
)
