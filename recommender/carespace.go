// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// historyStays is how old a revision must be for the history before it to be dropped:
	// the apiserver keeps as much (k8s.io/apiserver, --etcd-compaction-interval, 5m), so
	// that no watch of it loses its place.
	historyStays = 5 * time.Minute
	// compactSettles is how long after a compaction the members have to drop what it has
	// freed: only the one that was asked waits for that.
	compactSettles = 10 * time.Second
	// orderedAgain is after how long without a result a compaction or a disarming is
	// ordered again.
	orderedAgain = 2 * time.Minute
	// failedAgain is after how long one that has failed is.
	failedAgain = 30 * time.Second
	// secondRound is how long after the first compaction all that it had to leave is old
	// enough, and laterRounds how far apart further ones are. With the alarm no key is
	// written and no lease granted, but keys are deleted and leases expire as before
	// (server/v3 etcdserver/apply/capped.go), and what that frees takes a compaction: the
	// apiserver's events have all expired after an hour.
	secondRound, laterRounds = historyStays + time.Minute, time.Hour

	// aboutRoom and aboutQuota are what the alarm's advice is remembered by.
	aboutRoom, aboutQuota = "room", "quota"
)

// makeRoom leads out of the alarm of no space: the history is compacted, then every member
// defragmented that has no room, then the alarm taken back, each when the one before is seen
// to be done. An alarm is not taken back before there is room: with the next writes it would
// be there again, and the file larger than before. Where there is room, as after a person
// has raised the quota, nothing else is done to the members.
func (d *pass) makeRoom() {
	m := &d.memory.Care
	d.careWaits = d.careHeld()
	switch {
	case d.careWaits != "" || !d.enforcing(d.profile.Care.Mode):
		d.showRoom()
	case d.roomy():
		d.disarm()
	case m.Compacted.IsZero():
		d.compact()
	case d.now.Sub(m.Compacted) < compactSettles:
		d.careWaits = "the members to drop what the compaction has freed"
	default:
		d.relieve()
	}
}

// relieve wants the members defragmented that have no room. When that was not enough a
// person is told, and the history compacted anew where that may bring some.
func (d *pass) relieve() {
	m := &d.memory.Care
	left := d.unrelieved()
	for _, member := range left {
		if m.MayRelieve(member.Name, d.now) {
			d.wantRelieved(member)
		}
	}
	switch {
	case len(left) > 0:
		d.careWaits = "the defragmentation of " + names(left)
	case !d.seenSince():
		d.careWaits = "a look at every member since it was defragmented"
	default:
		d.notEnough()
		if d.moreHistory() {
			m.Compacting, m.Compacted = time.Time{}, time.Time{}
		}
	}
}

// moreHistory tells whether it is time for another round: there is history that can be
// dropped and could not be in the round before.
func (d *pass) moreHistory() bool {
	m, waits := d.memory.Care, laterRounds
	if m.Rounds == 1 {
		waits = secondRound
	}
	return d.now.Sub(m.Compacted) >= waits && m.History.Before(d.now.Add(-historyStays)) > m.Revision
}

// compact drops the history that is older than what clients may still ask for.
func (d *pass) compact() {
	m := &d.memory.Care
	to, why := d.compactTo()
	switch {
	case to == 0:
		d.careWaits = why
		return
	case !m.Compacting.IsZero() && d.now.Sub(m.Compacting) < orderedAgain:
		d.careWaits = "the compaction to be seen done"
		return
	case d.failedLately():
		d.careWaits = "the compaction to be tried again: " + m.FailedWhy
		return
	}
	m.Compacting, m.Revision = d.now, to
	d.careWaits = "the compaction to be seen done"
	d.step(plane.Step{Kind: plane.Compact, Apply: true, Etcd: &plane.EtcdStep{Revision: to}, Reason: plane.Reason{
		Code:     v1alpha1.ReasonCompacted,
		Message:  fmt.Sprintf("compacts etcd's history up to revision %d: etcd has no space and refuses writes since %s", to, clock(m.Alarmed)),
		Evidence: append([]string{why}, d.fullest()...),
		Rejected: []string{"to take the alarm back first: the next writes would raise it again", "fewer requests: they do not bring space back"},
	}})
}

// failedLately tells whether what was ordered of the way out has failed only just.
func (d *pass) failedLately() bool { return d.now.Sub(d.memory.Care.Failed) < failedAgain }

// compactTo is the revision to compact up to; 0 while there is none, with what is waited for.
// The present one never is: with the alarm too there are deletions that clients have yet to
// see.
func (d *pass) compactTo() (revision int64, why string) {
	h := d.memory.Care.History
	if old := h.Before(d.now.Add(-historyStays)); old > 0 {
		return old, fmt.Sprintf("revision %d was there five minutes ago: no client keeps its place before it for longer", old)
	}
	if len(h.Revisions) == 0 {
		return 0, "the store's revision to be seen"
	}
	return 0, "the history to be five minutes old, at " + clock(h.Revisions[0].At.Add(historyStays))
}

// unrelieved are the members that have no room and have not been defragmented since the
// compaction.
func (d *pass) unrelieved() (left []plane.Member) {
	for _, m := range d.seen.Members {
		if !room(m).Roomy() && !d.memory.Care.Through(m.Name) {
			left = append(left, m)
		}
	}
	return left
}

// wantRelieved wants one member defragmented so that the alarm can be taken back. How much
// of its file is air nobody knows: what a compaction has freed counts as in use until the
// next change, and it is not known when there is one.
func (d *pass) wantRelieved(m plane.Member) {
	full := fmt.Sprintf("its file has %s of a quota of %s", gibibytes(m.DBSize), gibibytes(m.Quota))
	d.wants(rollout.Step{
		Kind: rollout.Defragment, Component: sizing.Etcd, Pod: m.Name, UID: m.UID, Node: m.Node, Zone: m.Zone,
		Leader: m.IsLeader, Urgent: true, Why: "etcd has no space, and " + full,
	}, plane.Step{
		Kind: plane.Defragment, Apply: true, Etcd: &plane.EtcdStep{Member: m.Name, UID: m.UID},
		Reason: plane.Reason{
			Code:     v1alpha1.ReasonFragmented,
			Message:  fmt.Sprintf("defragments %s%s: etcd has no space, and %s", m.Name, inZone(m.Zone), full),
			Evidence: []string{fmt.Sprintf("the history was compacted up to revision %d at %s", d.memory.Care.Revision, clock(d.memory.Care.Compacted))},
			Rejected: []string{"to wait for a quiet hour: nothing can be written meanwhile"},
		},
	}, nil)
}

// seenSince tells whether every member was seen after its defragmentation was over.
func (d *pass) seenSince() bool {
	for _, m := range d.seen.Members {
		if t, tried := d.memory.Care.Tries[m.Name]; tried && !m.Observed.After(t.Over) {
			return false
		}
	}
	return true
}

// roomy tells whether every member has room.
func (d *pass) roomy() bool {
	for _, m := range d.seen.Members {
		if !d.fresh(m) || m.Fault != nil || !room(m).Roomy() {
			return false
		}
	}
	return len(d.seen.Members) > 0
}

// disarm takes the alarm back.
func (d *pass) disarm() {
	m := &d.memory.Care
	d.careWaits = "the alarm to be gone"
	switch {
	case !m.Disarming.IsZero() && d.now.Sub(m.Disarming) < orderedAgain:
		return
	case d.failedLately():
		d.careWaits = "the alarm to be taken back again: " + m.FailedWhy
		return
	}
	m.Disarming = d.now
	d.step(plane.Step{Kind: plane.Disarm, Apply: true, Etcd: &plane.EtcdStep{}, Reason: plane.Reason{
		Code:     v1alpha1.ReasonDisarmed,
		Message:  fmt.Sprintf("takes back etcd's alarm of no space, which stands since %s: every member has room again", clock(m.Alarmed)),
		Evidence: d.fullest(),
	}})
}
