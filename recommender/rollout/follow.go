// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Under is the step under way.
type Under struct {
	Step  Step
	Began time.Time
	// First is when each pod that came after it was first seen, and WasReady when each pod
	// that is touched was first seen to be ready after it, by UID.
	First, WasReady map[string]time.Time
	// Done is since when what was to be done is, and all are well, LastDone when that was
	// last so. Zero while that is not so. Seen is when anything of its component was last
	// seen.
	Done, LastDone, Seen time.Time
	// Doubt is since when it has not been known whether it was written; zero when it is.
	Doubt time.Time
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

// follow watches the step under way.
func (s State) follow(d Decision, seen Seen, now time.Time) (State, Decision) {
	u := s.Under.copied() // the state of before is not changed
	s.Under = &u
	wanted := slices.ContainsFunc(d.Due, func(step Step) bool { return step.key() == u.Step.key() })
	working := wanted && u.Step.Kind == Defragment
	bad := s.judge(seen, working, now)
	u.remember(bad, seen, working, now)
	for _, b := range bad {
		if b.Certain || now.Sub(u.Bad[b.Signal]) >= patience {
			return s.stop(d, b, now)
		}
	}
	unfinished := u.unfinished(wanted, seen, now)
	u.count(unfinished == "", now)
	late := now.Sub(u.Began) > u.Step.within() && now.Sub(u.LastDone) > u.Step.within()
	switch {
	case now.Sub(u.Seen) > blindFor:
		d.Why = fmt.Sprintf("nothing of %s has been seen for %s: what became of %s is not known", u.Step.Component, blindFor, u.Step.words())
		s.Under = nil
	case u.blind(seen, now):
		d.Why, d.Paused = "nothing of "+string(u.Step.Component)+" is seen", true
	case wanted && u.unwritten(now):
		d.Why = "it was not written"
		return s.Failed(now), d
	case late && unfinished != "":
		return s.tooLate(d, unfinished, seen, now)
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

// count keeps since when the step has been done.
func (u *Under) count(done bool, now time.Time) {
	if !done {
		u.Done = time.Time{}
		return
	}
	u.LastDone, u.Doubt = now, time.Time{}
	if u.Done.IsZero() {
		u.Done = now
	}
}

// unwritten tells that what was in doubt would have been seen by now.
func (u *Under) unwritten(now time.Time) bool {
	return !u.Doubt.IsZero() && now.Sub(u.Doubt) >= Interval
}

// tooLate ends a step that has taken too long. A leader that stays where it is has harmed
// nobody. A restart that never came is taken back, or it would come at any time; it is no
// reason to stop others.
func (s State) tooLate(d Decision, unfinished string, seen Seen, now time.Time) (State, Decision) {
	u := s.Under
	d.Why = fmt.Sprintf("it has not ended within %s: %s", u.Step.within(), unfinished)
	switch {
	case u.Step.Kind == MoveLeader:
		return s.Failed(now), d
	case u.Step.Kind == Restart && u.yet(seen):
		step := u.Step
		s = s.leaveAlone(step, now.Add(stoppedFor))
		s.Under, s.Undoing = nil, &Undoing{Step: step, Why: d.Why, Since: now}
		return s, d
	}
	return s.stop(d, Bad{Signal: Stuck, Words: d.Why}, now)
}

// yet tells whether a pod that is to restart is there and has not.
func (u *Under) yet(seen Seen) bool {
	return slices.ContainsFunc(seen.Subjects, func(o Subject) bool {
		return o.UID == u.Step.UID && o.Restarts <= u.Before[o.UID].Restarts
	})
}

// copied is one that can be changed.
func (u *Under) copied() Under {
	out := *u
	out.Bad, out.Memory = maps.Clone(u.Bad), maps.Clone(u.Memory)
	out.First, out.WasReady = cloned(u.First), cloned(u.WasReady)
	return out
}

func cloned(m map[string]time.Time) map[string]time.Time {
	if m == nil {
		return map[string]time.Time{}
	}
	return maps.Clone(m)
}

// answers are the signals of a pod that answers nobody: it is not seen at first, and not
// ready once that is noticed. It is as ill as it was.
var answers = map[Signal]Signal{Unseen: Readiness, Readiness: Unseen}

// remember keeps since when what is worse has been so, and what is needed of the pods.
func (u *Under) remember(bad []Bad, seen Seen, working bool, now time.Time) {
	since := map[Signal]time.Time{}
	for _, b := range bad {
		since[b.Signal] = now
		if was, is := u.Bad[b.Signal]; is {
			since[b.Signal] = was
		} else if was, is := u.Bad[answers[b.Signal]]; is {
			since[b.Signal] = was
		}
	}
	u.Bad = since
	if !u.blind(seen, now) {
		u.Seen = now
	}
	for _, one := range seen.Subjects {
		if !u.touches(one) || one.Ending || one.UID == u.Step.UID && u.Step.renews() {
			continue
		}
		u.meet(one, working, now)
		took := slices.DeleteFunc(slices.Clone(u.Memory[one.UID]), func(t Took) bool { return now.Sub(t.At) > 2*Interval })
		u.Memory[one.UID] = append(took, Took{At: now, Bytes: one.Memory})
	}
}

// meet keeps when a pod that is touched was first seen, and first ready.
func (u *Under) meet(one Subject, working bool, now time.Time) {
	before, was := u.Before[one.UID]
	if _, met := u.First[one.UID]; !met && !was {
		u.First[one.UID] = now
	}
	anew := !u.Step.starts() || u.Step.renews() || one.Restarts > before.Restarts
	if _, ready := u.WasReady[one.UID]; !ready && one.Ready && anew && !working {
		u.WasReady[one.UID] = now
	}
}

// blind tells whether nothing is seen of the component that is touched. Then it is not
// known whether anything is wrong, nor would it be after it was taken back.
func (u *Under) blind(seen Seen, now time.Time) bool {
	return !slices.ContainsFunc(seen.Subjects, func(o Subject) bool {
		return o.Component == u.Step.Component && !o.At.IsZero() && now.Sub(o.At) <= Interval
	})
}

// unfinished says what is still missing until the step is over; empty when nothing is. It
// asks of the others what the gate before it did. A move of the leader is over when another
// leads: it touches no pod, and those that it left may be about to go.
func (u *Under) unfinished(wanted bool, seen Seen, now time.Time) string {
	switch {
	case wanted:
		return "it is not done yet"
	case u.Step.Kind == MoveLeader:
		return u.unmoved(seen)
	}
	why := short(u.Step, u.Step.Urgent, seen, now)
	if why == "" && u.Step.Kind == Restart && u.yet(seen) {
		return u.Step.Pod + " has not restarted yet"
	}
	return why
}

// short says which pod is not there or not well of the step's component, or, where not that
// one alone counts, of either; empty when none.
func short(step Step, alone bool, seen Seen, now time.Time) string {
	there := 0
	for _, one := range seen.Subjects {
		mine := one.Component == step.Component
		if one.left(seen) || !mine && alone {
			continue
		}
		if mine {
			there++
		}
		if why := unwell(one, step, seen, now); why != "" {
			return why
		}
	}
	if want := seen.Wanted[step.Component]; there < want {
		return fmt.Sprintf("%d of %d pods of %s run", there, want, step.Component)
	}
	return ""
}

// unmoved says that the leader is still the one that it was, or that there is none.
func (u *Under) unmoved(seen Seen) string {
	leads := slices.IndexFunc(seen.Subjects, func(o Subject) bool { return o.Leader })
	switch {
	case leads < 0:
		return "no member leads etcd"
	case seen.Subjects[leads].UID == u.Step.UID:
		return u.Step.Pod + " still leads"
	}
	return ""
}
