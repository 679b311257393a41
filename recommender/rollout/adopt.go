// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "time"

// Adopt takes a step up that was begun before anything was kept of it, as by a process that
// has ended since. before are the subjects that it has not touched yet, with what they are
// now; began is when it was begun.
func (s State) Adopt(step Step, before []Subject, began time.Time) State {
	s, _ = s.begin(Decision{}, step, Seen{Subjects: before}, began)
	return s
}

// Stood tells that a person has kept a rollout from being taken further or back for so long
// since the last look: that much longer it may take, and is it tried to take it back.
func (s State) Stood(by time.Duration) State {
	if s.Under != nil && s.Under.Step.Kind == Roll {
		u := *s.Under
		u.Step.Takes = u.Step.within() + by
		s.Under = &u
	}
	if s.Undoing != nil && s.Undoing.Step.Kind == Roll {
		u := *s.Undoing
		u.Since = u.Since.Add(by)
		s.Undoing = &u
	}
	return s
}
