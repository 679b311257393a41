// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// leaderWithin is how long a new leader is waited for before it is asked for again.
const leaderWithin = 30 * time.Second

// leadElsewhere has another member lead before the leader is resized: the one that is well
// and has its size already.
func (d *pass) leadElsewhere(leader plane.SizedPod) {
	m := &d.memory.Sizes
	if d.now.Sub(m.LeaderMoved) < leaderWithin {
		return
	}
	for _, p := range d.podsOf(sizing.Etcd) {
		if p.Leader || !p.Well || !p.Ready || !p.Requested.Same(d.wantOf(p)) || p.Resize.State != plane.ResizeSettled || d.learner(p.Pod) {
			continue
		}
		m.LeaderMoved = d.now
		d.step(plane.Step{
			Kind: plane.MoveLeader, Apply: true,
			Size: &plane.SizeStep{Component: sizing.Etcd, Pod: leader.Pod, UID: leader.UID, Leader: p.Pod},
			Reason: plane.Reason{
				Code:     v1alpha1.ReasonLeaderMoved,
				Message:  fmt.Sprintf("has %s lead etcd instead of %s, which is resized next", p.Pod, leader.Pod),
				Evidence: []string{fmt.Sprintf("%s is well, votes and has its size of %s", p.Pod, p.Requested)},
				Rejected: []string{"to resize the leader while it leads: what goes wrong with it would cost an election"},
			},
		})
		return
	}
}

// learner tells whether a member has no vote, and so cannot lead.
func (d *pass) learner(name string) bool {
	return slices.ContainsFunc(d.seen.Members, func(m plane.Member) bool { return m.Name == name && m.Learner })
}
