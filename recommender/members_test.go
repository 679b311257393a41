// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// wellMembers are three members seen at a time, with nothing wrong.
func wellMembers(at time.Time) []plane.Member {
	var all []plane.Member
	for _, name := range []string{"etcd-0", "etcd-1", "etcd-2"} {
		all = append(all, plane.Member{
			Name: name, Ready: true, Observed: at, Window: 5 * time.Second, Version: "3.7.3",
			HasLeader: true, IsLeader: name == "etcd-0", Leader: 11, Term: 4,
			Fsyncs: 200, FsyncMean: 0.002, FsyncP99: 0.008, CommitP99: 0.01, Quota: 2 << 30,
		})
	}
	return all
}

// looks passes one look after the other, 5 s apart, and returns what was said of the
// last. Each changes the members as they are seen.
func looks(changes ...func(s *plane.Snapshot)) (guards []string, f plane.Finding) {
	var m plane.Memory
	now := noon
	for _, change := range changes {
		s := plane.Snapshot{Members: wellMembers(now)}
		if change != nil {
			change(&s)
		}
		d := &pass{seen: s, profile: plane.Profile{Tick: 5 * time.Second}, memory: m, now: now}
		guards = nil
		for _, g := range d.memberGuards() {
			guards = append(guards, g.Words)
			if mild := strings.Contains(g.Words, "fsyncs") || strings.Contains(g.Words, "the process of a member ended"); g.Mild != mild {
				panic("only a slow log, and what a member's end explains, is mild")
			}
		}
		if again := d.memberGuards(); len(again) != len(guards) {
			panic("asking again changes the answer")
		}
		f, m = d.etcdHealthy(), d.memory
		now = now.Add(5 * time.Second)
	}
	return guards, f
}

func fault(reason string) *plane.Fault {
	return &plane.Fault{Reason: reason, Message: "GET /metrics at 127.0.0.1:2379: no"}
}

func slowDisk(n float64, mean, p99 float64) func(*plane.Snapshot) {
	return func(s *plane.Snapshot) {
		s.Members[1].Fsyncs, s.Members[1].FsyncMean, s.Members[1].FsyncP99 = n, mean, p99
	}
}

func noneLed(s *plane.Snapshot) {
	for i := range s.Members {
		s.Members[i].HasLeader, s.Members[i].IsLeader, s.Members[i].Leader, s.Members[i].Ready = false, false, 0, false
	}
}

func down(names ...string) func(*plane.Snapshot) {
	return func(s *plane.Snapshot) {
		for i := range s.Members {
			if strings.Contains(strings.Join(names, " "), s.Members[i].Name) {
				s.Members[i] = plane.Member{Name: s.Members[i].Name, Fault: fault(v1alpha1.ReasonReplicaUnreachable)}
			}
		}
	}
}

// elected is after another member has won an election.
func elected(s *plane.Snapshot) {
	for i := range s.Members {
		s.Members[i].Term, s.Members[i].Leader = 5, 12
	}
}

func both(first, second func(*plane.Snapshot)) func(*plane.Snapshot) {
	return func(s *plane.Snapshot) { first(s); second(s) }
}

// anew is a member of which another process answers, and silent one that gives no answer.
func anew(s *plane.Snapshot) { s.Members[0].Window = 0 }

func silent(s *plane.Snapshot) {
	s.Members[0].Fault, s.Members[0].Observed = fault(v1alpha1.ReasonReplicaTimeout), noon
}

// A member that has been away for long explains no other leader than the one that came as it
// went, and for half a minute what is late.
func TestWhatAMembersEndExplains(t *testing.T) {
	again := func(s *plane.Snapshot) {
		both(down("etcd-0"), elected)(s)
		for i := range s.Members {
			s.Members[i].Term, s.Members[i].Leader = 6, 13
		}
	}
	all := []func(*plane.Snapshot){nil}
	for range 8 {
		all = append(all, both(down("etcd-0"), elected))
	}
	if guards, _ := looks(append(all, again)...); len(guards) != 1 || strings.Contains(guards[0], "ended") {
		t.Errorf("40 s later another leader is put down to it: %q", guards)
	}
	// A process that has only begun to look sees one gone, and then another leader.
	if guards, _ := looks(down("etcd-0"), both(down("etcd-0"), elected)); len(guards) != 1 || !strings.Contains(guards[0], "ended") {
		t.Errorf("one that was gone at the first look explains nothing: %q", guards)
	}
	// One whose process ends again and again explains nothing.
	loop := []func(*plane.Snapshot){nil, down("etcd-0"), nil}
	for range 7 {
		loop = append(loop, nil)
	}
	if guards, _ := looks(append(loop, both(down("etcd-0"), elected))...); len(guards) != 1 || strings.Contains(guards[0], "ended") {
		t.Errorf("a member that ended twice in a minute explains another leader: %q", guards)
	}
	for range 24 {
		loop = append(loop, nil)
	}
	if guards, _ := looks(append(loop, both(down("etcd-0"), elected))...); len(guards) != 1 || !strings.Contains(guards[0], "ended") {
		t.Errorf("a member that ended three minutes ago as well explains nothing: %q", guards)
	}
	for after, excuses := range map[time.Duration]bool{5 * time.Second: true, 30 * time.Second: true, 31 * time.Second: false} {
		at := noon.Add(after)
		m := plane.Memory{Etcd: plane.EtcdMemory{Term: 5, LeaderChanged: noon.Add(2 * time.Second), Left: noon, Gone: map[string]bool{"etcd-0": true}}}
		s := plane.Snapshot{Members: wellMembers(at)}
		both(down("etcd-0"), elected)(&s)
		d := &pass{seen: s, profile: plane.Profile{Tick: 5 * time.Second}, memory: m, now: at}
		if g := d.memberGuards(); len(g) != 1 || !g[0].Mild || g[0].Excuses != excuses {
			t.Errorf("%s after it: %+v, want one that excuses: %v", after, g, excuses)
		}
	}
}

// A member that Evenkeel defragments falls behind by that, and not by load.
func TestABacklogOfADefragmentation(t *testing.T) {
	for pod, guarded := range map[string]bool{"etcd-1": false, "etcd-2": true} {
		s := plane.Snapshot{Members: wellMembers(noon)}
		s.Members[1].ApplyBacklog = 9000
		m := plane.Memory{Disturb: plane.DisturbMemory{State: rollout.State{Under: &rollout.Under{Step: rollout.Step{Kind: rollout.Defragment, Pod: pod}}}}}
		d := &pass{seen: s, profile: plane.Profile{Tick: 5 * time.Second}, memory: m, now: noon}
		if g := d.memberGuards(); (len(g) > 0) != guarded {
			t.Errorf("while %s is defragmented the guards are %+v", pod, g)
		}
	}
}

func TestMemberGuardsAndTheFinding(t *testing.T) {
	for _, c := range []struct {
		name  string
		looks []func(*plane.Snapshot)
		// guards are parts of what must be said, one for each guard.
		guards []string
		// finding is "status reason", says a part of its message.
		finding, says string
	}{
		{"all is well", []func(*plane.Snapshot){nil, nil}, nil, "True AsExpected", "all 3 members answer"},
		{"no etcd named", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members = nil }}, nil, "Unknown MembersUnseen", "names no etcd"},
		{"no credentials", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members, s.MembersFault = nil, fault(v1alpha1.ReasonMembersUnseen) }},
			nil, "Unknown MembersUnseen", "GET /metrics"},
		{"none seen", []func(*plane.Snapshot){down("etcd-0 etcd-1 etcd-2")}, nil, "Unknown MembersUnseen", "no member is seen: "},
		{"not seen yet", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members = []plane.Member{{Name: "etcd-0", Ready: true}} }},
			nil, "Unknown MembersUnseen", "no member is seen"},
		{"one not seen yet", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members[2] = plane.Member{Name: "etcd-2", Ready: true} }},
			nil, "True AsExpected", ""},
		{"no leader on a ready member", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members[2].HasLeader, s.Members[2].Leader = false, 0 }},
			[]string{"etcd-2: no etcd leader"}, "False NoLeader", "etcd-2"},
		{"no leader on one that is not ready", []func(*plane.Snapshot){func(s *plane.Snapshot) {
			s.Members[2].HasLeader, s.Members[2].Leader, s.Members[2].Ready = false, 0, false
		}}, nil, "False QuorumAtRisk", "etcd-2: its pod is not ready"},
		{"no leader anywhere, and so nobody ready", []func(*plane.Snapshot){noneLed}, []string{"etcd-0, etcd-1, etcd-2: no etcd leader"}, "False NoLeader", ""},
		{"a new leader", []func(*plane.Snapshot){nil, elected}, []string{"etcd changed its leader at 12:00:05"}, "False LeaderChanged", "12:00:05"},
		{"a new leader, as the old one's process ended", []func(*plane.Snapshot){nil, both(down("etcd-0"), elected)},
			[]string{"etcd changed its leader at 12:00:05, as the process of a member ended"}, "False QuorumAtRisk", ""},
		{"that, seen a look later", []func(*plane.Snapshot){nil, down("etcd-0"), both(down("etcd-0"), elected)},
			[]string{"at 12:00:10, as the process of a member ended"}, "False QuorumAtRisk", ""},
		{"a new leader, as one has come back before it was missed", []func(*plane.Snapshot){nil, both(anew, elected)},
			[]string{"at 12:00:05, as the process of a member ended"}, "False LeaderChanged", ""},
		{"a new leader, as the old one gives no answer", []func(*plane.Snapshot){nil, both(silent, elected)},
			[]string{"etcd changed its leader at 12:00:05"}, "False LeaderChanged", ""},
		{"none, as the leader's process ended", []func(*plane.Snapshot){nil, both(noneLed, down("etcd-0"))},
			[]string{"no etcd leader, as the process of a member ended"}, "False NoLeader", ""},
		{"the first leader that is seen", []func(*plane.Snapshot){elected}, nil, "True AsExpected", ""},
		{"a term without leader", []func(*plane.Snapshot){nil, func(s *plane.Snapshot) { noneLed(s); s.Members[0].Term = 9 }}, []string{"no etcd leader"}, "False NoLeader", ""},
		{"a leader change by the counter", []func(*plane.Snapshot){nil, func(s *plane.Snapshot) { s.Members[0].LeaderChanges = 1 }}, []string{"changed its leader"}, "False LeaderChanged", ""},
		{"a leader change 30 s ago", []func(*plane.Snapshot){nil, elected, elected, elected, elected, elected, elected, elected}, []string{"changed its leader at 12:00:05"}, "False LeaderChanged", ""},
		{"a slow log once", []func(*plane.Snapshot){nil, slowDisk(200, 0.005, 0.021)}, nil, "True AsExpected", ""},
		{"a slow log twice", []func(*plane.Snapshot){slowDisk(200, 0.005, 0.021), slowDisk(200, 0.005, 0.1)},
			[]string{"etcd-1: fsyncs of the write-ahead log take over 20 ms"}, "False SlowDisk", "etcd-1"},
		{"a slow log twice, not in a row", []func(*plane.Snapshot){slowDisk(200, 0.005, 0.1), nil, slowDisk(200, 0.005, 0.1)}, nil, "True AsExpected", ""},
		{"the same slow look twice", []func(*plane.Snapshot){slowDisk(200, 0.005, 0.1), func(s *plane.Snapshot) { slowDisk(200, 0.005, 0.1)(s); s.Members[1].Observed = noon }},
			nil, "True AsExpected", ""},
		{"a log at its limit", []func(*plane.Snapshot){slowDisk(200, 0.005, 0.020), slowDisk(200, 0.005, 0.020)}, nil, "True AsExpected", ""},
		{"a hiccup of a quiet log", []func(*plane.Snapshot){slowDisk(99, 0.005, 0.1), slowDisk(99, 0.005, 0.1)}, nil, "True AsExpected", ""},
		{"a log so slow that it does little", []func(*plane.Snapshot){slowDisk(5, 0.5, 0.9), slowDisk(5, 0.5, 0.9)}, []string{"etcd-1: fsyncs"}, "False SlowDisk", ""},
		{"too few to tell", []func(*plane.Snapshot){slowDisk(4, 0.5, 0.9), slowDisk(4, 0.5, 0.9)}, nil, "True AsExpected", ""},
		{"a backlog", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members[1].ApplyBacklog = 2501 }}, []string{"etcd-1: more than 2500 entries"}, "False ApplyBacklog", "etcd-1"},
		{"a backlog that is none", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members[1].ApplyBacklog = 2500 }}, nil, "True AsExpected", ""},
		{"a member that catches up", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members[1].ApplyBacklog, s.Members[1].Ready = 9000, false }}, nil, "False QuorumAtRisk", ""},
		{"a leader that is out of breath", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members[0].ApplyBacklog, s.Members[0].Ready = 9000, false }},
			[]string{"etcd-0: more than"}, "False QuorumAtRisk", ""},
		{"refusals", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members[0].Refused = 3 }}, []string{"etcd-0: etcd refuses requests"}, "False EtcdRefuses", ""},
		{"out of space: no guard", []func(*plane.Snapshot){func(s *plane.Snapshot) {
			for i := range s.Members {
				s.Members[i].Refused, s.Members[i].Alarms = 3, []string{"NOSPACE"}
			}
		}}, nil, "False Alarm", "the alarm NOSPACE and refuses writes: compact"},
		{"corrupt", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members[1].Alarms = []string{"CORRUPT", "NOSPACE"} }}, nil, "False Alarm", "CORRUPT, NOSPACE"},
		{"one of three is down", []func(*plane.Snapshot){nil, down("etcd-2")}, nil, "False QuorumAtRisk", "2 of 3 members are well, and without one more there is no quorum: etcd-2: GET /metrics"},
		{"two of three are down", []func(*plane.Snapshot){nil, down("etcd-1 etcd-2")}, nil, "False QuorumAtRisk", "1 of 3 members are well, a quorum is 2"},
		{"one of five is down", []func(*plane.Snapshot){func(s *plane.Snapshot) {
			s.Members = append(s.Members, s.Members[1], plane.Member{Name: "etcd-4", Fault: fault(v1alpha1.ReasonReplicaTimeout)})
		}}, nil, "False ReplicaTimeout", "etcd-4: "},
		{"a learner is down", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members[2].Learner, s.Members[2].Ready = true, false }}, nil, "True AsExpected", ""},
		{"one answer too late", []func(*plane.Snapshot){nil, func(s *plane.Snapshot) {
			s.Members[2].Observed, s.Members[2].Fault = noon, fault(v1alpha1.ReasonReplicaTimeout)
		}}, nil, "True AsExpected", ""},
		{"a status that is denied", []func(*plane.Snapshot){func(s *plane.Snapshot) { s.Members[2].Fault = fault(v1alpha1.ReasonAccessDenied) }}, nil, "Unknown AccessDenied", ""},
		{"metrics and no status", []func(*plane.Snapshot){nil, func(s *plane.Snapshot) {
			m := &s.Members[2]
			m.Fault, m.Term, m.Leader, m.Index = fault(v1alpha1.ReasonReplicaTimeout), 0, 0, 0
		}}, nil, "Unknown ReplicaTimeout", "etcd-2: GET"},
		{"old news", []func(*plane.Snapshot){nil, nil, nil, nil, func(s *plane.Snapshot) {
			s.Members[1].ApplyBacklog, s.Members[1].Observed, s.Members[1].Fault = 9000, noon, fault(v1alpha1.ReasonReplicaTimeout)
		}}, nil, "False QuorumAtRisk", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			guards, f := looks(c.looks...)
			if len(guards) != len(c.guards) {
				t.Fatalf("guards %q, want %q", guards, c.guards)
			}
			for i, want := range c.guards {
				if !strings.Contains(guards[i], want) {
					t.Errorf("guard %q, want %q in it", guards[i], want)
				}
			}
			if got := status(f) + " " + f.Reason; got != c.finding || !strings.Contains(f.Message, c.says) || f.Message == "" || f.Condition != v1alpha1.ConditionEtcdHealthy {
				t.Errorf("finding %s %q, want %s and %q in it", got, f.Message, c.finding, c.says)
			}
		})
	}
}

func status(f plane.Finding) string {
	switch {
	case f.Unknown:
		return "Unknown"
	case f.True:
		return "True"
	default:
		return "False"
	}
}

// A change of leader counts for two minutes from when it was seen, not longer.
func TestALeaderChangeIsHeldForTwoMinutes(t *testing.T) {
	all := []func(*plane.Snapshot){nil}
	for range 24 {
		all = append(all, elected) // from 12:00:05 on; the last is at 12:02:00
	}
	if guards, _ := looks(all...); len(guards) != 1 {
		t.Errorf("1 min 55 s later: guards %q, want one", guards)
	}
	if guards, f := looks(append(all, elected)...); len(guards) != 0 || !f.True {
		t.Errorf("2 min later: guards %q, finding %+v; want none", guards, f)
	}
}

// Whatever members say, nothing of it is held against a tenant whose members are not
// seen, what is kept is of members that are there, and a pass changes no memory but
// its own.
func TestMembersProperties(t *testing.T) {
	number := rapid.SampledFrom([]float64{0, 1, 5, 99, 100, 1e9})
	rapid.Check(t, func(t *rapid.T) {
		was := plane.Memory{Etcd: plane.EtcdMemory{Term: 3, Slow: map[string]plane.SlowLog{"etcd-0": {Observed: noon.Add(-5 * time.Second), Looks: 1}, "gone": {Looks: 7}}}}
		s := plane.Snapshot{Members: wellMembers(noon)}
		for i := range s.Members {
			m := &s.Members[i]
			m.Ready, m.HasLeader, m.IsLeader = rapid.Bool().Draw(t, "ready"), rapid.Bool().Draw(t, "has"), rapid.Bool().Draw(t, "is")
			m.Leader, m.Term = rapid.Uint64Range(0, 2).Draw(t, "leader"), rapid.Uint64Range(0, 6).Draw(t, "term")
			m.Fsyncs, m.FsyncP99, m.FsyncMean = number.Draw(t, "n"), number.Draw(t, "p99"), number.Draw(t, "mean")
			m.ApplyBacklog, m.Refused = int(number.Draw(t, "backlog")), number.Draw(t, "refused")
			if rapid.Bool().Draw(t, "unseen") {
				m.Observed = noon.Add(-time.Duration(rapid.IntRange(16, 1000).Draw(t, "age")) * time.Second)
			}
		}
		before := copied(was)
		before.Etcd.Slow = cloned(was.Etcd.Slow)
		d := &pass{seen: s, profile: plane.Profile{Tick: 5 * time.Second}, memory: was, now: noon}
		guards := d.memberGuards()
		if diff := cmp.Diff(before.Etcd, was.Etcd); diff != "" {
			t.Fatalf("the memory of the look before has changed: %s", diff)
		}
		seen := 0
		for _, m := range s.Members {
			if d.fresh(m) {
				seen++
			}
		}
		if seen == 0 && len(guards) > 0 {
			t.Fatalf("nobody is seen, and yet %v", guards)
		}
		if len(d.memory.Etcd.Slow) > seen || d.memory.Etcd.Term < was.Etcd.Term {
			t.Fatalf("kept of %d members that are seen: %+v", seen, d.memory.Etcd)
		}
		if f := d.etcdHealthy(); f.True && (len(guards) > 0 || seen == 0) {
			t.Fatalf("well in spite of %v: %+v", guards, f)
		}
	})
}
