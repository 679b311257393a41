// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/zones"
)

// moveMisplaced wants the pod evicted that should run elsewhere, and would. It is asked
// for in every pass for as long as that is so; when it is its turn is the plan's to say.
func (d *pass) moveMisplaced(seen zones.Seen) {
	m := &d.memory.Zones
	move, ok := zones.Misplaced(seen)
	if !ok || d.sight.blind() || d.profile.Spread == plane.Off || d.profile.Spread == "" || d.movedInVain(move) {
		d.notDue()
		return
	}
	if m.Due != move.Pod.UID {
		m.Due, m.DueAt, m.Wanted = move.Pod.UID, d.now, plane.ZoneMove{}
	}
	if d.now.Sub(m.DueAt) < zonesSettle {
		return
	}
	p := move.Pod
	enforced := d.enforcing(d.profile.Spread)
	from, to, room := "zone "+p.Zone, "in zone "+move.To, "a node of that zone has room"
	if move.To == p.Zone {
		from, to, room = "node "+p.Node, "on another node", "one that carries none of them has room"
	}
	do := plane.Step{
		Kind: plane.EvictPod, Apply: enforced, Size: &plane.SizeStep{Component: p.Component, Pod: p.Pod, UID: p.UID},
		Reason: plane.Reason{
			Code:    v1alpha1.ReasonMisplaced,
			Message: fmt.Sprintf("evicts %s from %s, so that it starts %s: %s", p.Pod, from, to, move.Why),
			Evidence: []string{
				"its own rules would have it placed there, and " + room,
				"all others of its component are ready, and its disruption budget is asked",
			},
			Rejected: []string{
				"to wait for the next rollout: the zone may go before",
				"an older pod: it serves more clients, and they would all come anew",
			},
		},
	}
	if !enforced {
		do.Reason.Message = "would evict" + do.Reason.Message[len("evicts"):]
		if m.Shown != p.UID {
			d.step(do)
		}
		m.Shown, m.Wanted = p.UID, plane.ZoneMove{}
		return
	}
	m.Wanted = plane.ZoneMove{Place: move.Place, Pod: p.Pod, UID: p.UID, About: do.About(), Count: move.Count}
	d.wants(rollout.Step{
		Kind: rollout.Replace, Component: p.Component, Pod: p.Pod, UID: p.UID, Node: p.Node, Zone: p.Zone, Why: move.Why,
	}, do, nil)
}

// notDue forgets which pod should run elsewhere: it is waited for anew.
func (d *pass) notDue() {
	m := &d.memory.Zones
	m.Due, m.DueAt, m.Wanted = "", d.now, plane.ZoneMove{}
}

// movedInVain tells whether a pod of that place was evicted a short while ago, and there
// are as many as before: its successor came back, or the eviction was refused.
func (d *pass) movedInVain(move zones.Move) bool {
	was, known := d.memory.Zones.Moved[move.Place]
	return known && move.Count >= was.Count
}

// followMoves keeps what became of the eviction that was asked for last, and forgets those
// that have done what they were for or are too long ago.
func (d *pass) followMoves(seen zones.Seen) {
	m := &d.memory.Zones
	for _, o := range d.seen.Outcomes {
		if m.Wanted.UID == "" || o.Kind != plane.EvictPod || o.Name != m.Wanted.About {
			continue
		}
		made := m.Wanted
		made.At, made.Until = d.now, d.now.Add(movedFor)
		if o.Fault != nil {
			made.Until = d.now.Add(deferredFor)
		}
		m.Moved[made.Place], m.Wanted = made, plane.ZoneMove{}
	}
	counts, whole := zones.Places(seen), seen.Unseen() == nil && zones.Whole(seen)
	for place, made := range m.Moved {
		if !d.now.Before(made.Until) || whole && counts[place] < made.Count {
			delete(m.Moved, place)
		}
	}
}
