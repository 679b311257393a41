// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dump

import (
	"fmt"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// Many small service accounts of one namespace are seen as what they are together,
// however few clients are told apart.
func TestSmallAccountsAreAddedUpByNamespace(t *testing.T) {
	var requests []request
	for i := range 40 {
		requests = append(requests, list(fmt.Sprintf("system:serviceaccount:ci:job-%02d", i), time.Second, -1))
		requests = append(requests, list(fmt.Sprintf("user-%02d", i), time.Second, -1))
	}
	for i := range 5 {
		r := list(fmt.Sprintf("big-%d", i), time.Second, -1)
		r.initial = 10
		requests = append(requests, r)
	}
	got, err := Parse(write(t, header(), requests...), noon(), Bounds{Clients: 5})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Held) != 7 || got.Folded != 80 {
		t.Fatalf("%d holdings, %d folded, want the five, the group and the others, 80 folded", len(got.Held), got.Folded)
	}
	group := got.Held[5]
	if group.Client.User != plane.Group("ci") || group.Client.Verb != "list" || group.Client.Resource == "" || group.Members != 40 || group.Executing != 40 {
		t.Errorf("the group is %+v, want 40 requests of 40 accounts of ci", group)
	}
	if others := got.Held[6]; others.Client.User != OthersUser || others.Executing != 40 {
		t.Errorf("the others are %+v, want 40 requests", others)
	}
}

func TestGroupsAreBounded(t *testing.T) {
	var requests []request
	for i := range 3 * maxGroups {
		requests = append(requests, list(fmt.Sprintf("system:serviceaccount:ns-%d:a", i), time.Second, -1))
	}
	got, err := Parse(write(t, header(), requests...), noon(), Bounds{Clients: 5})
	if err != nil {
		t.Fatal(err)
	}
	executing := 0
	for _, h := range got.Held {
		executing += h.Executing
	}
	if len(got.Held) > 5+maxGroups+maxOthers || executing != 3*maxGroups {
		t.Errorf("%d holdings of %d requests, want at most %d and all %d", len(got.Held), executing, 5+maxGroups+maxOthers, 3*maxGroups)
	}
}

// A user whose name would stand for a whole namespace, or a resource that would
// stand for all, is nobody's.
func TestNamesThatWouldStandForMany(t *testing.T) {
	star := list(plane.Group("victims"), time.Second, -1)
	everything := list("attacker", time.Second, -1)
	everything.resource = "*"
	got, err := Parse(write(t, header(), star, everything), noon(), Bounds{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Held) != 1 || got.Held[0].Client.User != OthersUser || got.Held[0].Executing != 2 {
		t.Errorf("holdings %+v, want both under %s", got.Held, OthersUser)
	}
}
