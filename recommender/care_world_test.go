// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/care"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

// etcdWorld is an etcd of three members that obeys what is ordered, by a plan as simple as
// will do: one step at a time, the followers before the leader, which is made a follower
// first. It is the other half of the conversation with the care for etcd, and behaves as etcd
// does (server/v3 3.7.3): with the alarm of no space keys are deleted and leases expire, so
// that revisions go on; and a defragmentation takes its time, in which the member's metrics
// and its pod are as before and its own API answers nothing.
type etcdWorld struct {
	now     time.Time
	profile plane.Profile
	memory  plane.Memory
	members []plane.Member
	// air is what a compaction frees of each member's file, expires what it frees more with
	// each minute of an alarm. writes is how many revisions a minute there are, deletes the
	// same with the alarm.
	air, expires    int64
	writes, deletes int64
	// grows is what is in use more each minute.
	grows int64
	// churns is what is air again of what is in use each minute, where it is not yet.
	churns int64
	// stubborn members do not shrink.
	stubborn map[string]bool
	// planned is whether the real plan of disruptive steps decides whose turn it is.
	planned bool
	// takes is how long a defragmentation takes, and running the one under way.
	takes   time.Duration
	running *defragmenting
	// unwanted counts the looks in which the one under way was not wanted, doubled the
	// defragmentations that were ordered during another.
	unwanted, doubled int
	// revisions are what the store had at each look, the latest last.
	revisions []care.Revision
	host      plane.HostSeen
	stored    plane.Stored
	busy      float64
	outcomes  []plane.Outcome
	log       strings.Builder
	said      string
	// last is the last pass, and ordered what was carried out in it.
	last    *pass
	ordered []plane.Step
}

const mebi = 1 << 20

// givesUp is how long a defragmentation is waited for.
const givesUp = 210 * time.Second

// defragmenting is a defragmentation: told is whether its outcome has been or never will be.
type defragmenting struct {
	member       string
	began, until time.Time
	told         bool
}

func newEtcdWorld() *etcdWorld {
	w := &etcdWorld{
		now: noon, writes: 600, deletes: 60, takes: 20 * time.Second, stubborn: map[string]bool{}, busy: 100,
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
	w.pass(after)
	s := plane.Snapshot{Members: w.look(), Host: w.host, Outcomes: w.outcomes}
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
	if w.planned {
		d.disturb()
	}
	if f := d.etcdKept(); f.Reason+f.Message != w.said {
		w.said = f.Reason + f.Message
		fmt.Fprintf(&w.log, "%s   EtcdKept is %s, %s: %s\n", clock(w.now), status(f), f.Reason, f.Message)
	}
	w.memory, w.last = d.memory, d
	for _, step := range d.plan.Steps {
		w.obey(step)
	}
	if !w.planned {
		w.next(d.disruptive)
	}
}

// pass is what happens between two looks.
func (w *etcdWorld) pass(after time.Duration) {
	w.all(func(m *plane.Member) {
		if m.Fault == nil {
			m.Observed = w.now
		}
		if w.alarmed() {
			m.Revision += int64(float64(w.deletes) * after.Minutes())
			return
		}
		m.Revision += int64(float64(w.writes) * after.Minutes())
		m.DBInUse += int64(float64(w.grows) * after.Minutes())
		m.DBSize = max(m.DBSize, m.DBInUse, min(m.DBSize+int64(float64(w.churns)*after.Minutes()), m.DBInUse+5*w.churns))
	})
	if w.alarmed() {
		w.air += int64(float64(w.expires) * after.Minutes())
	}
	w.revisions = append(w.revisions, care.Revision{At: w.now, Number: w.members[0].Revision})
	w.defragment()
}

// defragment goes on with the defragmentation under way.
func (w *etcdWorld) defragment() {
	run := w.running
	if run == nil {
		return
	}
	over := !w.now.Before(run.until)
	if gaveUp := !w.now.Before(run.began.Add(givesUp)); !run.told && (over || gaveUp) {
		run.told = true
		o := plane.Outcome{Kind: plane.Defragment, Name: aboutDefragmenting(run.member), Written: run.began, InForce: w.now}
		if !over || w.stubborn[run.member] {
			o.InForce, o.Fault = time.Time{}, &plane.Fault{Reason: v1alpha1.ReasonNotReadBack, Message: "as many as before, or not over"}
		}
		w.outcomes = append(w.outcomes, o)
	}
	if !over {
		return
	}
	w.running = nil
	if m := w.member(run.member); !w.stubborn[run.member] {
		m.DBSize = m.DBInUse + mebi
	}
}

// look is what is seen of the members. One that is being defragmented has metrics, and its
// status gives no answer.
func (w *etcdWorld) look() []plane.Member {
	seen := slices.Clone(w.members)
	for i := range seen {
		if m := &seen[i]; w.running != nil && w.running.member == m.Name {
			m.Fault = fault(v1alpha1.ReasonReplicaTimeout)
			m.Leader, m.Term, m.Index, m.Applied, m.Revision, m.Alarms = 0, 0, 0, 0, 0, nil
		}
	}
	return seen
}

func (w *etcdWorld) member(name string) *plane.Member {
	return &w.members[slices.IndexFunc(w.members, func(m plane.Member) bool { return m.Name == name })]
}

// next takes the step that is wanted and whose turn it is, when the one before it is over:
// when it is wanted no more, as the plan of disruptive steps has it.
func (w *etcdWorld) next(wants []want) {
	plan := &w.memory.Disturb.State
	if plan.Under != nil {
		if slices.ContainsFunc(wants, func(one want) bool {
			return one.do.Apply && one.step.Kind == plan.Under.Step.Kind && one.step.UID == plan.Under.Step.UID
		}) {
			return
		}
		if w.running != nil && !w.running.told {
			w.unwanted++
		}
		plan.Under = nil
	}
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
	if one.do.Kind == plane.Defragment {
		plan.Under = &rollout.Under{Step: one.step, Began: w.now}
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
		if w.running != nil {
			w.doubled++
		}
		w.running = &defragmenting{member: s.Etcd.Member, began: w.now, until: w.now.Add(w.takes)}
		w.outcomes = append(w.outcomes, o)
		return
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
