// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
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
	// lately is how old what is known of a member may be at the least: it is not asked
	// at every look while looks follow each other closely.
	lately = 10 * time.Second
)

// memberTrouble is something wrong with the members that asks for less load. words
// hold no figure that changes from look to look.
type memberTrouble struct{ reason, words string }

// memberGuards are the reasons, in words, why etcd must not be loaded further now;
// none where its members are not seen. An alarm is none of them: fewer requests do
// not bring space back. Calling it again in a pass changes nothing.
func (d *pass) memberGuards() []string {
	var words []string
	for _, t := range d.memberTroubles() {
		words = append(words, t.words)
	}
	return words
}

// memberTroubles are the worst first.
func (d *pass) memberTroubles() []memberTrouble {
	d.followMembers()
	var all []memberTrouble
	add := func(reason string, who []string, what string) {
		if len(who) > 0 {
			all = append(all, memberTrouble{reason, strings.Join(who, ", ") + what})
		}
	}
	add(v1alpha1.ReasonNoLeader, d.leaderless(), ": no etcd leader")
	add(v1alpha1.ReasonApplyBacklog, d.serving(func(m plane.Member) bool { return m.ApplyBacklog > mostBacklog }),
		fmt.Sprintf(": more than %d entries are committed and not applied", mostBacklog))
	add(v1alpha1.ReasonSlowDisk, d.serving(func(m plane.Member) bool { return d.memory.Etcd.Slow[m.Name].Looks >= slowLooks }),
		fmt.Sprintf(": fsyncs of the write-ahead log take over %.0f ms (99th percentile)", 1000*slowLog))
	add(v1alpha1.ReasonEtcdRefuses, d.serving(func(m plane.Member) bool { return m.Refused > 0 && len(m.Alarms) == 0 }),
		": etcd refuses requests, it has too many")
	if changed := d.memory.Etcd.LeaderChanged; !changed.IsZero() && d.now.Sub(changed) < leaderLatch {
		add(v1alpha1.ReasonLeaderChanged, []string{"etcd"}, " changed its leader at "+changed.UTC().Format("15:04:05"))
	}
	return all
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
		if (newTerm && d.memory.Etcd.Term != 0 || m.LeaderChanges > 0) && m.Observed.After(kept.LeaderChanged) {
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
	d.memory.Etcd = kept
}

func hasSlowLog(m plane.Member) bool {
	return m.FsyncP99 > slowLog && (m.Fsyncs >= enoughFsyncs || m.Fsyncs >= fewFsyncs && m.FsyncMean > slowLog)
}

// etcdHealthy tells how the members are.
func (d *pass) etcdHealthy() plane.Finding {
	f := plane.Finding{Condition: v1alpha1.ConditionEtcdHealthy}
	seen := slices.ContainsFunc(d.seen.Members, d.fresh)
	down, reason, words := d.membersDown()
	switch troubles, alarms := d.memberTroubles(), d.alarms(); {
	case d.seen.MembersFault != nil:
		f.Unknown, f.Reason, f.Message = true, d.seen.MembersFault.Reason, d.seen.MembersFault.Message
	case len(d.seen.Members) == 0:
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonMembersUnseen, "the profile names no etcd: its members are not looked at"
	case !seen:
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonMembersUnseen, strings.TrimSuffix("no member is seen: "+words, ": ")
	case len(alarms) > 0:
		f.Reason = v1alpha1.ReasonAlarm
		f.Message = "etcd has raised the alarm " + strings.Join(alarms, ", ") + " and refuses writes: " + alarmAdvice(alarms)
	case len(troubles) > 0 && troubles[0].reason == v1alpha1.ReasonNoLeader:
		f.Reason, f.Message = v1alpha1.ReasonNoLeader, troubles[0].words
	case down > 0:
		f.Reason, f.Message = reason, words
	case len(troubles) > 0:
		f.Reason, f.Message = troubles[0].reason, troubles[0].words
	case d.denied() != nil:
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonAccessDenied, d.denied().Message
	default:
		f.True, f.Reason = true, v1alpha1.ReasonAsExpected
		f.Message = fmt.Sprintf("all %d members answer at their own addresses, have a leader and keep up", len(d.seen.Members))
	}
	return f
}

// denied is why a member that is seen does not tell all; nil when each does.
func (d *pass) denied() *plane.Fault {
	for _, m := range d.seen.Members {
		if d.fresh(m) && m.Fault != nil && m.Fault.Reason == v1alpha1.ReasonAccessDenied {
			return m.Fault
		}
	}
	return nil
}

// alarms are those that any member knows of, each once.
func (d *pass) alarms() (words []string) {
	for _, m := range d.seen.Members {
		if d.fresh(m) {
			words = append(words, m.Alarms...)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

func alarmAdvice(alarms []string) string {
	if slices.Contains(alarms, "CORRUPT") {
		return "the members' data differ; find the one that is wrong with etcdutl hashkv, replace it, then disarm the alarm"
	}
	return "compact and defragment its members or raise their quota, then disarm the alarm; fewer requests do not bring space back"
}

// membersDown counts the members that are not ready or not seen, and says what it
// means for the quorum, and why they are not. Learners have no vote.
func (d *pass) membersDown() (down int, reason, words string) {
	voters := 0
	var why []string
	for _, m := range d.seen.Members {
		if m.Learner {
			continue
		}
		voters++
		switch {
		case m.Fault != nil && !d.fresh(m):
			down, reason, why = down+1, m.Fault.Reason, append(why, m.Name+": "+m.Fault.Message)
		case !m.Ready:
			down, reason, why = down+1, v1alpha1.ReasonReplicaUnreachable, append(why, m.Name+": its pod is not ready")
		case !d.fresh(m) && !m.Observed.IsZero():
			down, reason, why = down+1, v1alpha1.ReasonStale, append(why, m.Name+": not seen lately")
		}
	}
	words = strings.Join(why, "; ")
	switch quorum, up := voters/2+1, voters-down; {
	case down == 0:
	case up < quorum:
		reason, words = v1alpha1.ReasonQuorumAtRisk, fmt.Sprintf("%d of %d members are well, a quorum is %d: %s", up, voters, quorum, words)
	case up == quorum:
		reason, words = v1alpha1.ReasonQuorumAtRisk, fmt.Sprintf("%d of %d members are well, and without one more there is no quorum: %s", up, voters, words)
	}
	return down, reason, words
}
