// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import "slices"

// Letter is what is known of one minute. Those of bad minutes are capitals, and tell what
// the minute is put down to.
type Letter byte

// What a minute can have been.
const (
	// Unseen is a minute in which nobody looked, or could.
	Unseen Letter = 'u'
	// Good is a minute in which requests were served, in time.
	Good Letter = 'g'
	// Slow is a good one in which requests were later than their objective.
	Slow Letter = 's'
	// Shedding is a good one in which requests were refused with 429.
	Shedding Letter = 'r'

	// The causes of bad minutes.
	ByEvenkeel Letter = 'K'
	ByZone     Letter = 'Z'
	ByEtcd     Letter = 'E'
	ByOffender Letter = 'O'
	ByRollout  Letter = 'R'
	ByUnknown  Letter = 'X'
)

// causes are the words for the causes, in the order in which they are shown.
var causes = []struct {
	letter Letter
	word   string
}{
	{ByEvenkeel, "Evenkeel"}, {ByZone, "Zone"}, {ByEtcd, "Etcd"}, {ByOffender, "Offender"}, {ByRollout, "Rollout"}, {ByUnknown, "Unknown"},
}

// others are the words for minutes that were not bad.
var others = map[Letter]string{Unseen: "Unseen", Good: "Good", Slow: "Slow", Shedding: "Shedding"}

// Causes are the letters of bad minutes, in the order in which they are shown.
func Causes() []Letter {
	all := make([]Letter, len(causes))
	for i, c := range causes {
		all[i] = c.letter
	}
	return all
}

// String is the word for a minute: Good, Unseen, or the cause of a bad one.
func (l Letter) String() string {
	if word, is := others[l]; is {
		return word
	}
	for _, c := range causes {
		if c.letter == l {
			return c.word
		}
	}
	return "Unseen"
}

// CauseOf is the letter of a cause's word; ByUnknown of what is none.
func CauseOf(word string) Letter {
	for _, c := range causes {
		if c.word == word {
			return c.letter
		}
	}
	return ByUnknown
}

// Bad tells whether a minute was bad.
func (l Letter) Bad() bool { return l >= 'A' && l <= 'Z' }

// Seen tells whether anything is known of a minute.
func (l Letter) Seen() bool { return l != Unseen }

// valid tells whether a letter is one of those above.
func (l Letter) valid() bool { return rank(l) >= 0 }

// ranks are the letters from the one that says least to the one that says most. Of two
// accounts of the same minute, as after a clock that was set back, the later here counts:
// a bad minute stays bad, and one whose cause is known is not made unknown.
var ranks = []Letter{Unseen, Good, Slow, Shedding, ByUnknown, ByRollout, ByOffender, ByEtcd, ByZone, ByEvenkeel}

func rank(l Letter) int { return slices.Index(ranks, l) }

// worse is the one of two accounts of a minute that counts.
func worse(a, b Letter) Letter {
	if rank(b) > rank(a) {
		return b
	}
	return a
}
