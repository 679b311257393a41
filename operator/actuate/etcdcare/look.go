// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package etcdcare

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"evenkeel.dev/evenkeel/operator/etcdapi"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// mostBehind is how many entries a member may be behind the leader while another is
// disturbed.
const mostBehind = 1000

// told is what one member tells of itself.
type told struct {
	// fault says why it did not answer; all else is then zero.
	fault *plane.Fault
	// id is its own member ID and leader the leader's; 0 is none.
	id, leader, term uint64
	index, applied   uint64
	learner          bool
	// noSpace and corrupt are the alarms that it knows of.
	noSpace, corrupt bool
	// size is its database file's, and quota the size at which it raises the alarm, in
	// bytes; 0 while unknown.
	size, quota int64
	revision    int64
}

// look asks every member at once. Its answers are in the members' order.
func (h *hands) look(ctx context.Context) []told {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	seen := make([]told, len(h.calls))
	var all sync.WaitGroup
	for i := range h.calls {
		all.Go(func() { seen[i] = h.ask(ctx, i) })
	}
	all.Wait()
	return seen
}

func (h *hands) ask(ctx context.Context, i int) told {
	s, err := h.calls[i].Status(ctx, h.members[i].Address)
	if err != nil {
		return told{fault: etcdapi.FaultOf(fmt.Sprintf("asking %s for its status", h.members[i].Name), err, lookWithin)}
	}
	t := tellsOf(s)
	if t.quota <= 0 { // etcd before 3.6 does not tell it in its status
		t.quota = h.members[i].Quota
	}
	return t
}

func tellsOf(s *clientv3.StatusResponse) told {
	errors := strings.Join(s.Errors, " ")
	return told{
		id: s.Header.GetMemberId(), leader: s.Leader, term: s.RaftTerm, index: s.RaftIndex, applied: s.RaftAppliedIndex,
		learner: s.IsLearner, noSpace: strings.Contains(errors, "NOSPACE"), corrupt: strings.Contains(errors, "CORRUPT"),
		size: s.DbSize, quota: s.DbSizeQuota, revision: s.Header.GetRevision(),
	}
}

// unsound says why nothing is done to members that tell this; nil when all of them answer,
// are different ones, follow one leader and keep up, and none has the alarm of data that
// differ.
func (h *hands) unsound(seen []told) *plane.Fault {
	who := map[uint64]string{}
	for i, t := range seen {
		name := h.members[i].Name
		if t.fault != nil {
			return h.fault(t.fault.Reason, "not done: %s", t.fault.Message)
		}
		if other, twice := who[t.id]; twice {
			return h.refused("%s and %s are one member: an address is not whose it is taken for", other, name)
		}
		who[t.id] = name
	}
	if leads(seen) < 0 {
		return h.refused("none of the members that are known leads")
	}
	lead := seen[leads(seen)]
	for i, t := range seen {
		name := h.members[i].Name
		switch {
		case t.leader != lead.id || t.term != lead.term:
			return h.refused("%s does not follow %s", name, who[lead.id])
		case t.corrupt:
			return h.refused("%s has the alarm CORRUPT: the members' data differ", name)
		case t.applied+mostBehind < lead.index:
			return h.refused("%s is %d entries behind, more than %d", name, lead.index-t.applied, mostBehind)
		}
	}
	return nil
}

// incomplete says that etcd has other members than those that are known; nil when it has
// not. Those that nobody looks at may be down.
func (h *hands) incomplete(ctx context.Context, seen []told) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	lead := leads(seen) // a learner does not tell
	list, err := h.calls[lead].Etcd.MemberList(ctx)
	if err != nil {
		return etcdapi.FaultOf(h.attempted+": asking "+h.members[lead].Name+" for the members", err, lookWithin)
	}
	for _, m := range list.Members {
		if !slices.ContainsFunc(seen, func(t told) bool { return t.id == m.GetID() }) {
			return h.refused("etcd has a member %q (%x) that is not looked at: it may be down", m.GetName(), m.GetID())
		}
	}
	if len(list.Members) != len(seen) {
		return h.refused("etcd has %d members, and %d are looked at", len(list.Members), len(seen))
	}
	return nil
}

// sound is a look at all members that finds them as they must be.
func (h *hands) sound(ctx context.Context) ([]told, *plane.Fault) {
	seen := h.look(ctx)
	if fault := h.unsound(seen); fault != nil {
		return nil, fault
	}
	if fault := h.incomplete(ctx, seen); fault != nil {
		return nil, fault
	}
	return seen, nil
}

// leads is the index of the member that leads by its own account; -1 when none does.
func leads(seen []told) int {
	return slices.IndexFunc(seen, func(t told) bool { return t.id != 0 && t.id == t.leader })
}

// voters counts the members with a vote.
func voters(seen []told) (n int) {
	for _, t := range seen {
		if !t.learner {
			n++
		}
	}
	return n
}
