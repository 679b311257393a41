// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/recommender"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// world is a tenant of three replicas as simple as will do: it has priority
// levels, a client that may storm, and obeys the steps of plans. It is the other
// half of the conversation with Decide, so that tests read as one.
type world struct {
	now     time.Time
	profile plane.Profile
	memory  plane.Memory
	config  *plane.FlowConfig
	// storming clients have 64 requests open between them.
	storming []plane.Client
	level    string
	// demand are the levels' smoothed demands, in seats.
	demand map[string]float64
	// stillSlow keeps others slow under grades up to this one.
	stillSlow plane.GradeKind
	ceiling   int
	// misfit is true from when somebody gave the replicas other flags until the ballast
	// is that of the ceiling they have now.
	misfit bool
	// workload is what the replicas are a part of, when it is looked at; rollout_test.go
	// has the replicas follow its template.
	workload *workload
	// crowd is how many small requests of many users would run at once on each replica,
	// which serves knee at once as fast as one.
	crowd, knee float64
	// version is what every replica runs.
	version string
	// process is how every replica's process is.
	process plane.Process
	blind   map[int]*plane.Fault
	// unreadable hides the configuration from Decide.
	unreadable bool
	outcomes   []plane.Outcome
	// members are etcd's, as seen at a time; nil when they are not looked at.
	members func(at time.Time) []plane.Member
	// hosted is the host cluster, where sizes are looked at.
	hosted *hosted
	// wide is the autoscaler and the load that the replicas share, where their number is
	// looked at.
	wide *wide
	// refuse makes every write fail, denies those of a kind.
	refuse *plane.Fault
	denies map[plane.StepKind]*plane.Fault
	// failing is the part of the crowd's requests that are answered with a 5xx.
	failing float64
	log     strings.Builder
	plan    plane.Plan
}

var agent = plane.Client{User: "system:serviceaccount:telemetry:agent", Verb: "list", Resource: "pods"}

func newWorld() *world {
	return &world{
		now:   time.Date(2026, 1, 2, 14, 2, 0, 0, time.UTC),
		level: "workload-low", ceiling: 600, knee: 10, version: "v1.36.3",
		blind: map[int]*plane.Fault{},
		profile: plane.Profile{
			Jail: plane.Enforce, LoadLine: plane.Enforce, SeatsMin: 60, SeatsMax: 300,
			Term: time.Minute, MaxTerm: 10 * time.Minute, MaxSentences: 3,
			Self: "evenkeel", Tick: 5 * time.Second,
		},
		config: &plane.FlowConfig{Levels: []plane.Level{
			{Name: "catch-all", Shares: 5, BorrowingPercent: plane.NoLimit}, {Name: "exempt", Exempt: true},
			suggested("global-default", 20, 50), suggested("leader-election", 10, 0), suggested("node-high", 40, 25),
			suggested("system", 30, 33), suggested("workload-high", 40, 50), suggested("workload-low", 100, 90),
		}},
	}
}

// suggested is a level as a new cluster has it.
func suggested(name string, shares, lends int) plane.Level {
	return plane.Level{Name: name, Shares: shares, LendablePercent: lends, BorrowingPercent: plane.NoLimit, Suggested: true}
}

// tick is one look: the time passes, Decide is asked, and its steps are obeyed.
func (w *world) tick(after time.Duration) {
	w.now = w.now.Add(after)
	w.pass(w.snapshot(after))
}

// tickWith is a tick in which something else is seen.
func (w *world) tickWith(s plane.Snapshot) {
	w.now = w.now.Add(500 * time.Millisecond)
	for i := range s.Replicas {
		s.Replicas[i].Observed, s.Replicas[i].Dumped = w.now, w.now
	}
	w.pass(s)
}

func (w *world) pass(s plane.Snapshot) {
	w.plan, w.memory = recommender.Decide(s, w.profile, w.memory, w.now)
	w.outcomes = nil
	for _, s := range w.plan.Steps {
		w.obey(s)
		w.write(s)
	}
}

// run ticks as the operator does, 5 s apart, half of that while the line waits for a
// window, and 500 ms while a closer look is asked for.
func (w *world) run(length time.Duration) {
	for end := w.now.Add(length); w.now.Before(end); {
		switch {
		case w.plan.LookCloser:
			w.tick(500 * time.Millisecond)
		case w.plan.LookSooner:
			w.tick(min(2500*time.Millisecond, end.Sub(w.now)))
		default:
			w.tick(min(5*time.Second, end.Sub(w.now)))
		}
	}
}

func (w *world) write(s plane.Step) {
	how := "shown"
	if s.Apply {
		how = "done"
	}
	fmt.Fprintf(&w.log, "%s %s (%s): %s\n", w.now.Format("15:04:05.0"), s.Kind, how, s.Reason.Message)
	for _, e := range s.Reason.Evidence {
		fmt.Fprintf(&w.log, "    saw: %s\n", e)
	}
	for _, r := range s.Reason.Rejected {
		fmt.Fprintf(&w.log, "    rejected: %s\n", r)
	}
}

func (w *world) obey(s plane.Step) {
	if !s.Apply {
		return
	}
	name := s.About()
	if fault := cmp.Or(w.refuse, w.denies[s.Kind]); fault != nil {
		w.outcomes = append(w.outcomes, plane.Outcome{Kind: s.Kind, Name: name, Fault: fault})
		return
	}
	if w.hosted != nil {
		fault := w.hosted.faults[s.Kind]
		if fault == nil || w.hosted.happens {
			w.hosted.obey(s, w.now)
		}
		if fault != nil {
			w.outcomes = append(w.outcomes, plane.Outcome{Kind: s.Kind, Name: name, Fault: fault})
			return
		}
	}
	if w.wide != nil {
		w.wide.obey(s, w.now)
	}
	c := w.config
	if s.Level != nil {
		c.Levels = slices.DeleteFunc(c.Levels, func(l plane.Level) bool { return l.Name == s.Level.Name })
		c.Levels = append(c.Levels, plane.Level{Name: s.Level.Name, Shares: s.Level.Shares, Own: true})
	}
	drop := func(name string) {
		c.Levels = slices.DeleteFunc(c.Levels, func(l plane.Level) bool { return l.Own && (name == "*" || l.Name == name) })
		c.Sentences = slices.DeleteFunc(c.Sentences, func(s plane.Sentence) bool { return name == "*" || s.Name == name })
	}
	switch s.Kind {
	case plane.ProtectSelf:
		c.SelfProtected = true
		c.Levels = append(c.Levels, plane.Level{Name: "evenkeel-self", Shares: seats.SelfShares, Own: true})
	case plane.RemoveBallast:
		drop(seats.BallastName)
	case plane.PassSentence, plane.ChangeGrade:
		c.Sentences = slices.DeleteFunc(c.Sentences, func(h plane.Sentence) bool { return h.Name == s.Sentence.Name })
		c.Sentences = append(c.Sentences, *s.Sentence)
	case plane.EndSentence:
		drop(s.Sentence.Name)
	case plane.SetShares:
		w.divide(s.Shares)
	case plane.ReturnShares:
		w.giveBack()
	case plane.Withdraw:
		drop("*")
		w.giveBack()
		c.SelfProtected = false
	case plane.SetFlags, plane.ReturnFlags:
		w.workload.write(s, w.now)
	case plane.HoldRollout, plane.GoOnRollout, plane.ReleaseRollout:
		w.workload.hold(s.Kind == plane.HoldRollout, w.now)
	case plane.SetBallast, plane.NameOffender, plane.KeepFlags:
	case plane.ChangeSize, plane.ResizePod, plane.MoveLeader, plane.EvictPod: // sizesWorld plays these
	case plane.SetFloor: // wide plays it
	case plane.Defragment, plane.Compact, plane.Disarm, plane.Advise, plane.StopSteps:
	}
	at := w.now.Add(100 * time.Millisecond)
	w.outcomes = append(w.outcomes, plane.Outcome{Kind: s.Kind, Name: name, Written: at, InForce: at})
}

// divide gives levels their portions and keeps what they had.
func (w *world) divide(division []plane.LevelShares) {
	for i, l := range w.config.Levels {
		for _, to := range division {
			if to.Name != l.Name || to.Portion == l.Portion() {
				continue
			}
			if l.Original == nil {
				had := l.Portion()
				l.Original = &had
			}
			l.Shares, l.LendablePercent, l.BorrowingPercent = to.Portion.Shares, to.Portion.LendablePercent, to.Portion.BorrowingPercent
			w.config.Levels[i] = l
		}
	}
}

// giveBack returns what levels had.
func (w *world) giveBack() {
	for i, l := range w.config.Levels {
		if o := l.Original; o != nil {
			l.Shares, l.LendablePercent, l.BorrowingPercent, l.Original = o.Shares, o.LendablePercent, o.BorrowingPercent, nil
			w.config.Levels[i] = l
		}
	}
}

func (w *world) grade(c plane.Client) (plane.GradeKind, bool) {
	s, ok := w.jailOf(c)
	return s.Grade.Kind, ok
}

// jailOf is the sentence that holds a client, as the schema for it matches.
func (w *world) jailOf(c plane.Client) (plane.Sentence, bool) {
	for _, s := range w.config.Sentences {
		if s.Client.Covers(c) {
			return s, true
		}
	}
	return plane.Sentence{}, false
}

// harmed tells whether others suffer: a client storms at large, or its grade is
// not hard enough.
func (w *world) harmed() bool {
	order := []plane.GradeKind{plane.GradeSeats, plane.GradeOne, plane.GradeNone}
	for _, c := range w.storming {
		grade, jailed := w.grade(c)
		if !jailed || slices.Index(order, grade) <= slices.Index(order, w.stillSlow) {
			return true
		}
	}
	return false
}

func (w *world) snapshot(window time.Duration) plane.Snapshot {
	s := plane.Snapshot{Outcomes: w.outcomes, Workload: w.rollOn()}
	if !w.unreadable {
		held := *w.config
		held.Levels, held.Sentences = slices.Clone(held.Levels), slices.Clone(held.Sentences)
		s.Config = &held
	} else {
		s.ConfigFault = &plane.Fault{Reason: "TenantUnreachable", Message: "connection refused"}
	}
	if w.members != nil {
		s.Members = w.members(w.now)
	}
	if w.hosted != nil {
		s.Sizes = w.hosted.seen(w.now)
	}
	for i := range w.wide.count() {
		s.Replicas = append(s.Replicas, w.wide.share(w.replica(i, window), i, w.now))
	}
	w.wide.look(&s, w.now)
	return s
}

func (w *world) replica(i int, window time.Duration) plane.Replica {
	r := plane.Replica{
		Name: fmt.Sprintf("kube-apiserver-%d", i), Zone: []string{"a", "b", "c"}[i%3], Ready: true,
		Ceiling: w.ceilingOf(i), Observed: w.now, Window: window, Pulse: 2 * time.Millisecond, Fault: w.blind[i],
	}
	r.Ready = !w.workload.isUnready(i)
	if r.Fault != nil {
		r.Observed = w.now.Add(-time.Minute)
		return r
	}
	total := 0
	for _, l := range w.config.Levels {
		total += l.Shares
	}
	for _, l := range w.config.Levels {
		n := seats.Nominal(r.Ceiling, l.Shares, total)
		r.Levels = append(r.Levels, plane.LevelLoad{Name: l.Name, Nominal: n, Current: n, Demand: w.demand[l.Name]})
	}
	mean := 0.004
	if w.harmed() {
		mean = 1.6
	}
	r.Flows = append(r.Flows, plane.FlowLoad{Level: "node-high", Schema: "system-node-high", Requests: 80, ExecSeconds: 80 * mean})
	if w.plan.LookCloser {
		r.Dumped = w.now
		r.Held = append(r.Held, plane.Held{Client: plane.Client{User: "system:node:n1", Verb: "update", Group: "coordination.k8s.io", Resource: "leases", Namespaced: true}, Level: "node-high", Schema: "system-node-high", Executing: 2, Seats: 2, Width: 1})
	}
	for _, c := range w.storming {
		r = w.storm(r, c)
	}
	r.Process, r.Version = w.process, w.version
	return w.serve(r, window)
}

// serve has a replica serve the crowd as far as its seats go.
func (w *world) serve(r plane.Replica, window time.Duration) plane.Replica {
	used := min(w.crowd, float64(w.usable()))
	for i, l := range r.Levels {
		if l.Name == "workload-low" {
			r.Levels[i].Executing = int(used)
		}
	}
	mean := 0.005 * max(1, used/w.knee)
	n := used * window.Seconds() / mean
	r.Served = []plane.Served{{Class: plane.Class{Verb: "GET", Resource: "pods", Scope: "resource"}, Requests: n, Seconds: n * mean}}
	r.Delays = []plane.Delays{{Scope: "resource", Upper: []float64{12 * mean, 24 * mean}, Within: []float64{0.99 * n, n}, Requests: n}}
	if w.failing > 0 {
		r.Answers = plane.Answers{Requests: n, Errors: n * w.failing}
	}
	f := plane.FlowLoad{Level: "workload-low", Schema: "service-accounts", Requests: n, ExecSeconds: n * mean}
	if w.crowd > used {
		f.WaitSeconds = n
	}
	r.Flows = append(r.Flows, f)
	for i := range int(min(w.crowd, 100)) {
		if r.Dumped.IsZero() {
			break
		}
		c := plane.Client{User: fmt.Sprintf("system:serviceaccount:shop-%d:web", i), Verb: "get", Resource: "pods", Namespaced: true}
		h := plane.Held{Client: c, Level: f.Level, Schema: f.Schema, Waiting: 1, Width: 1}
		if float64(i) < used {
			h.Executing, h.Waiting, h.Seats = 1, 0, 1
		}
		r.Held = append(r.Held, h)
	}
	return r
}

// usable is the line that the tenant's ballast leaves.
func (w *world) usable() int {
	held := 0
	for _, l := range w.config.Levels {
		if l.Name == seats.BallastName {
			held = l.Shares
		}
	}
	return seats.Usable(w.ceiling, seats.Lasting(w.config.Levels), held)
}

func (w *world) storm(r plane.Replica, c plane.Client) plane.Replica {
	if s, jailed := w.jailOf(c); jailed {
		f := plane.FlowLoad{Level: s.Name, Schema: s.Name, Rejected: 300}
		if s.Grade.Kind != plane.GradeNone {
			f.Requests, f.Executing = 2, 1
		}
		r.Flows = append(r.Flows, f)
		return r
	}
	if !r.Dumped.IsZero() {
		r.Held = append(r.Held, plane.Held{Client: c, Level: w.level, Schema: "service-accounts", Executing: 21, Seats: 210, Width: 10})
	}
	return r
}
