// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package care

import (
	"maps"
	"time"
)

const (
	// leftFor is how long a member is left alone whose file did not shrink, and restsFor one
	// whose file did: what is air again then is another matter.
	leftFor, restsFor = 24 * time.Hour, time.Hour
	// failedFor is how long one is left alone whose defragmentation failed, and soonFor the
	// same while etcd has no space.
	failedFor, soonFor = 10 * time.Minute, time.Minute
	// lostAfter is after how long without a word a defragmentation is taken to have failed:
	// its bound of two minutes, and the looks before and after.
	lostAfter = 4 * time.Minute
)

// Memory is what is kept of the care for etcd from one pass to the next. Its zero value is
// an operator that has just started.
type Memory struct {
	Growth  Growth
	Day     Day
	History History
	// Alarmed is since when the alarm NOSPACE is seen; zero while it is not.
	Alarmed time.Time
	// Compacting is when a compaction was last ordered, Compacted when one was seen to be
	// done, and Revision up to which; all are of this alarm. Disarming is when the alarm was
	// last to be taken back.
	Compacting, Compacted, Disarming time.Time
	Revision                         int64
	// Tries are the defragmentations by member.
	Tries map[string]Try
	// Missing is since when a member is not there.
	Missing map[string]time.Time
	// Told is what was told once, by what it is about.
	Told map[string]string
	// LeaderOrdered is when another leader was last ordered, by whomever.
	LeaderOrdered time.Time
}

// Try is one defragmentation of one member.
type Try struct {
	// UID is the pod's: its successor is another matter.
	UID string
	// Began is when it was ordered, Over when it was over; zero while it is not.
	Began, Over time.Time
	// Until is until when the member is left alone; Shrunk is whether its file shrank and
	// Done whether it was carried through at all.
	Until        time.Time
	Shrunk, Done bool
}

// Clone is the same memory, which goes its own way from here.
func (m Memory) Clone() Memory {
	m.Tries, m.Missing, m.Told = clone(m.Tries), clone(m.Missing), clone(m.Told)
	return m
}

func clone[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}

// Ordered notes that the defragmentation of a member has begun.
func (m Memory) Ordered(member, uid string, at time.Time) {
	m.Tries[member] = Try{UID: uid, Began: at}
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
// and of pods that are gone.
func (m Memory) Lapse(uids map[string]string, now time.Time) {
	for name, t := range m.Tries {
		switch uid, known := uids[name]; {
		case known && uid != t.UID, !t.Over.IsZero() && now.After(t.Until) && now.Sub(t.Over) > leftFor:
			delete(m.Tries, name)
		case t.Over.IsZero() && now.Sub(t.Began) > lostAfter:
			m.Ended(name, t.UID, false, false, now)
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
	case t.Over.IsZero():
		return ", which is under way"
	case !now.Before(t.Until):
		return ""
	case t.Shrunk:
		return ", which has given room back a while ago, until " + until
	case t.Done:
		return ", which gave no room back last time, until " + until
	default:
		return ", which failed last time, until " + until
	}
}

// MayRelieve tells whether a member may be defragmented while etcd has no space: what was
// tried before the history was compacted says nothing of what it gives back now.
func (m Memory) MayRelieve(member string, now time.Time) bool {
	t := m.Tries[member]
	underWay := !t.Began.IsZero() && t.Over.IsZero()
	return !underWay && (!t.Over.After(m.Compacted) || !now.Before(t.Until))
}

// Through tells whether a member has been defragmented since the history was compacted.
func (m Memory) Through(member string) bool {
	t := m.Tries[member]
	return t.Done && !m.Compacted.IsZero() && t.Began.After(m.Compacted)
}

// Once tells whether something is to be told of a subject: what is told again in the same
// words is not.
func (m Memory) Once(about, words string) bool {
	if m.Told[about] == words {
		return false
	}
	m.Told[about] = words
	return true
}

// Forget lets something be told again.
func (m Memory) Forget(about string) { delete(m.Told, about) }

// Relieved forgets an alarm that is over.
func (m Memory) Relieved() Memory {
	m.Alarmed, m.Compacting, m.Compacted, m.Disarming, m.Revision = time.Time{}, time.Time{}, time.Time{}, time.Time{}, 0
	return m
}
