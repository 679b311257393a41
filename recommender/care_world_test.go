// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

// etcdWorld is an etcd of three members that obeys what is ordered, by a plan as simple as
// will do: one step at a time, the followers before the leader, which is made a follower
// first. It is the other half of the conversation with the care for etcd.
type etcdWorld struct {
	now     time.Time
	profile plane.Profile
	memory  plane.Memory
	members []plane.Member
	// air is what a compaction frees of each member's file, and writes how many revisions a
	// minute there are, while there is no alarm.
	air    int64
	writes int64
	// grows is what is in use more each minute.
	grows int64
	// stubborn members do not shrink.
	stubborn map[string]bool
	host     plane.HostSeen
	stored   plane.Stored
	busy     float64
	outcomes []plane.Outcome
	log      strings.Builder
	said     string
	// last is the last pass, and ordered what was carried out in it.
	last    *pass
	ordered []plane.Step
}

const mebi = 1 << 20

func newEtcdWorld() *etcdWorld {
	w := &etcdWorld{
		now: noon, writes: 600, stubborn: map[string]bool{}, busy: 100,
		profile: plane.Profile{Tick: 5 * time.Second, LoadLine: plane.Recommend, Care: plane.CareProfile{Mode: plane.Enforce, Fragmentation: 0.45, Reclaims: 100 * mebi}},
		host:    plane.HostSeen{Looked: true},
		stored:  plane.Stored{Nodes: 100, Pods: 3000, Objects: 40000},
	}
	for i, zone := range []string{"a", "b", "c"} {
		w.members = append(w.members, plane.Member{
			Name: fmt.Sprintf("etcd-%d", i), Zone: zone, UID: fmt.Sprintf("uid-%d", i), Node: "node-" + zone, Ready: true,
			HasLeader: true, IsLeader: i == 0, Leader: 1, Term: 4, Index: 90000, Applied: 90000, Revision: 70000,
			DBSize: 1000 * mebi, DBInUse: 900 * mebi, Quota: 2048 * mebi,
		})
		w.host.Nodes = append(w.host.Nodes, plane.HostNode{Name: "node-" + zone, Zone: zone, Ready: true})
	}
	return w
}

// all changes every member.
func (w *etcdWorld) all(change func(m *plane.Member)) {
	for i := range w.members {
		change(&w.members[i])
	}
}

// full has etcd raise its alarm: of each file so much is air once the history is compacted.
func (w *etcdWorld) full(air int64) {
	w.air = air
	w.all(func(m *plane.Member) {
		m.DBSize, m.DBInUse, m.Alarms = m.Quota, m.Quota-8*mebi, []string{noSpace}
	})
}

func (w *etcdWorld) alarmed() bool { return len(w.members[0].Alarms) > 0 }

// tick is one look, decided and obeyed.
func (w *etcdWorld) tick(after time.Duration) {
	w.now = w.now.Add(after)
	w.all(func(m *plane.Member) {
		if m.Fault == nil {
			m.Observed = w.now
		}
		if !w.alarmed() {
			m.Revision += int64(float64(w.writes) * after.Minutes())
			m.DBInUse += int64(float64(w.grows) * after.Minutes())
			m.DBSize = max(m.DBSize, m.DBInUse)
		}
	})
	s := plane.Snapshot{Members: slices.Clone(w.members), Host: w.host, Outcomes: w.outcomes}
	s.Config = &plane.FlowConfig{}
	s.Replicas = []plane.Replica{{
		Name: "kube-apiserver-0", Ready: true, Ceiling: 600, Observed: w.now, Window: 5 * time.Second, Stored: w.stored,
		Served: []plane.Served{{Requests: 5 * w.busy}},
	}}
	w.outcomes, w.ordered = nil, nil
	d := &pass{seen: s, profile: w.profile, memory: copied(w.memory), now: w.now}
	d.look()
	d.plan.LoadLine = plane.LoadLine{Seats: 600, Ceiling: 600, Used: 20}
	d.careForEtcd()
	if f := d.etcdKept(); f.Reason+f.Message != w.said {
		w.said = f.Reason + f.Message
		fmt.Fprintf(&w.log, "%s   EtcdKept is %s, %s: %s\n", clock(w.now), status(f), f.Reason, f.Message)
	}
	w.memory, w.last = d.memory, d
	for _, step := range d.plan.Steps {
		w.obey(step)
	}
	w.next(d.disruptive)
}

// next takes the step that is wanted and whose turn it is.
func (w *etcdWorld) next(wants []want) {
	wants = slices.Clone(wants)
	slices.SortStableFunc(wants, func(a, b want) int { return before(a.step.Leader, b.step.Leader) })
	if len(wants) == 0 {
		return
	}
	one := wants[0]
	if one.step.Leader && one.step.Kind == rollout.Defragment {
		i := slices.IndexFunc(w.members, func(m plane.Member) bool { return !m.IsLeader })
		one.do = plane.Step{Kind: plane.MoveLeader, Apply: true, Size: &plane.SizeStep{Pod: one.step.Pod, Leader: w.members[i].Name}, Reason: plane.Reason{
			Code: v1alpha1.ReasonLeaderMoved, Message: "has " + w.members[i].Name + " lead etcd instead of " + one.step.Pod + ", which is next",
		}}
	}
	w.obey(one.do)
}

func (w *etcdWorld) obey(s plane.Step) {
	w.write(s)
	if !s.Apply {
		return
	}
	w.ordered = append(w.ordered, s)
	o := plane.Outcome{Kind: s.Kind, Name: s.About(), Written: w.now}
	ended := o
	ended.InForce = w.now.Add(time.Second)
	switch s.Kind {
	case plane.Compact:
		w.all(func(m *plane.Member) { m.DBInUse -= w.air })
		w.air = 0
	case plane.Defragment:
		i := slices.IndexFunc(w.members, func(m plane.Member) bool { return m.Name == s.Etcd.Member })
		if w.stubborn[s.Etcd.Member] {
			ended.InForce, ended.Fault = time.Time{}, &plane.Fault{Reason: v1alpha1.ReasonNotReadBack, Message: "as many as before"}
			break
		}
		w.members[i].DBSize = w.members[i].DBInUse + mebi
	case plane.Disarm:
		w.all(func(m *plane.Member) { m.Alarms = nil })
	case plane.MoveLeader:
		w.all(func(m *plane.Member) { m.IsLeader, m.Term, m.Leader = m.Name == s.Size.Leader, m.Term+1, m.Leader+1 })
		w.outcomes = append(w.outcomes, ended)
		return
	default:
		panic("nobody knows how to " + s.Kind)
	}
	w.outcomes = append(w.outcomes, o, ended)
}

func (w *etcdWorld) write(s plane.Step) {
	how := "shown"
	if s.Apply {
		how = "done"
	}
	fmt.Fprintf(&w.log, "%s %s (%s): %s\n", clock(w.now), s.Kind, how, s.Reason.Message)
	for _, e := range s.Reason.Evidence {
		fmt.Fprintf(&w.log, "    saw: %s\n", e)
	}
	for _, r := range s.Reason.Rejected {
		fmt.Fprintf(&w.log, "    rejected: %s\n", r)
	}
}

// run ticks every five seconds, or every minute where nothing is to happen for hours.
func (w *etcdWorld) run(length, every time.Duration) {
	for end := w.now.Add(length); w.now.Before(end); {
		w.tick(every)
	}
}
