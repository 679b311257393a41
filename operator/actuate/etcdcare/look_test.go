// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package etcdcare

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/care"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// three are the hands on three members, and what they tell while all is well: the first
// leads.
func three() (*hands, []told) {
	h := &hands{members: []Member{{Name: "a"}, {Name: "b"}, {Name: "c"}}}
	seen := []told{{id: 1}, {id: 2}, {id: 3}}
	for i := range seen {
		seen[i].leader, seen[i].term, seen[i].index, seen[i].applied = 1, 7, 5000, 5000
		seen[i].size, seen[i].quota, seen[i].noSpace = 100, 1000, true
	}
	return h, seen
}

// What three members may tell, and whether anything is done to them then.
func TestUnsound(t *testing.T) {
	gone := told{fault: &plane.Fault{Reason: v1alpha1.ReasonReplicaUnreachable, Message: "gone"}}
	for name, c := range map[string]struct {
		change func(a, b, c *told)
		want   string
	}{
		"well but for the alarm":         {func(_, _, _ *told) {}, ""},
		"one is gone":                    {func(_, _, c *told) { *c = gone }, "gone"},
		"two are one":                    {func(_, b, c *told) { c.id = b.id }, "b and c are one member"},
		"nobody leads":                   {func(a, b, c *told) { a.leader, b.leader, c.leader = 0, 0, 0 }, "none of the members"},
		"one who is not known leads":     {func(a, b, c *told) { a.leader, b.leader, c.leader = 9, 9, 9 }, "none of the members"},
		"two lead":                       {func(_, b, _ *told) { b.leader = 2 }, "b does not follow a"},
		"one follows in another term":    {func(_, _, c *told) { c.term = 6 }, "c does not follow a"},
		"one has no leader":              {func(_, _, c *told) { c.leader = 0 }, "c does not follow a"},
		"corrupt":                        {func(_, b, _ *told) { b.corrupt = true }, "CORRUPT"},
		"behind by as much as it may be": {func(_, b, _ *told) { b.applied = 5000 - mostBehind }, ""},
		"further behind":                 {func(_, b, _ *told) { b.applied = 4999 - mostBehind }, "b is 1001 entries behind"},
		"a learner behind":               {func(_, _, c *told) { c.learner, c.applied = true, 0 }, "c is 5000 entries behind"},
		"ahead":                          {func(_, b, _ *told) { b.index, b.applied = 6000, 6000 }, ""},
	} {
		h, seen := three()
		c.change(&seen[0], &seen[1], &seen[2])
		fault := h.unsound(seen)
		if (fault == nil) != (c.want == "") || fault != nil && !strings.Contains(fault.Message, c.want) {
			t.Errorf("%s: fault %+v, want %q", name, fault, c.want)
		}
	}
}

// Who can be missed for the time of a defragmentation.
func TestUnmissable(t *testing.T) {
	for _, c := range []struct {
		name     string
		members  int
		learners int
		at       int
		want     string
	}{
		{"a follower of three", 3, 0, 1, ""},
		{"the leader of three", 3, 0, 0, "leads"},
		{"a follower of two", 2, 0, 1, "2 members with a vote"},
		{"a learner beside two", 3, 1, 2, "2 members with a vote"},
		{"the only one", 1, 0, 0, ""},
		{"a learner beside one", 2, 1, 1, "1 members with a vote"},
	} {
		h, seen := three()
		seen = seen[:c.members]
		for i := range c.learners {
			seen[len(seen)-1-i].learner = true
		}
		fault := h.unmissable(seen, c.at)
		if (fault == nil) != (c.want == "") || fault != nil && !strings.Contains(fault.Message, c.want) {
			t.Errorf("%s: fault %+v, want %q", c.name, fault, c.want)
		}
	}
}

// An alarm is not taken back while a member is full, or may be.
func TestFull(t *testing.T) {
	for _, c := range []struct {
		name        string
		size, quota int64
		want        string
	}{
		{"room", 899, 1000, ""},
		{"at the bound", 900, 1000, "has 900 bytes of a quota of 1000"},
		{"no quota", 100, 0, "not known"},
		{"no size", 0, 1000, "not known"},
	} {
		h, seen := three()
		seen[2].size, seen[2].quota = c.size, c.quota
		fault := h.full(seen)
		if (fault == nil) != (c.want == "") || fault != nil && !strings.Contains(fault.Message, c.want) {
			t.Errorf("%s: fault %+v, want %q", c.name, fault, c.want)
		}
	}
}

// Another alarm than that of no space is nobody's to take back.
func TestOther(t *testing.T) {
	raised := func(kinds ...etcdserverpb.AlarmType) (all []*etcdserverpb.AlarmMember) {
		for i, k := range kinds {
			all = append(all, &etcdserverpb.AlarmMember{MemberID: uint64(i + 1), Alarm: k})
		}
		return all
	}
	const full, corrupt = etcdserverpb.AlarmType_NOSPACE, etcdserverpb.AlarmType_CORRUPT
	h, _ := three()
	if fault := h.other(raised(full, full)); fault != nil {
		t.Errorf("no space twice: %+v", *fault)
	}
	for name, all := range map[string][]*etcdserverpb.AlarmMember{"none": nil, "corrupt": raised(corrupt), "both": raised(full, corrupt)} {
		if h.other(all) == nil {
			t.Errorf("%s: no fault", name)
		}
	}
}

// How long a defragmentation may take, by the size of the file.
func TestWithin(t *testing.T) {
	for size, want := range map[int64]time.Duration{
		-1: 10 * time.Second, 0: 10 * time.Second, 1 << 30: 35 * time.Second, 8 << 30: 210 * time.Second, 1 << 62: 210 * time.Second,
	} {
		if got := Within(size); got != want {
			t.Errorf("%d bytes: %s, want %s", size, got, want)
		}
	}
}

// While the longest defragmentation is waited for, with the looks before and after it, nobody
// gives it up.
func TestNobodyGivesUpBefore(t *testing.T) {
	m, began := care.Memory{}.Clone(), time.Now()
	m.Ordered("a", "1", began)
	m.Lapse(map[string]string{"a": "1"}, began.Add(2*lookWithin+Within(1<<62)+readBackWithin+lookWithin))
	if m.UnderWay() != "a" {
		t.Error("it is given up while it is waited for")
	}
}

// What a member tells, as etcd writes it.
func TestTellsOf(t *testing.T) {
	alarm := func(k etcdserverpb.AlarmType) string {
		return (&etcdserverpb.AlarmMember{MemberID: 1, Alarm: k}).String()
	}
	s := &clientv3.StatusResponse{
		Header: &etcdserverpb.ResponseHeader{MemberId: 5, Revision: 77}, Leader: 5, RaftTerm: 3, RaftIndex: 9, RaftAppliedIndex: 8,
		DbSize: 100, DbSizeQuota: 200, IsLearner: true, Errors: []string{alarm(etcdserverpb.AlarmType_NOSPACE)},
	}
	want := told{id: 5, leader: 5, term: 3, index: 9, applied: 8, learner: true, noSpace: true, size: 100, quota: 200, revision: 77}
	if got := tellsOf(s); got != want {
		t.Errorf("told %+v, want %+v", got, want)
	}
	s.Errors = []string{alarm(etcdserverpb.AlarmType_CORRUPT)}
	if got := tellsOf(s); got.noSpace || !got.corrupt {
		t.Errorf("told %+v", got)
	}
}

// What was given up before it began is not done; what has begun is seen to its end by
// whoever gives up.
func TestCommit(t *testing.T) {
	h, _ := three()
	ctx, cancel := context.WithCancel(t.Context())
	committed, fault := h.commit(ctx)
	cancel()
	if fault != nil || committed.Err() != nil {
		t.Errorf("what has begun is given up: %v, fault %+v", committed.Err(), fault)
	}
	if _, fault := h.commit(ctx); fault == nil || fault.Reason != v1alpha1.ReasonWriteFailed || !strings.Contains(fault.Message, "not done: given up") {
		t.Errorf("what was given up begins: fault %+v", fault)
	}
}

// A defragmentation that is not answered in time goes on; one that is refused was none.
func TestUnended(t *testing.T) {
	h, _ := three()
	for _, c := range []struct {
		err    error
		reason string
		says   string
	}{
		{context.DeadlineExceeded, v1alpha1.ReasonNotReadBack, "it has begun and is not over within 1m0s; etcd goes on with it"},
		{grpcstatus.Error(codes.DeadlineExceeded, "too late"), v1alpha1.ReasonNotReadBack, "etcd goes on with it"},
		{grpcstatus.Error(codes.PermissionDenied, "no"), v1alpha1.ReasonAccessDenied, "no"},
		{grpcstatus.Error(codes.Unavailable, "nobody there"), v1alpha1.ReasonReplicaUnreachable, "nobody there"},
	} {
		if f := h.unended(c.err, time.Minute); f.Reason != c.reason || !strings.Contains(f.Message, c.says) {
			t.Errorf("%v: fault %+v, want %s with %q", c.err, f, c.reason, c.says)
		}
	}
}
