// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package care

import (
	"maps"
	"time"
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
	// done, and Revision up to which; Rounds counts those that were. Disarming is when the
	// alarm was last to be taken back. Failed is when one of the two last failed, and
	// FailedWhy why. All are of this alarm.
	Compacting, Compacted, Disarming, Failed time.Time
	Revision                                 int64
	Rounds                                   int
	FailedWhy                                string
	// Tries are the defragmentations by member.
	Tries map[string]Try
	// Missing is since when a member is not there.
	Missing map[string]time.Time
	// Told is what was told once, by what it is about.
	Told map[string]string
	// LeaderOrdered is when another leader was last ordered, by whomever.
	LeaderOrdered time.Time
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
	m.Alarmed, m.Compacting, m.Compacted, m.Disarming, m.Failed = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	m.Revision, m.Rounds, m.FailedWhy = 0, 0, ""
	return m
}
