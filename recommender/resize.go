// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// leaderWithin is how long a new leader is waited for before it is asked for again.
	leaderWithin = 30 * time.Second
	// quorumNeeds is how few members an etcd has at the least for one to be touched.
	quorumNeeds = 3
)

// resize has the pods request what was decided, one after the other: what is short first,
// of etcd the followers before the leader, and each only when the gate after the one
// before holds (gate.go).
func (d *pass) resize() {
	m := &d.memory.Sizes
	if !d.profile.Sizing.InPlace || !d.enforcing(d.profile.Sizing.Mode) {
		m.Resizing = nil
		return
	}
	d.followResize()
	d.evictStuck()
	if m.Resizing != nil || d.now.Before(m.Stopped) {
		return
	}
	pods := d.resizable()
	for _, p := range pods {
		if held := d.resizeHeld(p); held != "" {
			continue
		}
		if p.Leader {
			if slices.ContainsFunc(pods, func(o plane.SizedPod) bool { return o.Component == p.Component && !o.Leader }) {
				continue // the followers first
			}
			d.leadElsewhere(p)
			return
		}
		d.resizePod(p, d.wantOf(p), false)
		return
	}
}

// wantOf is what a pod should request; the zero amounts while that is not decided. Where
// it is not seen what is used, no pod gets less than it has, and none gets more than a
// limit that stays.
func (d *pass) wantOf(p plane.SizedPod) plane.Amounts {
	i := slices.IndexFunc(d.plan.Sizes, func(s plane.SizePlan) bool { return s.Component == p.Component })
	if i < 0 {
		return plane.Amounts{}
	}
	want := d.plan.Sizes[i].Want
	if d.usageUnseen() {
		want = plane.Amounts{CPU: max(want.CPU, p.Requested.CPU), Memory: max(want.Memory, p.Requested.Memory)}
	}
	if !d.profile.Sizing.Limits {
		want = plane.Amounts{CPU: min(want.CPU, most(p.Limit.CPU)), Memory: min(want.Memory, most(p.Limit.Memory))}
	}
	return want
}

// resizable are the pods that request something else than they should, the most urgent
// first.
func (d *pass) resizable() (pods []plane.SizedPod) {
	for _, p := range d.seen.Sizes.Pods {
		want := d.wantOf(p)
		if p.Fault == nil && p.Reported && want != (plane.Amounts{}) && !p.Requested.Same(want) && !d.now.Before(d.memory.Sizes.Aside[p.UID].Until) {
			pods = append(pods, p)
		}
	}
	slices.SortStableFunc(pods, func(a, b plane.SizedPod) int {
		return cmp.Or(
			before(d.short(b), d.short(a)),                       // what is short before what is too much
			before(d.short(a) && a.Ready, d.short(b) && b.Ready), // of those that are short one that suffers
			// While a tenant grows another size is due before all have the last: the one that
			// is the furthest from it is next, so that none is left behind.
			cmp.Compare(d.shortage(a), d.shortage(b)),
			cmp.Compare(a.Component, b.Component),
			cmp.Compare(a.Pod, b.Pod))
	})
	return pods
}

// before orders false before true.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// short tells whether a pod requests less than it should of anything.
func (d *pass) short(p plane.SizedPod) bool {
	return p.Requested.Below(d.wantOf(p))
}

// shortage is what a pod requests of what it should, in twentieths; 20 or more where it is
// not short.
func (d *pass) shortage(p plane.SizedPod) int {
	want := d.wantOf(p)
	return int(20 * min(p.Requested.CPU/want.CPU, p.Requested.Memory/want.Memory, 1))
}

// lowers tells whether a pod would get less of anything.
func (d *pass) lowers(p plane.SizedPod) bool {
	return d.wantOf(p).Below(p.Requested)
}

// resizeHeld says why a pod is not resized now, in words; empty when it may be. What is
// short is given also to a replica that is not ready: it may be why it is not.
func (d *pass) resizeHeld(p plane.SizedPod) string {
	switch {
	case p.Resize.State == plane.ResizeInProgress || p.Resize.State == plane.ResizeDeferred:
		return "a resize that somebody has asked for is under way"
	case p.Component == sizing.Etcd:
		return d.quorumHeld(p)
	case !d.lowers(p):
		return ""
	case d.sight.blind():
		return "not every replica is seen"
	case d.memory.Line.Streaks.Strained > 0:
		return "requests are late"
	}
	for _, other := range d.podsOf(p.Component) {
		if !other.Ready {
			return other.Pod + " is not ready"
		}
	}
	return ""
}

// quorumHeld says why no member of etcd is resized now.
func (d *pass) quorumHeld(p plane.SizedPod) string {
	members := d.podsOf(sizing.Etcd)
	switch {
	case len(d.seen.Members) == 0:
		return "etcd's members are not looked at: " + d.membersFault()
	case len(d.seen.Members) < quorumNeeds:
		return fmt.Sprintf("etcd has %d members: without one of them there is no quorum", len(d.seen.Members))
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

func (d *pass) membersFault() string {
	if f := d.seen.MembersFault; f != nil {
		return f.Message
	}
	if len(d.seen.Members) == 0 {
		return "name a Secret with a client certificate in etcd.clientTLS"
	}
	return ""
}

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

func (d *pass) learner(name string) bool {
	return slices.ContainsFunc(d.seen.Members, func(m plane.Member) bool { return m.Name == name && m.Learner })
}

// resizePod begins the resize of one pod.
func (d *pass) resizePod(p plane.SizedPod, to plane.Amounts, back bool) {
	m := &d.memory.Sizes
	m.Resizing = &plane.Resizing{
		Component: p.Component, Pod: p.Pod, UID: p.UID, From: p.Requested, To: to, Began: d.now,
		Restarts: p.Restarts, Late: d.memory.Line.Streaks.Strained > 0, Back: back,
	}
	r := plane.Reason{
		Code: v1alpha1.ReasonResizing, Message: fmt.Sprintf("resizes %s in place from %s to %s", p.Pod, p.Requested, to),
		Rejected: []string{"more than one pod at a time: what goes wrong with one is seen before the next"},
	}
	if back {
		r.Code, r.Message = v1alpha1.ReasonSizingWorse, fmt.Sprintf("takes the resize of %s back, to %s: %s", p.Pod, to, m.StoppedWhy)
		r.Rejected = nil
	}
	if left := len(d.resizable()) - 1; left > 0 && !back {
		r.Evidence = append(r.Evidence, fmt.Sprintf("%d more pods follow, each after a gate", left))
	}
	d.step(plane.Step{
		Kind: plane.ResizePod, Apply: true, Reason: r,
		Size: &plane.SizeStep{
			Component: p.Component, Pod: p.Pod, UID: p.UID, Container: p.Container, To: to, Limits: d.profile.Sizing.Limits,
			Lowers: to.Below(p.Requested),
		},
	})
}

// waiting names the pods that have yet to be resized and why they are not, for people.
func (d *pass) waiting() string {
	var words []string
	for _, p := range d.seen.Sizes.Pods {
		want := d.wantOf(p)
		if want == (plane.Amounts{}) || p.Fault != nil || p.Requested.Same(want) && p.Resize.State == plane.ResizeSettled {
			continue
		}
		why := d.resizeHeld(p)
		if p.Requested.Same(want) {
			why = ""
			if stuck := p.Unresized(d.now, time.Time{}, deferGrace); stuck != nil {
				why = stuck.Message
			}
		}
		if aside, is := d.memory.Sizes.Aside[p.UID]; is && d.now.Before(aside.Until) {
			why = aside.Why
		}
		if !p.Reported {
			why = "its node has not told what it has set aside for it"
		}
		if why != "" {
			words = append(words, p.Pod+": "+why)
		}
	}
	return strings.Join(words, "; ")
}
