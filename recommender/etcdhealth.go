// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

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
	case d.silent() != nil:
		f.Unknown, f.Reason, f.Message = true, d.silent().Reason, d.silent().Message
	default:
		f.True, f.Reason = true, v1alpha1.ReasonAsExpected
		f.Message = fmt.Sprintf("all %d members answer at their own addresses, have a leader and keep up", len(d.seen.Members))
	}
	return f
}

// silent is why a member whose metrics are seen does not tell all, the worst of it first;
// nil when each does. It has no term then: etcd's own API does not answer, be it that it is
// not allowed to or that a lock is held. One answer that is late leaves what was told before.
func (d *pass) silent() (why *plane.Fault) {
	for _, m := range d.seen.Members {
		switch {
		case m.Fault == nil || !d.fresh(m):
		case m.Fault.Reason == v1alpha1.ReasonAccessDenied:
			return m.Fault
		case m.Term == 0 && why == nil:
			told := *m.Fault
			told.Message = m.Name + ": " + told.Message
			if d.memory.Care.UnderWay() == m.Name {
				told.Message = m.Name + " is being defragmented, and answers nobody meanwhile"
			}
			why = &told
		}
	}
	return why
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
