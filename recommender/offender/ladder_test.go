// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// open is one holding of one-seat requests, by name of the user, the verb and what.
func open(user, verb, resource string, executing, waiting int) plane.Held {
	return plane.Held{Client: plane.Client{User: user, Verb: verb, Resource: resource}, Level: "workload-low", Schema: "service-accounts",
		Executing: executing, Waiting: waiting, Seats: executing, Width: 1}
}

func account(namespace string, i int) string {
	return fmt.Sprintf("system:serviceaccount:%s:a%d", namespace, i)
}

func sentenced(of ...[]plane.Held) []string {
	var names []string
	for _, v := range offender.Judge(samples(of...), nil, start.Add(3*time.Second), judged) {
		names = append(names, v.Client.String())
	}
	return names
}

func thrice(h ...plane.Held) [][]plane.Held { return [][]plane.Held{h, h, h} }

func TestTheNarrowestDescriptionThatExplainsTheHarm(t *testing.T) {
	var small []plane.Held
	for i := range 20 {
		small = append(small, open(account("ci", i), "list", "pods", 2, 0))
	}
	folded := open(plane.Group("ci"), "list", "pods", 30, 0)
	folded.Members = 30
	for name, c := range map[string]struct {
		held [][]plane.Held
		want []string
	}{
		"one request of one user": {thrice(open("a", "list", "pods", 60, 0), open("a", "get", "pods", 5, 0), open("b", "list", "pods", 9, 0)),
			[]string{"a (list pods, cluster-wide)"}},
		"two users, both far ahead": {thrice(open("a", "list", "pods", 40, 0), open("b", "list", "pods", 40, 0), open("c", "list", "pods", 20, 0)),
			[]string{"a (list pods, cluster-wide)", "b (list pods, cluster-wide)"}},
		"three users": {thrice(open("a", "list", "pods", 30, 0), open("b", "get", "pods", 30, 0), open("c", "list", "secrets", 30, 0), open("d", "list", "pods", 10, 0)),
			[]string{"a (list pods, cluster-wide)", "b (get pods, cluster-wide)", "c (list secrets, cluster-wide)"}},
		"two users who hold less than the majority": {thrice(open("a", "list", "pods", 24, 0), open("b", "list", "pods", 25, 0), open("c", "list", "pods", 17, 0), open("d", "list", "pods", 17, 0), open("e", "list", "pods", 17, 0)), nil},
		"create and delete, of which each dump catches another": {[][]plane.Held{
			{open("a", "create", "events", 50, 0), open("b", "get", "pods", 20, 0)},
			{open("a", "delete", "events", 40, 0), open("b", "get", "pods", 20, 0)},
			{open("a", "create", "events", 30, 0), open("a", "delete", "events", 5, 0), open("b", "get", "pods", 20, 0)},
		}, []string{"a (create/delete/deletecollection/patch/update events, cluster-wide)"}},
		"relisting": {thrice(open("a", "list", "pods", 24, 0), open("a", "watch", "pods", 24, 0), open("b", "get", "pods", 12, 0), open("c", "get", "pods", 12, 0), open("d", "get", "pods", 12, 0)),
			[]string{"a (list/watch pods, cluster-wide)"}},
		"all that one user does": {thrice(open("a", "list", "pods", 15, 0), open("a", "get", "pods", 15, 0), open("a", "list", "secrets", 15, 0), open("a", "get", "nodes", 15, 0), open("b", "list", "pods", 15, 0), open("c", "list", "pods", 15, 0)),
			[]string{"a (all requests for resources)"}},
		"the service accounts of a namespace": {thrice(append(small, open("b", "list", "pods", 9, 0), open(account("other", 1), "list", "pods", 9, 0))...),
			[]string{"the group of service accounts of namespace ci (list pods, cluster-wide)"}},
		"those that were too many to be listed": {thrice(folded, open("b", "list", "pods", 9, 0)),
			[]string{"the group of service accounts of namespace ci (list pods, cluster-wide)"}},
		"a namespace with one account is no group":   {thrice(open(account("ci", 1), "list", "pods", 3, 0), open(account("ci", 1), "list", "secrets", 0, 0)), nil},
		"users that are no service accounts":         {thrice(open("a", "list", "pods", 10, 0), open("b", "list", "pods", 10, 0), open("c", "list", "pods", 10, 0), open("d", "list", "pods", 10, 0), open("e", "list", "pods", 10, 0)), nil},
		"who only waits behind somebody is no cause": {thrice(open("a", "list", "pods", 40, 0), open("v", "list", "pods", 2, 200)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sentenced(c.held...); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("sentenced %q, want %q", got, c.want)
			}
		})
	}
}

// However the load is spread: who runs nothing while somebody else runs in its level
// is a victim, every sentenced client holds its part and all of them the majority,
// and what is counted but not judged is never sentenced.
func TestVictimsAreNotSentenced(t *testing.T) {
	users := []string{"a", "b", "c", account("ci", 1), account("ci", 2), account("ci", 3), account("ops", 1)}
	rapid.Check(t, func(t *rapid.T) {
		var held []plane.Held
		for _, u := range users {
			for _, verb := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"list", "watch", "create", "delete"}), 0, 3, rapid.ID).Draw(t, "verbs of "+u) {
				h := open(u, verb, "pods", rapid.IntRange(0, 60).Draw(t, "executing"), rapid.IntRange(0, 60).Draw(t, "waiting"))
				held = append(held, h)
			}
		}
		named := rapid.SampledFrom(users).Draw(t, "named")
		standing := func(h plane.Held) offender.Standing {
			if h.Client.User == named {
				return offender.Counted
			}
			return offender.Judged
		}
		found := offender.Judge(samples(thrice(held...)...), nil, start.Add(3*time.Second), known(standing))
		if len(found) > 3 {
			t.Fatalf("%d sentences at once", len(found))
		}
		together := 0.0
		for _, v := range found {
			own, others := 0, 0
			for _, h := range held {
				switch {
				case v.Client.Covers(h.Client):
					own += h.Executing
				case v.Client.User != h.Client.User:
					others += h.Executing
				}
			}
			if own == 0 && others > 0 {
				t.Fatalf("%s runs nothing while others do", v.Client)
			}
			if v.Client.User == named {
				t.Fatalf("%s was not to be judged", named)
			}
			if len(found) > 1 && v.Share < 0.25 {
				t.Fatalf("%s holds %.2f", v.Client, v.Share)
			}
			if _, group := v.Client.GroupOf(); group && (v.Members < 2 || !strings.Contains(v.Client.User, "ci")) {
				t.Fatalf("%s is a group of %d", v.Client, v.Members)
			}
			together += v.Share
		}
		if len(found) > 0 && together < 0.5 {
			t.Fatalf("together they hold %.2f", together)
		}
	})
}

func TestNoGroupWithWhoMustNotBeJailed(t *testing.T) {
	p := plane.Profile{NeverJail: []string{account("billing", 1)}, Self: account("evenkeel-system", 1)}
	for namespace, allowed := range map[string]bool{"ci": true, "billing": false, "evenkeel-system": false, "kube-system": false} {
		why := offender.CannotBeJailed(offender.Verdict{Client: plane.Client{User: plane.Group(namespace), Verb: "list", Resource: "pods"}}, p)
		if (why == "") != allowed {
			t.Errorf("the service accounts of %s: %q, want it allowed: %v", namespace, why, allowed)
		}
	}
}

// What everybody lists of a kind is held together where each such list is dear: not the
// lists of the control plane itself, and nothing else that the same clients do.
func TestDearListsAreHeldForEverybody(t *testing.T) {
	var lists []plane.Held
	for _, user := range []string{"a", "b", "c", "d", "e", account("scan", 1), account("ops", 1)} {
		lists = append(lists, open(user, "list", "reports", 6, 6))
	}
	gets := make([]plane.Held, 0, len(lists))
	for _, h := range lists {
		h.Client.Verb = "get"
		gets = append(gets, h)
	}
	components := make([]plane.Held, 0, len(lists))
	for i, h := range lists {
		h.Client.User = fmt.Sprintf("system:kube-component-%d", i)
		components = append(components, h)
	}
	const want = "all clients together (list reports, cluster-wide)"
	for name, c := range map[string]struct {
		held []plane.Held
		cost float64
		want string
	}{
		"dear lists of many":              {lists, 0.75, want},
		"lists that cost little":          {lists, 0.19, ""},
		"lists of which nothing is known": {lists, 0, ""},
		"gets":                            {gets, 0.75, ""},
		"one client's alone":              {append([]plane.Held{open("z", "list", "reports", 80, 0)}, lists[:2]...), 0.75, "z (list reports, cluster-wide)"},
		"the control plane's own":         {components, 0.75, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := judged
			in.Cost = func(asked plane.Client) float64 {
				if asked.String() != want {
					t.Errorf("asked for the cost of %s", asked)
				}
				return c.cost
			}
			got := ""
			if v, ok := only(offender.Judge(samples(thrice(c.held...)...), nil, start.Add(3*time.Second), in)); ok {
				got = v.Client.String()
			}
			if got != c.want {
				t.Errorf("sentenced %q, want %q", got, c.want)
			}
		})
	}
}

// All clients together get a seat and queues, one at a time where that is not enough,
// and never nothing.
func TestEverybodyIsNeverRefusedAltogether(t *testing.T) {
	everybody := plane.Client{User: plane.Everyone, Verb: "list", Resource: "reports"}
	g := offender.First(offender.Verdict{Client: everybody, Cost: 0.75, Width: 10, Share: 0.99}, offender.Harm{})
	l := offender.Level(plane.Sentence{Client: everybody, Grade: g}, 600, 245)
	if g != (plane.Grade{Kind: plane.GradeSeats, Seats: 1}) || l.Shares != 1 || l.Queues != 64 {
		t.Errorf("first %s by %+v, want one seat and the queues of many", g.Words(), l)
	}
	g, _ = offender.Harder(everybody, g)
	if again, harder := offender.Harder(everybody, g); g.Kind != plane.GradeOne || harder {
		t.Errorf("then %s, and then %s; want one at a time and no more", g.Words(), again.Words())
	}
	for name, c := range map[string]struct {
		client plane.Client
		never  []string
		want   string
	}{
		"lists":                        {client: everybody},
		"gets":                         {client: plane.Client{User: plane.Everyone, Verb: "get", Resource: "reports"}, want: "for what they list"},
		"somebody is not to be jailed": {client: everybody, never: []string{account("billing", 1)}, want: "neverJail"},
		"a component is not":           {client: everybody, never: []string{"system:kube-scheduler"}},
	} {
		why := offender.CannotBeJailed(offender.Verdict{Client: c.client}, plane.Profile{NeverJail: c.never})
		if (why == "") != (c.want == "") || !strings.Contains(why, c.want) {
			t.Errorf("%s: %q, want %q in it", name, why, c.want)
		}
	}
}
