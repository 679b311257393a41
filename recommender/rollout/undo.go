// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "time"

// Undoing is a step that is being taken back, and why.
type Undoing struct {
	Step  Step
	Why   string
	Since time.Time
	// Written is when what was before was written again, and Well since when all of the
	// component have been well after that; zero while they are not.
	Written, Well time.Time
}

// Undone tells that there is nothing to take back, or that it cannot be.
func (s State) Undone() State {
	s.Undoing = nil
	return s
}

// Rewritten tells that what was before was written again. It disturbs as the step did:
// nothing else begins until all have been well after it.
func (s State) Rewritten(now time.Time) State {
	if s.Undoing != nil && s.Undoing.Written.IsZero() {
		u := *s.Undoing
		u.Written = now
		s.Undoing = &u
	}
	return s
}

// settle ends what was taken back once all of the component have been well for as long as
// after a step.
func (s State) settle(seen Seen, now time.Time) State {
	if s.Undoing == nil {
		return s
	}
	u := *s.Undoing
	if u.Written.IsZero() {
		if seen.Paused { // nothing may be written: that is not counted
			u.Since = now
		}
		s.Undoing = &u
		return s
	}
	switch {
	case short(u.Step, true, seen, now) != "":
		u.Well = time.Time{}
	case u.Well.IsZero():
		u.Well = now
	case now.Sub(u.Well) >= u.Step.holds():
		return s.Undone()
	}
	s.Undoing = &u
	return s
}

// Doubted tells that it is not known whether the step under way was written: it is, if it
// is no longer wanted after an interval.
func (s State) Doubted(now time.Time) State {
	if s.Under != nil && s.Under.Doubt.IsZero() {
		u := *s.Under
		u.Doubt = now
		s.Under = &u
	}
	return s
}
