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
		w.stubborn["etcd-1"] = rapid.Bool().Draw(t, "stubborn")
		some := func(t *rapid.T) *plane.Member {
			return &w.members[rapid.IntRange(0, len(w.members)-1).Draw(t, "member")]
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { alwaysOfEtcd(t, w) },
			"tick": func(t *rapid.T) {
				w.tick(time.Duration(rapid.IntRange(1, 12).Draw(t, "ticks")) * 5 * time.Second)
			},
			"run":   func(*rapid.T) { w.run(2*time.Minute, 5*time.Second) },
			"hours": func(*rapid.T) { w.run(7*time.Hour, 10*time.Minute) },
			"full":  func(t *rapid.T) { w.full(int64(rapid.IntRange(0, 1800).Draw(t, "air")) * mebi) },
			"fragment": func(t *rapid.T) {
				m := some(t)
				m.DBInUse = m.DBSize / int64(rapid.IntRange(1, 6).Draw(t, "part"))
			},
			"size":   func(t *rapid.T) { m := some(t); m.DBSize = int64(rapid.IntRange(0, 2100).Draw(t, "size")) * mebi },
			"ready":  func(t *rapid.T) { some(t).Ready = rapid.Bool().Draw(t, "ready") },
			"leader": func(t *rapid.T) { some(t).HasLeader = rapid.Bool().Draw(t, "has") },
			"leads":  func(t *rapid.T) { some(t).IsLeader = rapid.Bool().Draw(t, "is") },
			"learns": func(t *rapid.T) { some(t).Learner = rapid.Bool().Draw(t, "learner") },
			"lags": func(t *rapid.T) {
				some(t).Applied = rapid.SampledFrom([]uint64{0, 88000, 89000, 90000}).Draw(t, "applied")
			},
			"unknown": func(t *rapid.T) { some(t).Index = rapid.SampledFrom([]uint64{0, 90000}).Draw(t, "index") },
			"silent": func(t *rapid.T) {
				some(t).Fault = rapid.SampledFrom([]*plane.Fault{nil, fault("ReplicaTimeout")}).Draw(t, "fault")
			},
			"corrupt": func(t *rapid.T) {
				some(t).Alarms = rapid.SampledFrom([][]string{nil, {corrupt}, {corrupt, noSpace}, {noSpace}}).Draw(t, "alarms")
			},
			"heal": func(*rapid.T) {
				for i, m := range newEtcdWorld().members {
					w.members[i] = m
				}
			},
			"fails": func(t *rapid.T) {
				w.outcomes = append(w.outcomes, plane.Outcome{Kind: plane.Defragment, Name: aboutMember(plane.Defragment, "etcd-2"), Fault: fault("WriteFailed")})
			},
			"node": func(t *rapid.T) {
				w.host.Nodes[0].Leaving = rapid.SampledFrom([]string{"", "is cordoned"}).Draw(t, "leaving")
			},
			"mode": func(t *rapid.T) {
				w.profile.Care.Mode = rapid.SampledFrom([]plane.Mode{plane.Off, plane.Recommend, plane.Enforce, plane.Enforce}).Draw(t, "mode")
			},
			"pause":   func(t *rapid.T) { w.profile.Paused = rapid.Bool().Draw(t, "paused") },
			"restart": func(*rapid.T) { w.memory = plane.Memory{} },
		})
	})
}

func alwaysOfEtcd(t *rapid.T, w *etcdWorld) {
	if w.last == nil {
		return
	}
	seen := w.last.seen.Members
	enforced := w.last.enforcing(w.last.profile.Care.Mode)
	steps := slices.Clone(w.last.plan.Steps)
	for _, one := range w.last.disruptive {
		if !one.do.Apply || one.step.Why == "" || one.step.UID == "" {
			t.Fatalf("wanted: %+v", one)
		}
		steps = append(steps, one.do)
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
