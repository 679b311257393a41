// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	// stoppedFor is how long nothing that can wait begins after something got worse.
	stoppedFor = time.Hour
	// againAfter is how long a step is left alone whose try failed.
	againAfter = time.Minute
	// undoWithin is for how long what is taken back is tried, and, once it was written, how
	// long it may take until all are well.
	undoWithin = 10 * time.Minute
	// blindFor is for how long a step may be under way of which nothing is seen: then its
	// component is no longer looked at, and nobody will ever tell.
	blindFor = 30 * time.Minute
	// patience is how long something must be worse: with the look in which it first is,
	// whose figures are of the tick before it, that is an interval.
	patience = Interval - 5*time.Second
)

// within is how long a step of each kind may take, until what it touched is as well as
// all others.
var within = map[Kind]time.Duration{
	MoveLeader: 30 * time.Second, Defragment: 5 * time.Minute, Restart: 5 * time.Minute, Replace: 10 * time.Minute, Roll: 15 * time.Minute,
}

// State is what is kept from look to look. It is not changed in place.
type State struct {
	// Under is the step under way; nil when none is.
	Under *Under
	// Undoing is what is being taken back; nil when nothing is.
	Undoing *Undoing
	// Zone is where the last step was taken; empty when nothing is due.
	Zone string
	// Stopped is until when nothing that can wait begins, nor anything of the kind that
	// made something worse, and StoppedWhy why.
	Stopped     time.Time
	StoppedKind Kind
	StoppedWhy  string
	// Aside are steps that are left alone until then, by what they are.
	Aside map[string]time.Time
	// Usual is how things were while nothing was under way, Recent the last interval.
	Usual  Usual
	Recent looks
}

// Decision is what one look comes to.
type Decision struct {
	// Begin is the step to begin now, and Gate what was seen to hold before it, a line
	// each; nil when none is to. It may be a move of the leader that nobody asked for: the
	// step that did is next.
	Begin *Step
	Gate  []string
	// Done is the step that has passed the gate after it.
	Done *Step
	// Stopped is the step that made something worse, and is to be taken back where that
	// can be; Signal and Why are what.
	Stopped *Step
	Signal  Signal
	// Paused is whether what is under way cannot be judged, as it is not seen.
	Paused bool
	// Why is what the plan waits for, or what got worse; empty when nothing is due.
	Why string
	// Due are the steps that are due, the next first.
	Due []Step
	// GaveUp is what was to be taken back and could not be; nil when nothing was.
	GaveUp *Undoing
}

// Advance brings the plan up to one look. due are the steps that are wanted now: one that
// is under way is done when it is no longer among them.
func (s State) Advance(due []Step, seen Seen, now time.Time) (State, Decision) {
	anew := s.Recent.fresh(seen.Subjects, now)
	s.Recent = s.Recent.with(anew, now)
	d := Decision{Due: Order(due, s.Zone)}
	undoing := s.Undoing
	s = s.settle(seen, now).forget(now)
	if s.Undoing == nil && undoing != nil && undoing.Written.IsZero() {
		d.GaveUp = undoing
	}
	if s.Under != nil {
		return s.follow(d, seen, now)
	}
	s.Usual = s.Usual.seen(anew, now)
	if len(due) == 0 {
		s.Zone = ""
		return s, d
	}
	if s.Undoing != nil {
		d.Why = "the last step is taken back: " + s.Undoing.Why
		return s, d
	}
	for _, step := range d.Due {
		why := s.held(step, seen, now)
		if why == "" {
			return s.begin(d, step, seen, now)
		}
		if d.Why == "" {
			d.Why = why
		}
	}
	return s, d
}

// forget drops what is over.
func (s State) forget(now time.Time) State {
	if u := s.Undoing; u != nil && now.Sub(u.Since) > undoWithin && now.Sub(u.Written) > undoWithin {
		s.Undoing = nil
	}
	for key, until := range s.Aside {
		if !now.Before(until) {
			s.Aside = maps.Clone(s.Aside)
			delete(s.Aside, key)
		}
	}
	return s
}

// leaveAlone has a step left alone for a while.
func (s State) leaveAlone(step Step, until time.Time) State {
	s.Aside = maps.Clone(s.Aside)
	if s.Aside == nil {
		s.Aside = map[string]time.Time{}
	}
	s.Aside[step.key()] = until
	return s
}

// begin begins a step, or has etcd's leader go elsewhere before it.
func (s State) begin(d Decision, step Step, seen Seen, now time.Time) (State, Decision) {
	if step.Leader && step.Kind != MoveLeader {
		step = step.move()
	}
	u := &Under{
		Step: step, Began: now, Seen: now, First: map[string]time.Time{}, WasReady: map[string]time.Time{},
		Before: map[string]Was{}, Memory: map[string][]Took{}, Bad: map[Signal]time.Time{},
	}
	for _, one := range seen.Subjects {
		u.Before[one.UID] = Was{Component: one.Component, Restarts: one.Restarts, Memory: one.Memory}
	}
	s.Under, s.Zone = u, step.Zone
	d.Begin, d.Gate = &step, gateWords(seen)
	return s, d
}

// move is the move of the leader before something is done to it.
func (s Step) move() Step {
	s.Kind, s.Why = MoveLeader, "it is the next: "+s.Why
	return s
}

// gateWords are what was seen before a step.
func gateWords(seen Seen) []string {
	names := make([]string, 0, len(seen.Subjects))
	for _, one := range seen.Subjects {
		names = append(names, one.Pod)
	}
	slices.Sort(names)
	lines := []string{"all that it does not touch are ready, well and seen: " + strings.Join(names, ", ")}
	if len(seen.Windows) > 0 {
		lines = append(lines, "a maintenance window is open")
	}
	return lines
}

// within is how long the step may take.
func (s Step) within() time.Duration { return cmp.Or(s.Takes, within[s.Kind]) }

// holds is how long the gate after a step must hold: what starts anew shows what is wrong
// with it within two intervals.
func (s Step) holds() time.Duration {
	if s.starts() {
		return 2 * Interval
	}
	return Interval
}

// stop ends the plan for a while.
func (s State) stop(d Decision, b Bad, now time.Time) (State, Decision) {
	step := s.Under.Step
	s = s.leaveAlone(step, now.Add(stoppedFor))
	s.Stopped, s.StoppedKind, s.StoppedWhy = now.Add(stoppedFor), step.Kind, fmt.Sprintf("after %s, %s", step.words(), b.Words)
	if b.Signal == Stuck {
		s.StoppedKind = "" // it made nothing worse: what is urgent of its kind may be tried on others
	}
	s.Under, s.Undoing = nil, &Undoing{Step: step, Why: b.Words, Since: now}
	d.Stopped, d.Signal, d.Why = &step, b.Signal, b.Words
	return s, d
}

// Failed tells that the step under way could not be carried out: nothing was touched.
func (s State) Failed(now time.Time) State {
	if s.Under == nil {
		return s
	}
	s = s.leaveAlone(s.Under.Step, now.Add(againAfter))
	s.Under = nil
	return s
}

// key tells steps apart.
func (s Step) key() string { return string(s.Kind) + "/" + s.UID }

// words are the step in words.
func (s Step) words() string {
	verb := map[Kind]string{
		MoveLeader: "the move of the leader away from", Defragment: "the defragmentation of", Restart: "the restart of",
		Replace: "the eviction of", Roll: "the rollout of",
	}[s.Kind]
	if s.Zone == "" {
		return verb + " " + s.Pod
	}
	return verb + " " + s.Pod + " in zone " + s.Zone
}
