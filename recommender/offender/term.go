// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// drainAtMost is how long requests from before a sentence are waited for:
	// they run to their end, and what others suffer meanwhile is no reason for a
	// harder grade.
	drainAtMost = 10 * time.Second
	// paroleShare is the part of a term in which the seats come back.
	paroleShare = 4
)

// Situation is what a sentence's next move depends on.
type Situation struct {
	// Blind is true while a replica or the configuration cannot be seen.
	Blind bool
	// Judged is true when there was a window that began after the sentence had
	// settled.
	Judged bool
	// Harmed is true when others suffered in a window that began after the
	// sentence had settled.
	Harmed bool
	// Running is true when the client's requests ran in the jail in that time.
	Running bool
}

// Change is what became of a sentence.
type Change string

// The changes of a sentence.
const (
	Unchanged Change = ""
	Harsher   Change = "Harsher"
	Eased     Change = "Eased"
	Relapsed  Change = "Relapsed"
	Served    Change = "Served"
)

// Pass is a new sentence for a client with so many sentences before it; the term
// doubles with each.
func Pass(client plane.Client, g plane.Grade, before int, p plane.Profile, now time.Time) plane.Sentence {
	term := p.Term
	for range min(before, 30) {
		term = min(2*term, max(p.MaxTerm, p.Term))
	}
	return plane.Sentence{
		Name: client.SentenceName(), Client: client, Phase: plane.PhaseJailed,
		Grade: g, Hardest: g, Since: now, Until: now.Add(term), Term: term,
		Regraded: now, Count: before + 1,
	}
}

// Settled is when the effect of the present grade can be judged: all replicas
// obey, and the client's requests from before have run to their end or have had
// the time to. Zero while it cannot.
func Settled(s plane.Sentence, now time.Time) time.Time {
	switch {
	case s.InForce.IsZero():
		return time.Time{}
	case !s.Drained.IsZero():
		return s.Drained
	case now.Sub(s.InForce) >= drainAtMost:
		return s.InForce.Add(drainAtMost)
	default:
		return time.Time{}
	}
}

// Advance moves an active sentence on. While blind nothing is eased and nothing
// hardened.
func Advance(s plane.Sentence, sit Situation, p plane.Profile, now time.Time) (plane.Sentence, Change) {
	if sit.Blind {
		return s, Unchanged
	}
	suffering := sit.Harmed && sit.Running
	if s.Phase == plane.PhaseJailed && suffering {
		if harder, ok := Harder(s.Client, s.Grade); ok {
			return regrade(s, harder, now), Harsher
		}
	}
	if s.Phase == plane.PhaseParole && suffering {
		again := Pass(s.Client, s.Hardest, s.Count, p, now)
		again.Reason = s.Reason
		return again, Relapsed
	}
	if !now.Before(s.Until) {
		s.Phase = plane.PhaseReleased
		return s, Served
	}
	if g, ok := paroleGrade(s, now); ok && milder(g, s.Grade) {
		s.Phase = plane.PhaseParole
		eased := regrade(s, g, now)
		eased.Hardest = s.Hardest
		return eased, Eased
	}
	return s, Unchanged
}

func regrade(s plane.Sentence, g plane.Grade, now time.Time) plane.Sentence {
	s.Grade, s.Hardest, s.Regraded = g, g, now
	s.InForce, s.Drained, s.Relieved = time.Time{}, time.Time{}, time.Time{}
	return s
}

// paroleGrade is the grade that the end of the term has come to.
func paroleGrade(s plane.Sentence, now time.Time) (plane.Grade, bool) {
	length := s.Term / paroleShare
	begins := s.Until.Add(-length)
	if now.Before(begins) {
		return plane.Grade{}, false
	}
	stage := int(int64(len(parole)) * int64(now.Sub(begins)) / int64(length))
	return parole[min(stage, len(parole)-1)], true
}
