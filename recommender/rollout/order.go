// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"slices"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// harm is how much a kind of step disturbs, the least first.
var harm = map[Kind]int{MoveLeader: 0, Defragment: 1, Restart: 2, Replace: 3, Roll: 4}

// Order has the steps in the order in which they are taken: what is urgent, what is done to
// a leader last, what is left of the zone that was begun with, the least harm, the
// apiservers before etcd.
func Order(steps []Step, zone string) []Step {
	steps = slices.Clone(steps)
	slices.SortStableFunc(steps, func(a, b Step) int {
		return cmp.Or(
			-cmp.Compare(rank(a.Urgent), rank(b.Urgent)),
			cmp.Compare(rank(a.Leader && a.Kind != MoveLeader), rank(b.Leader && b.Kind != MoveLeader)),
			-cmp.Compare(rank(a.Zone == zone), rank(b.Zone == zone)),
			cmp.Compare(harm[a.Kind], harm[b.Kind]),
			cmp.Compare(rank(a.Component == sizing.Etcd), rank(b.Component == sizing.Etcd)),
			cmp.Compare(a.Zone, b.Zone),
			cmp.Compare(a.Pod, b.Pod),
		)
	})
	return steps
}

func rank(is bool) int {
	if is {
		return 1
	}
	return 0
}
