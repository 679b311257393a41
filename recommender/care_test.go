// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"slices"
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

// half has half of every member's file be air.
func half(w *etcdWorld) { w.all(func(m *plane.Member) { m.DBInUse = m.DBSize / 2 }) }

// Why no member is touched, in words, by what is wrong with one of them, or with all.
func TestCareIsHeld(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *etcdWorld)
		says   string // empty: a defragmentation is wanted
	}{
		{"all is well", func(*etcdWorld) {}, ""},
		{"one does not answer", func(w *etcdWorld) { w.members[2].Fault = fault("ReplicaTimeout") }, "etcd-2 does not answer"},
		{"one is not ready", func(w *etcdWorld) { w.members[2].Ready = false }, "etcd-2 is not ready"},
		{"one has no leader", func(w *etcdWorld) { w.members[2].HasLeader = false }, "etcd-2 has no leader"},
		{"one is a learner", func(w *etcdWorld) { w.members[2].Learner = true }, "2 of the 3 members with a vote"},
		{"a single one", func(w *etcdWorld) { w.members = w.members[:1] }, "1 of the 3 members with a vote"},
		{"corrupt", func(w *etcdWorld) { w.members[1].Alarms = []string{corrupt} }, "the alarm CORRUPT"},
		{"nobody leads", func(w *etcdWorld) { w.members[0].IsLeader = false }, "not one member"},
		{"two lead", func(w *etcdWorld) { w.members[1].IsLeader = true }, "not one member"},
		{"behind by as much as may be", func(w *etcdWorld) { w.members[2].Applied = 89000 }, ""},
		{"further behind", func(w *etcdWorld) { w.members[2].Applied = 88999 }, "etcd-2: more than 1000 entries"},
		{"nobody knows how far behind", func(w *etcdWorld) { w.members[2].Index = 0 }, "how far etcd-2 is behind"},
		{"a backlog", func(w *etcdWorld) { w.members[2].ApplyBacklog = 2501 }, "committed and not applied"},
		{"requests are late", func(w *etcdWorld) { w.memory.Line.Streaks.Strained = 1 }, "requests to be in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newEtcdWorld()
			half(w)
			c.change(w)
			w.tick(5 * time.Second)
			f := w.last.etcdKept()
			if wanted := len(w.last.disruptive) > 0; wanted != (c.says == "") || !strings.Contains(f.Message, c.says) || f.True {
				t.Errorf("wanted %+v, finding %s %q; want %q", w.last.disruptive, f.Reason, f.Message, c.says)
			}
		})
	}
}

// What is wanted says what the plan needs of it, and is urgent only where the quota is near;
// windows leave it to the plan when.
func TestADefragmentationIsWanted(t *testing.T) {
	w := newEtcdWorld()
	half(w)
	w.tick(5 * time.Second)
	want := rollout.Step{Kind: rollout.Defragment, Component: "etcd", Pod: "etcd-0", UID: "uid-0", Node: "node-a", Zone: "a", Leader: true, Why: "500 of 1000 MiB are air"}
	if got := w.last.disruptive[0].step; got != want {
		t.Errorf("wanted %+v, want %+v", got, want)
	}
	if do := w.last.disruptive[1].do; do.Etcd.Member != "etcd-1" || do.Etcd.UID != "uid-1" || do.Reason.Code != v1alpha1.ReasonFragmented {
		t.Errorf("it is done by %+v", do)
	}

	w = newEtcdWorld()
	half(w)
	w.busy = 0
	w.profile.Windows = []rollout.Window{{Length: time.Hour}}
	w.memory.Line.Streaks.Strained = 1
	w.tick(5 * time.Second)
	if len(w.last.disruptive) != 3 || w.last.disruptive[0].step.Urgent {
		t.Errorf("with windows: %+v", w.last.disruptive)
	}

	w = newEtcdWorld()
	w.memory.Line.Streaks.Strained = 1
	w.members[1].DBSize, w.members[1].DBInUse = 1700*mebi, 1550*mebi
	w.tick(5 * time.Second)
	if len(w.last.disruptive) != 1 || !w.last.disruptive[0].step.Urgent || w.last.disruptive[0].step.Pod != "etcd-1" {
		t.Errorf("near the quota: %+v", w.last.disruptive)
	}

	w = newEtcdWorld()
	half(w)
	w.profile.Care.Mode = plane.Recommend
	w.run(time.Minute, 5*time.Second)
	if n := strings.Count(w.log.String(), "would defragment etcd-1"); n != 1 || len(w.last.disruptive) != 0 {
		t.Errorf("recommended %d times, wanted %+v", n, w.last.disruptive)
	}
}

// Who is to lead instead of a leader whose node goes.
func TestHeir(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *etcdWorld)
		heir   string
		why    string
	}{
		{"the first of another zone", func(*etcdWorld) {}, "etcd-1", ""},
		{"another zone before the same", func(w *etcdWorld) { w.members[1].Zone = "a" }, "etcd-2", ""},
		{"the same zone where there is no other", func(w *etcdWorld) { w.members[1].Zone, w.members[2].Zone = "a", "a" }, "etcd-1", ""},
		{"no learner", func(w *etcdWorld) { w.members[1].Learner = true }, "etcd-2", ""},
		{"none that is behind", func(w *etcdWorld) { w.members[1].Applied = 88999 }, "etcd-2", ""},
		{"none on a node that goes", func(w *etcdWorld) { w.host.Nodes[1].Leaving = "is cordoned" }, "etcd-2", ""},
		{"none on a node that is not ready", func(w *etcdWorld) { w.host.Nodes[1].Ready = false }, "etcd-2", ""},
		{"none on a node that is not seen", func(w *etcdWorld) { w.members[1].Node = "node-x" }, "etcd-2", ""},
		{"none that follows another", func(w *etcdWorld) { w.members[1].Term = 3 }, "etcd-2", ""},
		{"none at all", func(w *etcdWorld) { w.members[1].Ready, w.members[2].Learner = false, true }, "", "etcd-2 has no vote"},
		{"corrupt", func(w *etcdWorld) { w.members[1].Alarms = []string{corrupt} }, "", "CORRUPT"},
	} {
		w := newEtcdWorld()
		w.host.Nodes[0].Leaving = "is cordoned"
		c.change(w)
		w.tick(5 * time.Second)
		wanted := slices.IndexFunc(w.last.disruptive, func(one want) bool { return one.step.Kind == rollout.MoveLeader })
		switch {
		case c.heir == "":
			if wanted >= 0 || !strings.Contains(w.log.String(), c.why) {
				t.Errorf("%s: wanted %+v, said %s", c.name, w.last.disruptive, w.log.String())
			}
		case wanted < 0 || w.last.disruptive[wanted].do.Size.Leader != c.heir || !w.last.disruptive[wanted].step.Urgent:
			t.Errorf("%s: wanted %+v, want %s to lead; said %s", c.name, w.last.disruptive, c.heir, w.log.String())
		}
	}
	for name, change := range map[string]func(w *etcdWorld){
		"the node stays":        func(*etcdWorld) {},
		"nobody has looked":     func(w *etcdWorld) { w.host.Nodes[0].Leaving, w.host.Looked = "is cordoned", false },
		"the node is not known": func(w *etcdWorld) { w.host.Nodes = w.host.Nodes[1:] },
	} {
		w := newEtcdWorld()
		change(w)
		w.tick(5 * time.Second)
		if len(w.last.disruptive) > 0 || strings.Contains(w.log.String(), "lead") {
			t.Errorf("%s: wanted %+v, said %s", name, w.last.disruptive, w.log.String())
		}
	}
}

// What a person is told of the membership, once, and that nobody does it.
func TestMembershipAdvice(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *etcdWorld)
		reason string
		says   string // empty: nothing is said
	}{
		{"three", func(*etcdWorld) {}, "", ""},
		{"a single one", func(w *etcdWorld) { w.members = w.members[:1] }, v1alpha1.ReasonMembership, "a single member"},
		{"two", func(w *etcdWorld) { w.members = w.members[:2] }, v1alpha1.ReasonEvenMembers, "2 members with a vote: it survives the loss of 0, as with 1"},
		{"a learner that lags", func(w *etcdWorld) {
			w.members = append(w.members, w.members[2])
			w.members[3].Name, w.members[3].Learner, w.members[3].Applied = "etcd-3", true, 10
		}, v1alpha1.ReasonMembership, "etcd-3 is a learner and more than 1000 entries behind"},
		{"a learner that has caught up", func(w *etcdWorld) {
			w.members = append(w.members, w.members[2])
			w.members[3].Name, w.members[3].Learner = "etcd-3", true
		}, v1alpha1.ReasonMembership, "etcd-3 is a learner and has caught up"},
		{"one is missing", func(w *etcdWorld) {
			w.members[2].Fault = fault("ReplicaUnreachable")
		}, v1alpha1.ReasonMembership, "etcd's member etcd-2 is missing since 12:00:25"},
	} {
		w := newEtcdWorld()
		w.tick(5 * time.Second)
		c.change(w)
		w.run(9*time.Minute, 5*time.Second)
		if early := strings.Contains(w.log.String(), "is missing"); early {
			t.Errorf("%s: said too early: %s", c.name, w.log.String())
		}
		w.run(20*time.Minute, 5*time.Second)
		said := w.log.String()
		if n := strings.Count(said, "Advise (shown)"); c.says == "" && n != 0 || c.says != "" && n != 1 || !strings.Contains(said, c.says) {
			t.Errorf("%s: said %d times; want %q in %s", c.name, n, c.says, said)
		}
		if len(w.ordered) > 0 {
			t.Errorf("%s: ordered %+v", c.name, w.ordered)
		}
	}
}

// What the finding says where nothing is done.
func TestEtcdKeptWhereNothingIsDone(t *testing.T) {
	for _, c := range []struct {
		name    string
		mode    plane.Mode
		seen    plane.Snapshot
		finding string
	}{
		{"off", plane.Off, plane.Snapshot{Members: wellMembers(noon)}, "False Off"},
		{"not looked at", plane.Enforce, plane.Snapshot{MembersFault: fault(v1alpha1.ReasonAccessDenied)}, "Unknown MembersUnseen"},
		{"none", plane.Enforce, plane.Snapshot{}, "Unknown MembersUnseen"},
		{"sizes unknown", plane.Enforce, plane.Snapshot{Members: wellMembers(noon)}, "Unknown MembersUnseen"},
		{"old news", plane.Enforce, plane.Snapshot{Members: wellMembers(noon.Add(-time.Hour))}, "Unknown MembersUnseen"},
	} {
		d := &pass{seen: c.seen, profile: plane.Profile{Tick: 5 * time.Second, Care: plane.CareProfile{Mode: c.mode}}, memory: copied(plane.Memory{}), now: noon}
		d.careForEtcd()
		if f := d.etcdKept(); status(f)+" "+f.Reason != c.finding || len(d.disruptive)+len(d.plan.Steps) > 0 {
			t.Errorf("%s: finding %+v, steps %+v", c.name, f, d.plan.Steps)
		}
	}
	if plan, _ := Decide(plane.Snapshot{Members: wellMembers(noon)}, plane.Profile{Tick: 5 * time.Second}, plane.Memory{}, noon); slices.ContainsFunc(plan.Findings, func(f plane.Finding) bool { return f.Condition == v1alpha1.ConditionEtcdKept }) {
		t.Error("a finding about care where the profile says nothing of it")
	}
}

// That nothing is due is known when every member is: how full one is that is not seen, or
// does not answer, nobody knows.
func TestEtcdKeptWhereSomeAreNotSeen(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(w *etcdWorld)
		finding string
		says    string
	}{
		{"all are seen", func(*etcdWorld) {}, "True AsExpected", "the fullest member has 49 %"},
		{"one does not answer", func(w *etcdWorld) { w.members[1].Fault = fault("ReplicaTimeout") }, "Unknown MembersUnseen", "how full etcd-1 is, is not known"},
		{"two are old news", func(w *etcdWorld) {
			for i := range 2 {
				w.members[i].Fault, w.members[i].Observed = fault("ReplicaUnreachable"), noon.Add(-time.Hour)
			}
		}, "Unknown MembersUnseen", "how full etcd-0, etcd-1 is"},
		{"one does not tell its size", func(w *etcdWorld) { w.members[1].DBInUse = 0 }, "Unknown MembersUnseen", "etcd-1"},
		{"one is not seen, another near its quota", func(w *etcdWorld) {
			w.members[1].Fault, w.members[2].DBSize, w.members[2].DBInUse = fault("ReplicaTimeout"), 1700*mebi, 1690*mebi
		}, "False QuotaNear", "83 %"},
		{"no quota is known", func(w *etcdWorld) {
			w.all(func(m *plane.Member) { m.Quota = 0 })
			w.members[2].DBSize = 1100 * mebi
		}, "True AsExpected", "the largest database file has 1.1 GiB"},
	} {
		w := newEtcdWorld()
		c.change(w)
		w.tick(5 * time.Second)
		if f := w.last.etcdKept(); status(f)+" "+f.Reason != c.finding || !strings.Contains(f.Message, c.says) {
			t.Errorf("%s: %s %s %q, want %s with %q", c.name, status(f), f.Reason, f.Message, c.finding, c.says)
		}
	}
}

// A leader that was ordered, by whomever, is no accident.
func TestALeaderThatWasOrdered(t *testing.T) {
	var m plane.Memory
	for i, c := range []struct {
		term   uint64
		o      []plane.Outcome
		guards int
	}{
		{4, nil, 0},
		{5, []plane.Outcome{{Kind: plane.MoveLeader, Name: "size/etcd/etcd-0"}}, 0},
		{6, nil, 0}, // within half a minute of it
	} {
		now := noon.Add(time.Duration(i) * 5 * time.Second)
		s := plane.Snapshot{Members: wellMembers(now), Outcomes: c.o}
		for j := range s.Members {
			s.Members[j].Term = c.term
		}
		d := &pass{seen: s, profile: plane.Profile{Tick: 5 * time.Second}, memory: copied(m), now: now}
		if got := len(d.memberGuards()); got != c.guards {
			t.Errorf("look %d: %d guards, want %d", i, got, c.guards)
		}
		m = d.memory
	}
}
