// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// quorumNeeds is how few members that vote an etcd has at the least for one to be
	// touched.
	quorumNeeds = 3
	// clearOf is how far a memory limit stays above the working set: nodes refuse one below
	// what is in use, which is that and page cache.
	clearOf = 1.1
)

// resizeHeld says why a pod is not resized now, in words; empty when it may be. What is
// short is given also to a replica that is not ready: it may be why it is not.
func (d *pass) resizeHeld(p plane.SizedPod) string {
	under := d.memory.Disturb.State.Under
	switch own := d.podHeld(p); {
	case own != "":
		return own
	case under != nil && (under.Step.UID == p.UID || d.lowers(p) || p.Component == sizing.Etcd):
		return "the " + kindWords[under.Step.Kind] + " of " + under.Step.Pod + " is under way"
	case p.Component == sizing.Etcd:
		return d.quorumHeld(p)
	case !d.lowers(p):
		return ""
	case d.sight.blind():
		return "not every replica is seen"
	case d.late():
		return "requests are late"
	}
	for _, other := range d.podsOf(p.Component) {
		if !other.Ready {
			return other.Pod + " is not ready"
		}
	}
	return ""
}

// podHeld says why a pod is not resized now that lies in itself; empty when nothing does.
func (d *pass) podHeld(p plane.SizedPod) string {
	m := d.memory.Sizes
	switch {
	case p.Resize.State == plane.ResizeInProgress:
		return "a resize that somebody has asked for is under way"
	case p.Resize.State == plane.ResizeDeferred && p.Requested.Below(d.wantOf(p)):
		return "it waits already for room on its node" // to ask for less is the way out of it
	case d.now.Before(m.Stopped) && d.lowers(p):
		return "nothing is made smaller until " + clock(m.Stopped)
	case d.limitBelowUse(p):
		return "its memory limit would not be clear of what it uses"
	}
	return ""
}

// limitBelowUse tells whether a lower request would bring the pod's limit of memory, which
// follows it in proportion, near to what the pod uses, or where that is not known.
func (d *pass) limitBelowUse(p plane.SizedPod) bool {
	want := d.wantOf(p).Memory
	if !d.profile.Sizing.Limits || p.Limit.Memory == 0 || want >= p.Requested.Memory {
		return false
	}
	unseen := p.Used.At.IsZero() || d.now.Sub(p.Used.At) >= usageStale
	return unseen || p.Limit.Memory*want/p.Requested.Memory < clearOf*p.Used.Memory
}

// quorumHeld says why no member of etcd is resized now, or evicted: all that are known must
// be there and well, so that one may be missed.
func (d *pass) quorumHeld(p plane.SizedPod) string {
	members := d.podsOf(sizing.Etcd)
	switch voters := d.voters(); {
	case len(d.seen.Members) == 0:
		return "etcd's members are not looked at: " + d.membersFault()
	case voters < quorumNeeds:
		return fmt.Sprintf("etcd has %d members that vote: without one of them there is no quorum", voters)
	case len(members) < len(d.seen.Members):
		return "not every member runs"
	case d.membersFault() != "":
		return d.membersFault()
	}
	for _, other := range members {
		// A member that is down for want of memory is not helped by waiting for it, and the
		// others are not touched.
		starved := other.UID == p.UID && !d.lowers(p) && !p.OOMKilledAt().IsZero()
		if (!other.Well || !other.Ready) && !starved {
			return other.Pod + " is not well"
		}
	}
	for _, t := range d.memberTroubles() {
		if t.reason == v1alpha1.ReasonNoLeader || t.reason == v1alpha1.ReasonApplyBacklog {
			return t.words
		}
	}
	return ""
}

// voters is how many members of etcd have a vote.
func (d *pass) voters() (n int) {
	for _, m := range d.seen.Members {
		if !m.Learner {
			n++
		}
	}
	return n
}

func (d *pass) membersFault() string {
	if f := d.seen.MembersFault; f != nil {
		return f.Message
	}
	if len(d.seen.Members) == 0 {
		return "name a Secret with a client certificate in etcd.clientTLS"
	}
	return ""
}
