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
	// takes is how long a step takes until it is done; hurt changes the subjects of a look
	// while a step is under way and after it.
	takes time.Duration
	hurt  func(w *world, one *rollout.Subject)
	// begun, done and stopped are what has happened, and at which times.
	begun, done, stopped []happened
	last                 rollout.Decision
	ending               time.Time
	generation           int
	stoppedTelling       time.Time
}

type happened struct {
	at   time.Time
	step rollout.Step
	d    rollout.Decision
}

func newWorld() *world {
	w := &world{now: time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC), takes: 10 * time.Second}
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
	w.look()
	w.state, w.last = w.state.Advance(w.due, w.seen, w.now)
	d := w.last
	if d.Begin != nil {
		w.begun = append(w.begun, happened{w.now, *d.Begin, d})
		w.ending = w.now.Add(w.takes)
		w.disturb(*d.Begin)
	}
	if d.Done != nil {
		w.done = append(w.done, happened{w.now, *d.Done, d})
	}
	if d.Stopped != nil {
		w.stopped = append(w.stopped, happened{w.now, *d.Stopped, d})
	}
	if u := w.state.Under; u != nil && !w.now.Before(w.ending) {
		w.finish(u.Step)
	}
}

// disturb is what a step does at once.
func (w *world) disturb(step rollout.Step) {
	one := w.of(step.UID)
	switch step.Kind {
	case rollout.Restart, rollout.Replace, rollout.Defragment:
		one.Ready, one.Well = false, false
	case rollout.MoveLeader, rollout.Roll:
	}
}

// finish is what it has come to when it has ended.
func (w *world) finish(step rollout.Step) {
	one := w.of(step.UID)
	w.due = slices.DeleteFunc(slices.Clone(w.due), func(s rollout.Step) bool {
		return s.UID == step.UID && (s.Kind == step.Kind || step.Kind == rollout.Replace)
	})
	if one == nil {
		return
	}
	switch step.Kind {
	case rollout.MoveLeader:
		for i := range w.seen.Subjects {
			s := &w.seen.Subjects[i]
			s.Leader = s.Component == sizing.Etcd && s.UID != step.UID && s.Ready && !slices.ContainsFunc(w.seen.Subjects[:i], func(o rollout.Subject) bool { return o.Leader })
		}
		for i := range w.due {
			w.due[i].Leader = w.of(w.due[i].UID).Leader
		}
	case rollout.Restart:
		one.Restarts++
		one.Ready, one.Well = true, true
	case rollout.Replace:
		w.generation++
		one.UID, one.At, one.Window = fmt.Sprintf("%s+%d", one.UID, w.generation), time.Time{}, 0
		one.Ready, one.Well = true, true
	case rollout.Defragment, rollout.Roll:
		one.Ready, one.Well = true, true
	}
	w.ending = w.now.Add(time.Hour)
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
