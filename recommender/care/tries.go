// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package care

import (
	"maps"
	"slices"
	"time"
)

const (
	// leftFor is how long a member is left alone whose file was not seen to shrink, and
	// restsFor one whose file did: what is air again then is another matter. Where only the
	// quota makes it due it is not: what the tenant writes in minutes is air again then.
	leftFor, restsFor = 24 * time.Hour, time.Hour
	// failedFor is how long one is left alone whose defragmentation failed, and soonFor the
	// same while etcd has no space.
	failedFor, soonFor = 10 * time.Minute, time.Minute
	// lostAfter is after how long without a word a defragmentation is taken to be over:
	// its bound of three and a half minutes, and the looks before and after. It is less than
	// the plan of disruptive steps gives one.
	lostAfter = 270 * time.Second
)

// Try is one defragmentation of one member.
type Try struct {
	// UID is the pod's: its successor is another matter.
	UID string
	// Began is when it was ordered, Over when it was over; zero while it is not.
	Began, Over time.Time
	// GoesOn is whether nobody waits for its end any more, and etcd goes on with it.
	GoesOn bool
	// Until is until when the member is left alone; Shrunk is whether its file shrank and
	// Done whether it was carried through at all.
	Until        time.Time
	Shrunk, Done bool
}

// UnderWay tells whether it has begun and nobody has told its end.
func (t Try) UnderWay() bool { return !t.Began.IsZero() && t.Over.IsZero() }

// Ordered notes that the defragmentation of a member has begun.
func (m Memory) Ordered(member, uid string, at time.Time) {
	m.Tries[member] = Try{UID: uid, Began: at}
}

// GoesOn notes that nobody waits for the end of a defragmentation any more. It is under way
// until the member answers again.
func (m Memory) GoesOn(member string) {
	t := m.Tries[member]
	t.GoesOn = true
	m.Tries[member] = t
}

// Ended notes how the defragmentation of a member ended.
func (m Memory) Ended(member, uid string, done, shrunk bool, at time.Time) {
	rests := failedFor
	switch {
	case shrunk:
		rests = restsFor
	case done:
		rests = leftFor
	case !m.Alarmed.IsZero():
		rests = soonFor
	}
	m.Tries[member] = Try{UID: uid, Began: m.Tries[member].Began, Over: at, Until: at.Add(rests), Done: done, Shrunk: shrunk}
}

// Lapse gives up the tries that nobody has told the end of, and forgets those that are over
// and of pods that are gone. One that is known to have gone on counts as carried through, or
// it would be begun again and again.
func (m Memory) Lapse(uids map[string]string, now time.Time) {
	for name, t := range m.Tries {
		switch uid, known := uids[name]; {
		case known && uid != t.UID, !t.Over.IsZero() && now.After(t.Until) && now.Sub(t.Over) > leftFor:
			delete(m.Tries, name)
		case t.UnderWay() && now.Sub(t.Began) > lostAfter:
			m.Ended(name, t.UID, t.GoesOn, false, now)
		}
	}
}

// Waits says what a member's next defragmentation waits for, to be put behind its name;
// empty when for nothing.
func (m Memory) Waits(member string, now time.Time) string {
	t, tried := m.Tries[member]
	until := t.Until.UTC().Format("2006-01-02 15:04")
	switch {
	case !tried:
		return ""
	case t.UnderWay():
		return ", which is under way"
	case !now.Before(t.Until):
		return ""
	case t.Shrunk:
		return ", which has given room back a while ago, until " + until
	case t.Done:
		return ", which was not seen to give room back last time, until " + until
	default:
		return ", which failed last time, until " + until
	}
}

// NearQuota says the same where only a quota that is near makes a defragmentation due.
func (m Memory) NearQuota(member string, now time.Time) string {
	waits, t := m.Waits(member, now), m.Tries[member]
	until := t.Over.Add(leftFor)
	if waits != "" || !t.Done || !now.Before(until) {
		return waits
	}
	return ", which has given room back within the day, until " + until.UTC().Format("2006-01-02 15:04")
}

// UnderWay is the member that is being defragmented; empty when none is.
func (m Memory) UnderWay() string {
	for _, name := range slices.Sorted(maps.Keys(m.Tries)) {
		if m.Tries[name].UnderWay() {
			return name
		}
	}
	return ""
}

// MayRelieve tells whether a member may be defragmented while etcd has no space: what was
// tried before the history was compacted says nothing of what it gives back now.
func (m Memory) MayRelieve(member string, now time.Time) bool {
	t := m.Tries[member]
	return !t.UnderWay() && (!t.Over.After(m.Compacted) || !now.Before(t.Until))
}

// Through tells whether a member has been defragmented since the history was compacted.
func (m Memory) Through(member string) bool {
	t := m.Tries[member]
	return t.Done && !m.Compacted.IsZero() && t.Began.After(m.Compacted)
}
