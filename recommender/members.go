// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/seats"
)

const (
	// slowLog is from which 99th percentile on, in seconds, the fsyncs of the
	// write-ahead log are too slow to be loaded further: twice the 10 ms that etcd's
	// documentation asks for. It has to be so in slowLooks looks in a row, each with
	// enoughFsyncs. Of fewer the percentile is their slowest; then fewFsyncs will do
	// if their mean is over it as well, as a disk that takes half a second for each
	// does not come to a hundred.
	slowLog      = 0.020
	slowLooks    = 2
	enoughFsyncs = 100
	fewFsyncs    = 5
	// mostBacklog is half of what etcd refuses requests at.
	mostBacklog = 2500
	// leaderLatch is for how long a change of leader counts: clients and caches are
	// behind for longer than an election takes.
	leaderLatch = 2 * time.Minute
	// leftFor is for how long a member that went explains what comes of it: an election
	// takes some seconds, and a write that was on its way to it seven more
	// (server/v3 config.Config.ReqTimeout: 5 s and two elections).
	leftFor = 30 * time.Second
	// loops is within which time a process ends again that cannot live: that explains
	// nothing, as it may be the load that it cannot live with.
	loops = 2 * time.Minute
	// lately is how old what is known of a member may be at the least: it is not asked
	// at every look while looks follow each other closely.
	lately = 10 * time.Second
)

// memberTrouble is something wrong with the members that asks for less load. words
// hold no figure that changes from look to look. explained is whether it is because a
// member's process has ended, and not because of load.
type memberTrouble struct {
	reason, words string
	explained     bool
}

// memberGuards are the reasons, in words, why etcd must not be loaded further now;
// none where its members are not seen. An alarm is none of them: fewer requests do
// not bring space back. Calling it again in a pass changes nothing.
//
// A slow log is a mild one. The fsyncs of a busy etcd take their time long before
// anybody is late because of it, and whoever is late shows in the strain: on the
// testbed a line that served a crowd well was cut by it again and again. Nor is an
// election a hard one that came as a member's process ended: writes that were on their way
// to it wait for seven seconds whatever the load is, and what is late then is not put down
// to it.
func (d *pass) memberGuards() []seats.Guard {
	var guards []seats.Guard
	for _, t := range d.memberTroubles() {
		guards = append(guards, seats.Guard{
			Words: t.words, Mild: t.explained || t.reason == v1alpha1.ReasonSlowDisk,
			Excuses: t.explained && d.now.Sub(d.memory.Etcd.Left) <= leftFor,
		})
	}
	return guards
}

// memberTroubles are the worst first.
func (d *pass) memberTroubles() []memberTrouble {
	d.followMembers()
	var all []memberTrouble
	add := func(reason string, who []string, what string) {
		if len(who) > 0 {
			all = append(all, memberTrouble{reason: reason, words: strings.Join(who, ", ") + what})
		}
	}
	add(v1alpha1.ReasonNoLeader, d.leaderless(), ": no etcd leader")
	d.explain(all, d.now)
	add(v1alpha1.ReasonApplyBacklog, d.serving(func(m plane.Member) bool { return m.ApplyBacklog > mostBacklog && !d.defragments(m.Name) }),
		fmt.Sprintf(": more than %d entries are committed and not applied", mostBacklog))
	add(v1alpha1.ReasonSlowDisk, d.serving(func(m plane.Member) bool { return d.memory.Etcd.Slow[m.Name].Looks >= slowLooks }),
		fmt.Sprintf(": fsyncs of the write-ahead log take over %.0f ms (99th percentile)", 1000*slowLog))
	add(v1alpha1.ReasonEtcdRefuses, d.serving(func(m plane.Member) bool { return m.Refused > 0 && len(m.Alarms) == 0 }),
		": etcd refuses requests, it has too many")
	if changed := d.memory.Etcd.LeaderChanged; !changed.IsZero() && d.now.Sub(changed) < leaderLatch {
		add(v1alpha1.ReasonLeaderChanged, []string{"etcd"}, " changed its leader at "+changed.UTC().Format("15:04:05"))
		d.explain(all[len(all)-1:], changed)
	}
	return all
}

// explain puts troubles of that time down to a member whose process had ended by then.
func (d *pass) explain(troubles []memberTrouble, at time.Time) {
	left := d.memory.Etcd.Left
	if left.IsZero() || at.Sub(left).Abs() > leftFor {
		return
	}
	for i := range troubles {
		troubles[i].words += ", as the process of a member ended"
		troubles[i].explained = true
	}
}

// defragments tells whether a member is being defragmented by the plan: it applies nothing
// until that is over, and then all that has come meanwhile.
func (d *pass) defragments(member string) bool {
	u := d.memory.Disturb.State.Under
	return u != nil && u.Step.Kind == rollout.Defragment && u.Step.Pod == member
}

// fresh tells whether what is known of a member can be relied on.
func (d *pass) fresh(m plane.Member) bool {
	return !m.Observed.IsZero() && d.now.Sub(m.Observed) <= max(staleTicks*d.profile.Tick, lately)
}

// serving names the members that carry load and are so. A leader counts even if it is
// not ready: an overloaded one soon is not.
func (d *pass) serving(is func(plane.Member) bool) (names []string) {
	for _, m := range d.seen.Members {
		if d.fresh(m) && (m.Ready || m.IsLeader) && is(m) {
			names = append(names, m.Name)
		}
	}
	return names
}

// leaderless names the ready members without leader, and all when none has one: a
// member without leader is not ready for long.
func (d *pass) leaderless() []string {
	var ready, all []string
	led := false
	for _, m := range d.seen.Members {
		switch {
		case !d.fresh(m):
		case m.HasLeader:
			led = true
		default:
			all = append(all, m.Name)
			if m.Ready {
				ready = append(ready, m.Name)
			}
		}
	}
	if led {
		return ready
	}
	return all
}

// followMembers keeps what is needed of this look for the next.
func (d *pass) followMembers() {
	kept := plane.EtcdMemory{Term: d.memory.Etcd.Term, LeaderChanged: d.memory.Etcd.LeaderChanged, Slow: map[string]plane.SlowLog{}}
	for _, m := range d.seen.Members {
		if !d.fresh(m) {
			continue
		}
		newTerm := m.Leader != 0 && m.Term > d.memory.Etcd.Term
		ordered := d.leaderOrdered()
		if (newTerm && d.memory.Etcd.Term != 0 || m.LeaderChanges > 0) && m.Observed.After(kept.LeaderChanged) && !ordered {
			kept.LeaderChanged = m.Observed
		}
		if newTerm {
			kept.Term = max(kept.Term, m.Term)
		}
		before := d.memory.Etcd.Slow[m.Name]
		switch {
		case before.Observed.Equal(m.Observed):
			kept.Slow[m.Name] = before
		case hasSlowLog(m):
			kept.Slow[m.Name] = plane.SlowLog{Observed: m.Observed, Looks: before.Looks + 1}
		}
		if kept.Slow[m.Name].Looks == 0 {
			delete(kept.Slow, m.Name)
		}
	}
	d.followProcesses(&kept)
	d.memory.Etcd = kept
}

// followProcesses keeps when the process of a member was last seen to have ended: nobody
// listens at its address any more, or another process answers there than the look before.
// One that only gives no answer may be overloaded.
func (d *pass) followProcesses(kept *plane.EtcdMemory) {
	was := d.memory.Etcd
	kept.Left, kept.Last, kept.Ended, kept.Gone = was.Left, map[string]time.Time{}, map[string]time.Time{}, map[string]bool{}
	for _, m := range d.seen.Members {
		last := was.Last[m.Name]
		ended := m.Fault != nil && m.Fault.Reason == v1alpha1.ReasonReplicaUnreachable
		anew := m.Fault == nil && m.Window == 0 && !last.IsZero() && m.Observed.After(last) && m.Observed.Sub(last) <= 2*lately
		before := was.Ended[m.Name]
		// Whoever has only begun to look takes one that is gone for one that went just now.
		if kept.Ended[m.Name] = before; (ended && (!last.IsZero() || was.Last == nil) || anew) && !was.Gone[m.Name] {
			kept.Ended[m.Name] = d.now
			if d.now.Sub(before) >= loops {
				kept.Left = d.now
			}
		}
		if ended {
			kept.Gone[m.Name] = true
		}
		if kept.Last[m.Name] = last; m.Fault == nil {
			kept.Last[m.Name] = m.Observed
		}
	}
}

func hasSlowLog(m plane.Member) bool {
	return m.FsyncP99 > slowLog && (m.Fsyncs >= enoughFsyncs || m.Fsyncs >= fewFsyncs && m.FsyncMean > slowLog)
}
