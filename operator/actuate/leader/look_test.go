// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package leader

import (
	"strings"
	"testing"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// What three members may tell, and whether the leader is moved from a to b then.
func TestUnfit(t *testing.T) {
	m := &move{members: []Member{{Name: "a"}, {Name: "b"}, {Name: "c"}}, from: "a", to: "b"}
	gone := member{fault: &plane.Fault{Reason: v1alpha1.ReasonReplicaUnreachable, Message: "gone"}}
	for name, c := range map[string]struct {
		change func(a, b, c *member)
		want   string
	}{
		"well":                    {func(*member, *member, *member) {}, ""},
		"one is gone":             {func(_, _, c *member) { *c = gone }, ""},
		"a learner beside":        {func(_, _, c *member) { c.learner = true }, ""},
		"one of two with a vote":  {func(_, b, c *member) { b.term, c.learner = 6, true }, "b does not follow a"},
		"the target is a learner": {func(_, b, _ *member) { b.learner = true }, "learner"},
		"behind by as much as it may be": {func(a, b, _ *member) {
			a.index, b.applied = 5000+mostBehind, 5000
		}, ""},
		"further behind": {func(a, b, _ *member) { a.index, b.applied = 5001+mostBehind, 5000 }, "entries behind"},
		"ahead":          {func(_, b, _ *member) { b.applied = 6000 }, ""},
		"sick":           {func(_, b, _ *member) { b.sick = []string{"memberID:2 alarm:NOSPACE"} }, "NOSPACE"},
		"all out of space": {func(a, b, _ *member) {
			a.sick, b.sick = []string{"memberID:2 alarm:NOSPACE"}, []string{"memberID:2 alarm:NOSPACE"}
		}, ""},
		"out of space and corrupt": {func(a, b, _ *member) {
			a.sick, b.sick = []string{"memberID:2 alarm:NOSPACE"}, []string{"memberID:2 alarm:NOSPACE", "memberID:2 alarm:CORRUPT"}
		}, "CORRUPT"},
		"corrupt both": {func(a, b, _ *member) {
			a.sick, b.sick = []string{"memberID:2 alarm:CORRUPT"}, []string{"memberID:2 alarm:CORRUPT"}
		}, "CORRUPT"},
		"follows another":         {func(_, b, _ *member) { b.leader = 3 }, "b does not follow a"},
		"follows in another term": {func(_, b, _ *member) { b.term = 6 }, "b does not follow a"},
		"nobody leads":            {func(a, b, c *member) { a.leader, b.leader, c.leader = 0, 0, 0 }, "a has no leader"},
		"b leads":                 {func(a, b, c *member) { a.leader, b.leader, c.leader = 2, 2, 2 }, "b leads"},
		"the source is gone":      {func(a, _, _ *member) { *a = gone }, "gone"},
		"the target is gone":      {func(_, b, _ *member) { *b = gone }, "gone"},
	} {
		seen := []member{{id: 1}, {id: 2}, {id: 3}}
		for i := range seen {
			seen[i].leader, seen[i].term, seen[i].index, seen[i].applied = 1, 7, 5000, 5000
		}
		c.change(&seen[0], &seen[1], &seen[2])
		fault := m.unfit(seen)
		if (fault == nil) != (c.want == "") || fault != nil && !strings.Contains(fault.Message, c.want) {
			t.Errorf("%s: fault %+v, want %q", name, fault, c.want)
		}
	}
}

// A learner has no vote: two of three that vote are a majority, two of four are none.
func TestMajority(t *testing.T) {
	m := &move{}
	follows, silent, learns := member{id: 2, leader: 1, term: 7}, member{fault: &plane.Fault{}}, member{id: 4, leader: 1, term: 7, learner: true}
	for name, c := range map[string]struct {
		seen []member
		want bool
	}{
		"one of one":                      {[]member{follows}, true},
		"one of two":                      {[]member{follows, silent}, false},
		"two of three":                    {[]member{follows, follows, silent}, true},
		"two of three, a learner beside":  {[]member{follows, follows, silent, learns}, true},
		"one of three, learners beside":   {[]member{follows, silent, silent, learns, learns}, false},
		"two of four":                     {[]member{follows, follows, silent, silent}, false},
		"of another term does not follow": {[]member{follows, {leader: 1, term: 6}, silent}, false},
	} {
		if got := m.majority(c.seen, 1, 7); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A move is one only when a majority says so, in a later term.
func TestMoved(t *testing.T) {
	m := &move{members: []Member{{Name: "a"}, {Name: "b"}, {Name: "c"}}, from: "a", to: "b"}
	before := []member{{id: 1, leader: 1, term: 7}, {id: 2, leader: 1, term: 7}, {id: 3, leader: 1, term: 7}}
	for name, c := range map[string]struct {
		leaders, terms [3]uint64
		want           bool
	}{
		"as before":          {[3]uint64{1, 1, 1}, [3]uint64{7, 7, 7}, false},
		"all say so":         {[3]uint64{2, 2, 2}, [3]uint64{8, 8, 8}, true},
		"two say so":         {[3]uint64{1, 2, 2}, [3]uint64{7, 8, 8}, true},
		"it alone says so":   {[3]uint64{1, 2, 1}, [3]uint64{7, 8, 7}, false},
		"the others say so":  {[3]uint64{2, 0, 2}, [3]uint64{8, 8, 8}, false},
		"in different terms": {[3]uint64{0, 2, 2}, [3]uint64{8, 9, 8}, false},
		"another took over":  {[3]uint64{3, 3, 3}, [3]uint64{8, 8, 8}, false},
		"nobody leads":       {[3]uint64{0, 0, 0}, [3]uint64{8, 8, 8}, false},
	} {
		seen := make([]member, 3)
		for i := range seen {
			seen[i] = member{id: uint64(i + 1), leader: c.leaders[i], term: c.terms[i]}
		}
		if got := m.moved(seen, before); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
