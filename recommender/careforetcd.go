// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"slices"
	"time"

	"evenkeel.dev/evenkeel/recommender/care"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// noSpace is etcd's alarm of a database that has reached its quota, corrupt the one of
// members whose data differ.
const noSpace, corrupt = "NOSPACE", "CORRUPT"

// careForEtcd wants what is due for the members beyond their sizes: another leader where
// the node of the present one is about to go, room where there is none, and a database
// file without air. What is a person's to do is told.
func (d *pass) careForEtcd() {
	if d.profile.Care.Mode == "" || d.profile.Care.Mode == plane.Off {
		d.followTries()
		d.memory.Care = plane.CareMemory{LeaderOrdered: d.memory.Care.LeaderOrdered, Tries: d.memory.Care.Tries}.Clone()
		d.stillDefragments()
		return
	}
	d.followCare()
	d.adviseMembers()
	d.leaveNode()
	switch {
	case d.stillDefragments():
	case d.onlyNoSpace():
		d.makeRoom()
	default:
		d.defragment()
	}
}

// followCare keeps what is needed of this look for the next.
func (d *pass) followCare() {
	m := &d.memory.Care
	var inUse, revision int64
	whole := len(d.seen.Members) > 0
	for _, member := range d.seen.Members {
		if !d.answers(member) {
			whole = false
			continue
		}
		inUse, revision = max(inUse, member.DBInUse), max(revision, member.Revision)
	}
	d.followTries()
	m.Growth = m.Growth.Seen(inUse, d.now)
	m.History = m.History.Seen(revision, d.now)
	if load, known := d.load(); known {
		m.Day = m.Day.Took(load, d.now)
	}
	switch alarmed := slices.Contains(d.alarms(), noSpace); {
	case alarmed && m.Alarmed.IsZero():
		m.Alarmed = d.now
	case !alarmed && whole && !m.Alarmed.IsZero():
		*m = m.Relieved()
		m.Forget(aboutRoom)
		m.Forget(aboutQuota)
	}
}

// followTries notes what became of what was ordered, and gives up what nobody tells the end of.
func (d *pass) followTries() {
	for _, o := range d.seen.Outcomes {
		d.takeCare(o)
	}
	uids := map[string]string{}
	for _, member := range d.seen.Members {
		if t := d.memory.Care.Tries[member.Name]; t.UnderWay() && t.GoesOn && d.answers(member) {
			d.memory.Care.Ended(member.Name, t.UID, true, false, d.now)
		}
		if member.UID != "" {
			uids[member.Name] = member.UID
		}
	}
	d.memory.Care.Lapse(uids, d.now)
}

// answers tells whether a member is seen whole.
func (d *pass) answers(m plane.Member) bool { return d.fresh(m) && m.Fault == nil }

// takeCare notes what became of a step of the care. One that has been ordered and has
// neither a fault nor an end is under way.
func (d *pass) takeCare(o plane.Outcome) {
	m := &d.memory.Care
	switch o.Kind {
	case plane.Compact:
		if d.ofThisAlarm(o, &m.Compacting) {
			m.Compacted, m.Rounds = d.now, m.Rounds+1
		}
	case plane.Disarm:
		d.ofThisAlarm(o, &m.Disarming)
	case plane.Defragment:
		i := slices.IndexFunc(d.seen.Members, func(one plane.Member) bool { return aboutDefragmenting(one.Name) == o.Name })
		if i < 0 {
			return
		}
		member := d.seen.Members[i]
		switch {
		case o.Fault != nil && o.Fault.Reason == notShrunk && !d.answers(member):
			m.GoesOn(member.Name)
		case o.Fault != nil:
			m.Ended(member.Name, member.UID, o.Fault.Reason == notShrunk, false, d.now)
		case !o.InForce.IsZero():
			m.Ended(member.Name, member.UID, true, true, d.now)
		default:
			m.Ordered(member.Name, member.UID, d.now)
		}
	default: // somebody else's
	}
}

// ofThisAlarm tells whether what was ordered of the way out of this alarm is done. What was
// ordered for an alarm that is over says nothing of this one. What has failed is no longer
// waited for.
func (d *pass) ofThisAlarm(o plane.Outcome, ordered *time.Time) bool {
	m := &d.memory.Care
	if m.Alarmed.IsZero() || ordered.IsZero() {
		return false
	}
	if o.Fault != nil {
		*ordered, m.Failed, m.FailedWhy = time.Time{}, d.now, o.Fault.Message
	}
	return o.Fault == nil && !o.InForce.IsZero()
}

// aboutDefragmenting is the name under which the outcome of a member's defragmentation is
// told.
func aboutDefragmenting(member string) string {
	return plane.Step{Kind: plane.Defragment, Etcd: &plane.EtcdStep{Member: member}}.About()
}

// load is how many requests a second the replicas serve, watches left out; unknown while
// one of them is not seen.
func (d *pass) load() (perSecond float64, known bool) {
	if d.sight.blind() {
		return 0, false
	}
	for _, r := range d.seen.Replicas {
		if !r.Ready {
			continue
		}
		if r.Window <= 0 {
			return 0, false
		}
		for _, s := range r.Served {
			perSecond += s.Requests / r.Window.Seconds()
		}
	}
	return perSecond, true
}

// room is what is known of a member's database file.
func room(m plane.Member) care.Room {
	return care.Room{Size: m.DBSize, InUse: m.DBInUse, Quota: m.Quota}
}

// leaderOrdered tells whether another leader has been ordered lately, by whomever in this
// house: then a new one is no accident.
func (d *pass) leaderOrdered() bool {
	m := &d.memory.Care
	for _, o := range d.seen.Outcomes {
		if o.Kind == plane.MoveLeader && o.Fault == nil {
			m.LeaderOrdered = d.now
		}
	}
	return d.now.Sub(d.memory.Sizes.LeaderMoved) < leaderWithin || d.now.Sub(m.LeaderOrdered) < leaderWithin
}
