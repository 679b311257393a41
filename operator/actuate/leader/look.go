// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package leader

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/etcdapi"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// member is what one member tells of itself and of the leader that it knows.
type member struct {
	// fault says why it did not answer; all else is then zero.
	fault *plane.Fault
	// id is its own member ID and leader the leader's; 0 is none.
	id, leader, term uint64
	// index is the last entry that it has, applied the last that it has applied.
	index, applied uint64
	learner        bool
	// sick are the errors that it reports of itself, as alarms.
	sick []string
}

// look asks every member at once. Its answers are in the members' order.
func (m *move) look(ctx context.Context) []member {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	seen := make([]member, len(m.calls))
	var all sync.WaitGroup
	for i, c := range m.calls {
		all.Go(func() {
			s, err := c.Status(ctx, c.Address)
			if err != nil {
				seen[i] = member{fault: etcdapi.FaultOf(fmt.Sprintf("asking %s for its status", m.members[i].Name), err, lookWithin)}
				return
			}
			seen[i] = memberOf(s)
		})
	}
	all.Wait()
	return seen
}

func memberOf(s *clientv3.StatusResponse) member {
	return member{
		id: s.Header.GetMemberId(), leader: s.Leader, term: s.RaftTerm, index: s.RaftIndex, applied: s.RaftAppliedIndex,
		learner: s.IsLearner, sick: s.Errors,
	}
}

// unfit says why nothing is moved; nil when it can be.
func (m *move) unfit(seen []member) *plane.Fault {
	from, to := seen[m.index(m.from)], seen[m.index(m.to)]
	for _, one := range []member{from, to} {
		if one.fault != nil {
			return m.fault(one.fault.Reason, "%s", one.fault.Message)
		}
	}
	unfit := ""
	switch {
	case m.from == m.to:
		unfit = "that is one member"
	case from.leader != from.id:
		unfit = m.words(seen) + ": look again before anything is moved"
	case to.learner:
		unfit = m.to + " is a learner and has no vote"
	case to.leader != from.id || to.term != from.term:
		unfit = m.to + " does not follow " + m.from
	case len(sicker(to, from)) > 0:
		unfit = fmt.Sprintf("%s is not well: %.300s", m.to, strings.Join(sicker(to, from), "; "))
	case to.applied+mostBehind < from.index:
		unfit = fmt.Sprintf("%s is %d entries behind, more than %d", m.to, from.index-to.applied, mostBehind)
	case !m.majority(seen, from.id, from.term):
		unfit = m.words(seen) + ": that is no majority"
	}
	if unfit == "" {
		return nil
	}
	return m.fault(v1alpha1.ReasonLeaderNotMoved, "not ordered: %s", unfit)
}

// sicker are the errors that a member reports of itself, without the alarm of no space
// where the leader reports that as well: it is the cluster's, no other member has it less,
// and the way out of it takes every member, the leader last and as a follower.
func sicker(to, from member) (errors []string) {
	full := func(word string) bool { return strings.Contains(word, "NOSPACE") && !strings.Contains(word, "CORRUPT") }
	for _, word := range to.sick {
		if !full(word) || !slices.ContainsFunc(from.sick, full) {
			errors = append(errors, word)
		}
	}
	return errors
}

// moved tells that to leads in a later term, and that a majority says so.
func (m *move) moved(seen, before []member) bool {
	to, was := seen[m.index(m.to)], before[m.index(m.to)]
	return to.fault == nil && to.leader == was.id && to.term > was.term && m.majority(seen, was.id, to.term)
}

// majority tells whether more than half of the members with a vote have this leader in
// this term. One that does not answer has a vote.
func (*move) majority(seen []member, leader, term uint64) bool {
	n, votes := 0, 0
	for _, one := range seen {
		if one.learner {
			continue
		}
		votes++
		if one.fault == nil && one.leader == leader && one.term == term {
			n++
		}
	}
	return n > votes/2
}

// words say who follows whom.
func (m *move) words(seen []member) string {
	var parts []string
	for i, one := range seen {
		switch {
		case one.fault != nil:
			parts = append(parts, m.members[i].Name+" does not answer")
		case one.leader == 0:
			parts = append(parts, m.members[i].Name+" has no leader")
		case one.leader == one.id:
			parts = append(parts, m.members[i].Name+" leads")
		default:
			parts = append(parts, m.members[i].Name+" follows "+m.named(seen, one.leader))
		}
	}
	return strings.Join(parts, ", ")
}

func (m *move) named(seen []member, id uint64) string {
	if i := slices.IndexFunc(seen, func(one member) bool { return one.id == id }); i >= 0 {
		return m.members[i].Name
	}
	return strconv.FormatUint(id, 16)
}

func (m *move) index(name string) int {
	return slices.IndexFunc(m.members, func(one Member) bool { return one.Name == name })
}
