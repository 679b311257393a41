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
	// undoWithin is for how long what is taken back is tried.
	undoWithin = 10 * time.Minute
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

// Under is the step under way.
type Under struct {
	Step  Step
	Began time.Time
	// WasReady is when what is touched was first seen to be ready after it; Done since when
	// what was to be done is, and all are well, LastDone when that was last so. Zero while
	// that is not so.
	WasReady, Done, LastDone time.Time
	// Before are all subjects as they were, by UID; Memory what those that are touched took
	// in the last two intervals, oldest first.
	Before map[string]Was
	Memory map[string][]Took
	// Bad is since when each signal has been worse.
	Bad map[Signal]time.Time
}

// Took is what a pod's memory was at a time.
type Took struct {
	At    time.Time
	Bytes float64
}

// Undoing is a step that is being taken back, and why.
type Undoing struct {
	Step  Step
	Why   string
	Since time.Time
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
}

// Advance brings the plan up to one look. due are the steps that are wanted now: one that
// is under way is done when it is no longer among them.
func (s State) Advance(due []Step, seen Seen, now time.Time) (State, Decision) {
	anew := s.Recent.fresh(seen.Subjects, now)
	s.Recent = s.Recent.with(anew, now)
	d := Decision{Due: Order(due, s.Zone)}
	s = s.forget(now)
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
	if s.Undoing != nil && now.Sub(s.Undoing.Since) > undoWithin {
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
	u := &Under{Step: step, Began: now, Before: map[string]Was{}, Memory: map[string][]Took{}, Bad: map[Signal]time.Time{}}
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

// follow watches the step under way.
func (s State) follow(d Decision, seen Seen, now time.Time) (State, Decision) {
	u := *s.Under // the state of before is not changed
	u.Bad, u.Memory = maps.Clone(u.Bad), maps.Clone(u.Memory)
	s.Under = &u
	bad := s.judge(seen, now)
	u.remember(bad, seen, now)
	for _, b := range bad {
		if b.Certain || now.Sub(u.Bad[b.Signal]) >= patience {
			return s.stop(d, b, now)
		}
	}
	wanted := slices.ContainsFunc(d.Due, func(step Step) bool { return step.key() == u.Step.key() })
	unfinished := u.unfinished(wanted, seen, now)
	if unfinished != "" {
		u.Done = time.Time{}
	} else {
		u.LastDone = now
		if u.Done.IsZero() {
			u.Done = now
		}
	}
	switch {
	case u.blind(seen, now):
		d.Why, d.Paused = "nothing of "+string(u.Step.Component)+" is seen", true
	case now.Sub(u.Began) > u.Step.within() && now.Sub(u.LastDone) > u.Step.within() && unfinished != "":
		return s.stop(d, Bad{Signal: Stuck, Words: fmt.Sprintf("it has not ended within %s: %s", u.Step.within(), unfinished)}, now)
	case len(bad) > 0:
		d.Why, d.Paused = bad[0].Words, bad[0].Signal == Unseen
	case unfinished != "":
		d.Why, d.Paused = unfinished, strings.HasSuffix(unfinished, "is not seen")
	case now.Sub(u.Done) >= u.Step.holds():
		step := u.Step
		d.Done, s.Under = &step, nil
	default:
		d.Why = "the gate after it has held since " + clock(u.Done)
	}
	return s, d
}

// remember keeps since when what is worse has been so, and what is needed of the pods.
func (u *Under) remember(bad []Bad, seen Seen, now time.Time) {
	since := map[Signal]time.Time{}
	for _, b := range bad {
		since[b.Signal] = now
		if was, is := u.Bad[b.Signal]; is {
			since[b.Signal] = was
		}
	}
	u.Bad = since
	for _, one := range seen.Subjects {
		if !u.touches(one) || one.UID == u.Step.UID && u.Step.renews() {
			continue
		}
		if one.Ready && u.WasReady.IsZero() && (!u.Step.starts() || one.Restarts > u.Before[one.UID].Restarts || u.Step.renews()) {
			u.WasReady = now
		}
		took := slices.DeleteFunc(slices.Clone(u.Memory[one.UID]), func(t Took) bool { return now.Sub(t.At) > 2*Interval })
		u.Memory[one.UID] = append(took, Took{At: now, Bytes: one.Memory})
	}
}

// blind tells whether nothing is seen of the component that is touched. Then it is not
// known whether anything is wrong, nor would it be after it was taken back.
func (u *Under) blind(seen Seen, now time.Time) bool {
	return !slices.ContainsFunc(seen.Subjects, func(o Subject) bool {
		return o.Component == u.Step.Component && !o.At.IsZero() && now.Sub(o.At) <= Interval
	})
}

// unfinished says what is still missing until the step is over; empty when nothing is.
func (u *Under) unfinished(wanted bool, seen Seen, now time.Time) string {
	if wanted {
		return "it is not done yet"
	}
	if u.Step.Kind == MoveLeader && slices.ContainsFunc(seen.Subjects, func(o Subject) bool { return o.UID == u.Step.UID && o.Leader }) {
		return u.Step.Pod + " still leads"
	}
	there := map[string]int{}
	for _, one := range seen.Subjects {
		there[string(one.Component)]++
		if why := unwell(one, u.Step, seen, now); why != "" {
			return why
		}
	}
	if n, want := there[string(u.Step.Component)], seen.Wanted[u.Step.Component]; n < want {
		return fmt.Sprintf("%d of %d pods of %s run", n, want, u.Step.Component)
	}
	return ""
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
	s.Under, s.Undoing = nil, &Undoing{Step: step, Why: b.Words, Since: now}
	d.Stopped, d.Signal, d.Why = &step, b.Signal, b.Words
	return s, d
}

// Undone tells that what was to be taken back was, or cannot be.
func (s State) Undone() State {
	s.Undoing = nil
	return s
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
