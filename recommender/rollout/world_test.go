// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const tick = 5 * time.Second

// world is a control plane of three replicas and three members in three zones, and what
// its plan does to it.
type world struct {
	now   time.Time
	state rollout.State
	seen  rollout.Seen
	due   []rollout.Step
	// noise makes figures that are never quite the same; nil has them still.
	noise *rand.Rand
	// takes is how long a step takes until it is done, and lingers how long a pod takes to
	// end; hurt changes the subjects of a look while a step is under way and after it.
	takes, lingers time.Duration
	hurt           func(w *world, one *rollout.Subject)
	// noRoom has a restart that is written not come.
	noRoom bool
	later  []event
	// looked are the subjects as the last look had them, before the step that it began.
	looked []rollout.Subject
	// begun, done and stopped are what has happened, and at which times.
	begun, done, stopped []happened
	last                 rollout.Decision
	generation           int
	stoppedTelling       time.Time
}

// event is something that happens at a time.
type event struct {
	at   time.Time
	what func()
}

type happened struct {
	at   time.Time
	step rollout.Step
	d    rollout.Decision
}

func newWorld() *world {
	w := &world{now: time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC), takes: 10 * time.Second, lingers: 2 * time.Second}
	w.seen.Wanted = map[sizing.Component]int{sizing.APIServer: 3, sizing.Etcd: 3}
	for i, zone := range []string{"a", "b", "c"} {
		w.seen.Subjects = append(w.seen.Subjects,
			rollout.Subject{Component: sizing.APIServer, Pod: "kube-apiserver-" + zone, UID: "r" + zone, Zone: zone, Node: "node-" + zone, Ready: true, Well: true, Memory: 400 << 20},
			rollout.Subject{
				Component: sizing.Etcd, Pod: fmt.Sprintf("etcd-%d", i), UID: "m" + zone, Zone: zone, Node: "node-" + zone,
				Ready: true, Well: true, Voter: true, Leader: i == 0, Memory: 100 << 20,
			})
	}
	return w
}

// about is the number, or near it.
func (w *world) about(n float64) float64 {
	if w.noise == nil {
		return n
	}
	return n * math.Exp(0.25*w.noise.NormFloat64())
}

// some is a count, or near it.
func (w *world) some(n float64) float64 {
	if w.noise == nil {
		return math.Round(n)
	}
	return max(0, math.Round(n+math.Sqrt(n)*w.noise.NormFloat64()))
}

// look has every subject tell what it did in the last tick.
func (w *world) look() {
	for i := range w.seen.Subjects {
		one := &w.seen.Subjects[i]
		if !one.Ready {
			continue
		}
		one.At, one.Window = w.now, tick
		one.Errors, one.Refused, one.Ends, one.LeaderChanges = 0, 0, 0, 0
		if one.Component == sizing.APIServer {
			one.Requests = w.some(500)
			one.Errors, one.Refused = w.some(0.2), w.some(1)
			one.Delays = [rollout.Scopes]rollout.Delay{{Requests: w.some(400), P99: w.about(0.05)}, {Requests: w.some(60), P99: w.about(0.4)}, {Requests: w.some(40), P99: w.about(2)}}
			one.Ends = w.some(0.1)
		} else {
			one.Fsyncs, one.Fsync = w.some(300), w.about(0.006)
		}
		if w.hurt != nil {
			w.hurt(w, one)
		}
	}
}

// pass is one look and what is done about it.
func (w *world) pass() {
	w.now = w.now.Add(tick)
	w.happen()
	w.look()
	w.looked = slices.Clone(w.seen.Subjects)
	w.due = slices.DeleteFunc(slices.Clone(w.due), func(s rollout.Step) bool { return s.Kind != rollout.Roll && w.of(s.UID) == nil })
	w.state, w.last = w.state.Advance(w.due, w.seen, w.now)
	d := w.last
	if d.Begin != nil {
		w.begun = append(w.begun, happened{w.now, *d.Begin, d})
		w.disturb(*d.Begin)
	}
	if d.Done != nil {
		w.done = append(w.done, happened{w.now, *d.Done, d})
	}
	if d.Stopped != nil {
		w.stopped = append(w.stopped, happened{w.now, *d.Stopped, d})
	}
}

// after has something happen later.
func (w *world) after(d time.Duration, what func()) {
	w.later = append(w.later, event{w.now.Add(d), what})
}

// happen does what is due by now, in its order.
func (w *world) happen() {
	slices.SortStableFunc(w.later, func(a, b event) int { return a.at.Compare(b.at) })
	for len(w.later) > 0 && !w.now.Before(w.later[0].at) {
		what := w.later[0].what
		w.later = w.later[1:]
		what()
	}
}

// set changes a subject that may be gone by then.
func (w *world) set(uid string, how func(one *rollout.Subject)) {
	if one := w.of(uid); one != nil {
		how(one)
	}
}

func healthy(one *rollout.Subject) { one.Ready, one.Well = true, true }
func away(one *rollout.Subject)    { one.Ready, one.Well = false, false }

// disturb is what a step does, now and later.
func (w *world) disturb(step rollout.Step) {
	over := func() {
		w.due = slices.DeleteFunc(slices.Clone(w.due), func(s rollout.Step) bool {
			return s.UID == step.UID && (s.Kind == step.Kind || step.Kind == rollout.Replace)
		})
	}
	switch step.Kind {
	case rollout.MoveLeader:
		w.after(w.takes, func() { over(); w.lead(step.UID) })
	case rollout.Defragment:
		w.set(step.UID, away)
		w.after(w.takes, func() { over(); w.set(step.UID, healthy) })
	case rollout.Restart:
		w.set(step.UID, func(one *rollout.Subject) { one.Restarting = true })
		w.after(0, over) // it requests what it should as soon as that is written
		if !w.noRoom {
			w.after(tick, func() { w.set(step.UID, away) })
			w.after(tick+w.takes, func() {
				w.set(step.UID, func(one *rollout.Subject) { healthy(one); one.Restarts++; one.Restarting = false })
			})
		}
	case rollout.Replace:
		w.replace(step.UID, step.Component == sizing.Etcd)
		w.after(0, over)
	case rollout.Roll:
		w.roll(over)
	}
}

// lead has the first member that can lead instead.
func (w *world) lead(instead string) {
	led := false
	for i := range w.seen.Subjects {
		s := &w.seen.Subjects[i]
		s.Leader = !led && s.Component == sizing.Etcd && s.UID != instead && s.Ready
		led = led || s.Leader
	}
	for i := range w.due {
		w.due[i].Leader = w.of(w.due[i].UID) != nil && w.of(w.due[i].UID).Leader
	}
}

// replace has a pod end and another take its place: at once, or when it has gone.
func (w *world) replace(uid string, inPlace bool) {
	if w.of(uid) == nil {
		return // another step has replaced it
	}
	old := *w.of(uid)
	w.generation++
	anew := old
	anew.UID, anew.Pod = fmt.Sprintf("%s+%d", uid, w.generation), fmt.Sprintf("%s+%d", old.Pod, w.generation)
	anew.Ready, anew.Well, anew.Ending, anew.At, anew.Window, anew.Restarts = false, false, false, time.Time{}, 0, 0
	w.set(uid, func(one *rollout.Subject) { away(one); one.Ending = true })
	gone := func() {
		w.seen.Subjects = slices.DeleteFunc(slices.Clone(w.seen.Subjects), func(s rollout.Subject) bool { return s.UID == uid })
	}
	if inPlace {
		anew.Pod = old.Pod
		w.after(w.lingers, func() { gone(); w.seen.Subjects = append(w.seen.Subjects, anew) })
		w.after(w.lingers+w.takes, func() { w.set(anew.UID, healthy) })
		return
	}
	w.seen.Subjects = append(slices.Clone(w.seen.Subjects), anew)
	w.after(w.takes, func() { w.set(anew.UID, healthy) })
	w.after(w.lingers, gone)
}

// roll replaces every replica, each when the one before has been well for a while.
func (w *world) roll(over func()) {
	at := time.Duration(0)
	for _, one := range w.seen.Subjects {
		if one.Component == sizing.APIServer && !one.Ending {
			w.after(at, func() { w.replace(one.UID, false) })
			at += max(w.takes, w.lingers) + 2*rollout.Interval
		}
	}
	w.after(at, over)
}

func (w *world) of(uid string) *rollout.Subject {
	i := slices.IndexFunc(w.seen.Subjects, func(s rollout.Subject) bool { return s.UID == uid })
	if i < 0 {
		return nil
	}
	return &w.seen.Subjects[i]
}

func (w *world) run(d time.Duration) {
	for end := w.now.Add(d); w.now.Before(end); {
		w.pass()
	}
}

// until passes until something is so, and tells whether it came to be within so long.
func (w *world) until(is func() bool, within time.Duration) bool {
	for end := w.now.Add(within); w.now.Before(end); {
		if w.pass(); is() {
			return true
		}
	}
	return false
}

// step is one on the subject with this UID.
func (w *world) step(kind rollout.Kind, uid string) rollout.Step {
	one := w.of(uid)
	return rollout.Step{Kind: kind, Component: one.Component, Pod: one.Pod, UID: uid, Node: one.Node, Zone: one.Zone, Leader: one.Leader, Why: "it is due"}
}
