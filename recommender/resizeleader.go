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

// starved is how much of what it should a leader requests, in twentieths, that is not left
// for last: while a tenant grows the followers may have a new size due for as long as it
// does, and every write waits for the leader.
const starved = 10

// leadersTurn tells whether the leader is next: every follower has its size, or the leader
// is starved and further from its size than any of them.
func (d *pass) leadersTurn(leader plane.SizedPod, pods []plane.SizedPod) bool {
	nearest := d.shortage(leader) < starved
	for _, p := range pods {
		if p.Component == leader.Component && !p.Leader && (!nearest || d.shortage(p) <= d.shortage(leader)) {
			return false
		}
	}
	return true
}

// fit tells whether a follower could lead instead: it has its size, or more of everything
// than the leader.
func (d *pass) fit(p, leader plane.SizedPod) bool {
	better := leader.Requested.CPU < p.Requested.CPU && leader.Requested.Memory < p.Requested.Memory
	return !p.Leader && p.Well && p.Ready && p.Resize.State == plane.ResizeSettled && !d.learner(p.Pod) &&
		(better || p.Requested.Same(d.wantOf(p)))
}

// leadElsewhere has another member lead before the leader is resized: of those that are
// fit the one with the most.
func (d *pass) leadElsewhere(leader plane.SizedPod) {
	m := &d.memory.Sizes
	if d.now.Sub(m.LeaderMoved) < leaderWithin {
		return
	}
	var heir *plane.SizedPod
	for _, p := range d.podsOf(sizing.Etcd) {
		if d.fit(p, leader) && (heir == nil || heir.Requested.CPU < p.Requested.CPU) {
			heir = &p
		}
	}
	if heir == nil {
		return
	}
	has := fmt.Sprintf("%s is well, votes and has its size of %s", heir.Pod, heir.Requested)
	if !heir.Requested.Same(d.wantOf(*heir)) {
		has = fmt.Sprintf("%s is well, votes and has %s, more than the %s of the leader, which is furthest from its size", heir.Pod, heir.Requested, leader.Requested)
	}
	m.LeaderMoved = d.now
	d.step(plane.Step{
		Kind: plane.MoveLeader, Apply: true,
		Size: &plane.SizeStep{Component: sizing.Etcd, Pod: leader.Pod, UID: leader.UID, Leader: heir.Pod},
		Reason: plane.Reason{
			Code:     v1alpha1.ReasonLeaderMoved,
			Message:  fmt.Sprintf("has %s lead etcd instead of %s, which is resized next", heir.Pod, leader.Pod),
			Evidence: []string{has},
			Rejected: []string{"to resize the leader while it leads: what goes wrong with it would cost an election"},
		},
	})
}

// learner tells whether a member has no vote, and so cannot lead.
func (d *pass) learner(name string) bool {
	return slices.ContainsFunc(d.seen.Members, func(m plane.Member) bool { return m.Name == name && m.Learner })
}
