// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// TestWhateverHappensToEtcd plays random stories (databases that fill and fragment, members
// that fall silent, lag, lose their leader or differ, restarts of the operator, modes and
// pauses that change) and checks after every pass what must always hold.
func TestWhateverHappensToEtcd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newEtcdWorld()
		w.takes = time.Duration(rapid.SampledFrom([]int{0, 20, 90, 200, 400}).Draw(t, "takes")) * time.Second
		w.deletes = rapid.Int64Range(0, 600).Draw(t, "deletes")
		w.stubborn["etcd-1"] = rapid.Bool().Draw(t, "stubborn")
		some := func(t *rapid.T) *plane.Member {
			return &w.members[rapid.IntRange(0, len(w.members)-1).Draw(t, "member")]
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { alwaysOfEtcd(t, w) },
			"tick": func(t *rapid.T) {
				w.tick(time.Duration(rapid.IntRange(1, 6).Draw(t, "ticks")) * 5 * time.Second)
			},
			"run":   func(*rapid.T) { w.run(time.Minute, 5*time.Second) },
			"hours": func(*rapid.T) { w.run(7*time.Hour, 10*time.Minute) },
			"full": func(t *rapid.T) {
				w.heal()
				w.run(6*time.Minute, 30*time.Second)
				w.full(int64(rapid.IntRange(0, 1800).Draw(t, "air")) * mebi)
				for range rapid.IntRange(0, 12).Draw(t, "ticks") {
					w.tick(5 * time.Second)
					alwaysOfEtcd(t, w)
				}
			},
			"fragment": func(t *rapid.T) {
				w.heal()
				part := int64(rapid.IntRange(1, 6).Draw(t, "part"))
				w.all(func(m *plane.Member) { m.DBInUse = m.DBSize / part })
			},
			"size": func(t *rapid.T) { some(t).DBSize = int64(rapid.IntRange(0, 2100).Draw(t, "size")) * mebi },
			"break": func(t *rapid.T) {
				breakages[rapid.IntRange(0, len(breakages)-1).Draw(t, "how")](some(t))
				w.tick(5 * time.Second)
			},
			"heal": func(*rapid.T) { w.heal() },
			"fails": func(*rapid.T) {
				if w.running != nil {
					return // one thing is done at a time
				}
				w.outcomes = append(w.outcomes, plane.Outcome{Kind: plane.Defragment, Name: aboutDefragmenting("etcd-2"), Fault: fault("WriteFailed")})
			},
			"node": func(t *rapid.T) {
				w.host.Nodes[0].Leaving = rapid.SampledFrom([]string{"", "is cordoned"}).Draw(t, "leaving")
			},
			"mode": func(t *rapid.T) {
				w.profile.Care.Mode = rapid.SampledFrom([]plane.Mode{plane.Off, plane.Recommend, plane.Enforce, plane.Enforce, plane.Enforce}).Draw(t, "mode")
			},
			"pause": func(t *rapid.T) { w.profile.Paused = rapid.Bool().Draw(t, "paused") },
			"restart": func(*rapid.T) {
				w.memory, w.outcomes = plane.Memory{}, nil
				if w.running != nil {
					w.running.told = true // whoever waited for it is gone
				}
			},
		})
	})
}

// breakages are what may be wrong with one member.
var breakages = []func(m *plane.Member){
	func(m *plane.Member) { m.Ready = false },
	func(m *plane.Member) { m.HasLeader = false },
	func(m *plane.Member) { m.IsLeader = !m.IsLeader },
	func(m *plane.Member) { m.Learner = true },
	func(m *plane.Member) { m.Applied = 88000 },
	func(m *plane.Member) { m.Applied = 89000 }, // no further than may be
	func(m *plane.Member) { m.Index = 0 },
	func(m *plane.Member) { m.Fault = fault("ReplicaTimeout") },
	func(m *plane.Member) { m.Alarms = append(m.Alarms, corrupt) },
}

// heal has every member well again, as large as it is.
func (w *etcdWorld) heal() {
	for i, m := range newEtcdWorld().members {
		now := &w.members[i]
		m.DBSize, m.DBInUse, m.Revision, m.Observed = max(now.DBSize, mebi), max(now.DBInUse, mebi), now.Revision, now.Observed
		m.Alarms = slices.DeleteFunc(slices.Clone(now.Alarms), func(word string) bool { return word == corrupt })
		m.IsLeader, m.Term, m.Leader = i == 0, now.Term+1, 1
		*now = m
	}
}

func alwaysOfEtcd(t *rapid.T, w *etcdWorld) {
	if w.last == nil {
		return
	}
	if w.unwanted > 0 || w.doubled > 0 {
		t.Fatalf("a defragmentation under way was not wanted in %d looks, and %d began beside it", w.unwanted, w.doubled)
	}
	seen, under := w.last.seen.Members, w.last.memory.Disturb.State.Under
	enforced := w.last.enforcing(w.last.profile.Care.Mode)
	steps := slices.Clone(w.last.plan.Steps)
	for _, one := range w.last.disruptive {
		if !one.do.Apply || one.step.Why == "" || one.step.UID == "" {
			t.Fatalf("wanted: %+v", one)
		}
		if under == nil || one.step != under.Step { // that one has begun
			steps = append(steps, one.do)
		}
	}
	for _, s := range steps {
		if s.Reason.Code == "" || s.Reason.Message == "" {
			t.Fatalf("a step without a reason: %+v", s)
		}
		if !s.Apply {
			continue
		}
		if !enforced {
			t.Fatalf("carried out without being allowed: %+v", s)
		}
		switch s.Kind {
		case plane.Defragment, plane.Compact:
			allWell(t, s, seen)
		case plane.Disarm:
			allWell(t, s, seen)
			for _, m := range seen {
				if m.Quota <= 0 || float64(m.DBSize) >= 0.9*float64(m.Quota) {
					t.Fatalf("the alarm is taken back while %s has %d of %d bytes", m.Name, m.DBSize, m.Quota)
				}
			}
		case plane.MoveLeader:
			i := slices.IndexFunc(seen, func(m plane.Member) bool { return m.Name == s.Size.Leader })
			if m := seen[i]; m.Learner || m.Fault != nil || !m.HasLeader || m.IsLeader || m.Node == "node-a" {
				t.Fatalf("%+v is to lead", m)
			}
		default:
			t.Fatalf("nobody has asked for %+v", s)
		}
	}
}

// allWell fails unless one of the members may be missed. With the alarm of no space a member
// need not be ready.
func allWell(t *rapid.T, s plane.Step, seen []plane.Member) {
	voters, leaders, full := 0, 0, false
	for _, m := range seen {
		full = full || slices.Contains(m.Alarms, noSpace)
	}
	for _, m := range seen {
		if !m.Learner {
			voters++
		}
		if m.IsLeader {
			leaders++
		}
		if m.Fault != nil || !m.HasLeader || !m.Ready && !full || m.Index == 0 || m.Applied+1000 < 90000 || slices.Contains(m.Alarms, corrupt) {
			t.Fatalf("%s while %s is not well: %+v", s.Kind, m.Name, m)
		}
	}
	if voters < 3 || leaders != 1 {
		t.Fatalf("%s with %d voters and %d leaders", s.Kind, voters, leaders)
	}
}
