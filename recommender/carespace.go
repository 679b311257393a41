// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/care"
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

	// aboutRoom and aboutQuota are what the alarm's advice is remembered by.
	aboutRoom, aboutQuota = "room", "quota"
)

// makeRoom leads out of the alarm of no space: the history is compacted, then every member
// defragmented, then the alarm taken back, each when the one before is seen to be done. An
// alarm is not taken back before there is room: with the next writes it would be there
// again, and the file larger than before.
func (d *pass) makeRoom() {
	m := &d.memory.Care
	if d.careWaits = d.careHeld(); d.careWaits != "" {
		d.showRoom()
		return
	}
	if !d.enforcing(d.profile.Care.Mode) {
		d.showRoom()
		return
	}
	if m.Compacted.IsZero() {
		d.compact()
		return
	}
	if d.now.Sub(m.Compacted) < compactSettles {
		d.careWaits = "the members to drop what the compaction has freed"
		return
	}
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
	case d.roomy():
		d.disarm()
	case d.revision() > m.Revision && d.now.Sub(m.Alarmed) >= historyStays:
		m.Compacting, m.Compacted = time.Time{}, time.Time{} // what was left of the history is old enough now
	default:
		d.notEnough()
	}
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

// compactTo is the revision to compact up to; 0 while there is none, with what is waited for.
func (d *pass) compactTo() (revision int64, why string) {
	m := d.memory.Care
	if old := m.History.Before(d.now.Add(-historyStays)); old > 0 && d.now.Sub(m.Alarmed) < historyStays {
		return old, fmt.Sprintf("revision %d was there five minutes ago: no client keeps its place before it for longer", old)
	}
	stood := m.Alarmed.Add(historyStays)
	if d.now.Before(stood) {
		return 0, "the history to be five minutes old, at " + clock(stood)
	}
	now := d.revision()
	if now == 0 {
		return 0, "the store's revision to be seen"
	}
	return now, fmt.Sprintf("revision %d is the present one: nothing is written since the alarm, so that all before it is older than five minutes", now)
}

// revision is the latest that a member has; 0 while none is known.
func (d *pass) revision() (latest int64) {
	for _, m := range d.seen.Members {
		if d.fresh(m) {
			latest = max(latest, m.Revision)
		}
	}
	return latest
}

// unrelieved are the members that have not been defragmented since the compaction.
func (d *pass) unrelieved() (left []plane.Member) {
	for _, m := range d.seen.Members {
		if !d.memory.Care.Through(m.Name) {
			left = append(left, m)
		}
	}
	return left
}

// wantRelieved wants one member defragmented so that the alarm can be taken back. How much
// of its file is air nobody knows: what a compaction has freed counts as in use until the
// next write, and there is none.
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
	if !m.Disarming.IsZero() && d.now.Sub(m.Disarming) < orderedAgain {
		return
	}
	m.Disarming = d.now
	d.step(plane.Step{Kind: plane.Disarm, Apply: true, Etcd: &plane.EtcdStep{}, Reason: plane.Reason{
		Code:     v1alpha1.ReasonDisarmed,
		Message:  fmt.Sprintf("takes back etcd's alarm of no space, which stands since %s: every member has room again", clock(m.Alarmed)),
		Evidence: d.fullest(),
	}})
}

// fullest is the member whose file is the nearest to its quota, in words.
func (d *pass) fullest() []string {
	var most *plane.Member
	for i, m := range d.seen.Members {
		if room(m).Used() > 0 && (most == nil || room(m).Used() > room(*most).Used()) {
			most = &d.seen.Members[i]
		}
	}
	if most == nil {
		return nil
	}
	return []string{fmt.Sprintf("the fullest member, %s, has %s of its quota of %s", most.Name, gibibytes(most.DBSize), gibibytes(most.Quota))}
}

// notEnough says that compacting and defragmenting did not bring enough, and what would.
func (d *pass) notEnough() {
	d.careWaits = "a person, as what is in use does not fit: " + d.raiseQuota()
	d.adviseOnce(aboutQuota, "short", plane.Step{Kind: plane.Advise, Etcd: &plane.EtcdStep{}, Reason: plane.Reason{
		Code:     v1alpha1.ReasonNoSpace,
		Message:  "etcd has no space, and what is in use does not fit after its history was compacted and its members defragmented: " + d.raiseQuota() + "; the alarm is taken back when there is room",
		Evidence: append(d.fullest(), d.takesRoom()...),
		Rejected: []string{"to take the alarm back: the next writes would raise it again"},
	}})
}

// raiseQuota is the advice to raise the quota, with the flag, or where it is at the most
// that etcd's documentation suggests, what else there is.
func (d *pass) raiseQuota() string {
	var quota int64
	for _, m := range d.seen.Members {
		quota = max(quota, m.Quota)
	}
	if quota <= 0 || quota >= care.SuggestedQuota {
		return "its quota is at the most that etcd's documentation suggests, 8 GiB: store less, or move events to an etcd of their own (--etcd-servers-overrides)"
	}
	return fmt.Sprintf("raise --quota-backend-bytes from %d to %d on one member after the other (disk and memory follow)",
		quota, min(2*quota, care.SuggestedQuota))
}

// takesRoom is what is stored, as far as the replicas tell.
func (d *pass) takesRoom() []string {
	var most plane.Stored
	for _, r := range d.seen.Replicas {
		if s := r.Stored; s.Nodes+s.Pods+s.Objects > most.Nodes+most.Pods+most.Objects {
			most = s
		}
	}
	if most == (plane.Stored{}) {
		return nil
	}
	line := fmt.Sprintf("stored are %.0f nodes, %.0f pods and %.0f other objects", most.Nodes, most.Pods, most.Objects)
	if most.Bytes > 0 {
		line += ", together about " + gibibytes(most.Bytes)
	}
	return []string{line}
}

// showRoom tells a person once what leads out of the alarm, in the order that counts.
func (d *pass) showRoom() {
	commands := []string{
		"1. etcdctl compact --physical REVISION, with a revision that is five minutes old or, when the alarm has stood for longer, the present one of etcdctl endpoint status",
		"2. on each member, the leader last: etcdctl --endpoints=ADDRESS --command-timeout=2m defrag",
		"3. when every member's file is below 90 % of its quota: etcdctl alarm disarm",
	}
	r := plane.Reason{
		Code:     v1alpha1.ReasonNoSpace,
		Message:  fmt.Sprintf("would lead etcd out of its alarm of no space, which is seen since %s: compact, defragment every member, take the alarm back", clock(d.memory.Care.Alarmed)),
		Evidence: append(append(d.fullest(), d.takesRoom()...), commands...),
		Rejected: []string{"to take the alarm back before there is room: the next writes would raise it again"},
	}
	about := "recommended"
	if d.enforcing(d.profile.Care.Mode) {
		about = "held"
		r.Message = "cannot lead etcd out of its alarm of no space now: " + d.careWaits
	}
	d.adviseOnce(aboutRoom, about, plane.Step{Kind: plane.Advise, Etcd: &plane.EtcdStep{}, Reason: r})
}

// names are those of some members.
func names(members []plane.Member) string {
	all := make([]string, 0, len(members))
	for _, m := range members {
		all = append(all, m.Name)
	}
	return strings.Join(all, ", ")
}
