// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"maps"
	"slices"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// obeyHands brings the sentences that stand in the profile into the wanted state. A
// person's word takes the place of an automatic sentence on the same client.
func (d *pass) obeyHands() {
	if d.profile.Paused || d.profile.Jail == plane.Off {
		return
	}
	d.amnesty()
	standing := map[string]bool{}
	for _, m := range d.profile.Manual {
		name := m.Client.SentenceName()
		if standing[name] || !m.Until.IsZero() && !d.now.Before(m.Until) {
			continue
		}
		standing[name] = true
		d.obeyHand(m)
	}
	for _, name := range slices.Sorted(maps.Keys(d.memory.Offenders)) {
		if s := d.memory.Offenders[name]; s.Manual && !standing[name] && s.Phase != plane.PhaseReleased {
			d.lift(s)
		}
	}
}

// amnesty ends the sentences of clients that the profile has come to protect.
func (d *pass) amnesty() {
	for _, name := range slices.Sorted(maps.Keys(d.memory.Offenders)) {
		s := d.memory.Offenders[name]
		why := offender.CannotBeJailed(offender.Verdict{Client: s.Client}, d.profile)
		if !s.Active() || s.Manual || why == "" {
			continue
		}
		s.Phase, s.Until = plane.PhaseReleased, d.now
		d.decide(s, plane.Reason{Code: v1alpha1.ReasonReleasedByHand, Message: fmt.Sprintf("released %s: %s", s.Client, why)})
	}
}

// obeyHand wants, shows or refuses one sentence of the profile.
func (d *pass) obeyHand(m plane.Manual) {
	was := d.memory.Offenders[m.Client.SentenceName()]
	s := byHand(m, was, d.now)
	reason := plane.Reason{
		Code:     v1alpha1.ReasonSentencedByHand,
		Message:  fmt.Sprintf("jailed %s: %s, %s, by the profile: %s", s.Client, s.Grade.Words(), ends(s), m.Reason),
		Evidence: []string{"the sentence stands in spec.protection.sentences of the profile"},
		Rejected: []string{"easing or hardening it: what a person has decided stays as it is"},
	}
	kind := plane.PassSentence
	switch why := offender.CannotBeJailed(offender.Verdict{Client: m.Client}, d.profile); {
	case why != "":
		s.Phase, kind, reason.Rejected = plane.PhaseCannotBeJailed, plane.NameOffender, nil
		reason.Code = v1alpha1.ReasonCannotBeJailed
		reason.Message = fmt.Sprintf("refused the profile's sentence on %s: %s", s.Client, why)
	case !d.enforcing(d.profile.Jail):
		s.Phase = plane.PhaseRecommended
		reason.Message = fmt.Sprintf("would jail %s: %s, %s, by the profile: %s", s.Client, s.Grade.Words(), ends(s), m.Reason)
	case d.seen.Config != nil && slices.Contains(d.seen.Config.Taken, s.Name):
		s.Phase, kind = plane.PhaseCannotBeJailed, plane.NameOffender
		reason.Code = v1alpha1.ReasonNameTaken
		reason.Message = fmt.Sprintf("cannot carry out the profile's sentence on %s: an object named %s exists that this profile did not write", s.Client, s.Name)
	}
	s.Reason = reason.Message
	if was.Manual && was.Phase == s.Phase && was.Grade == s.Grade && was.Until.Equal(s.Until) && was.Reason == s.Reason {
		return
	}
	if s.Active() {
		d.decide(s, reason)
		return
	}
	d.memory.Offenders[s.Name] = s
	d.step(plane.Step{Kind: kind, Sentence: &s, Reason: reason})
}

// byHand is the sentence that a person has written. One that only gets another end or
// reason is still in force.
func byHand(m plane.Manual, was plane.Sentence, now time.Time) plane.Sentence {
	s := plane.Sentence{
		Name: m.Client.SentenceName(), Client: m.Client, Phase: plane.PhaseJailed, Manual: true,
		Grade: m.Grade, Hardest: m.Grade, Since: now, Until: m.Until, Regraded: now, Count: was.Count,
	}
	if was.Active() {
		s.Written = was.Written
		if was.Grade == m.Grade {
			s.Since, s.Regraded, s.InForce, s.Drained = was.Since, was.Regraded, was.InForce, was.Drained
		}
	}
	return s
}

// lift ends a sentence that has been taken out of the profile or is over.
func (d *pass) lift(s plane.Sentence) {
	if !s.Active() {
		delete(d.memory.Offenders, s.Name)
		return
	}
	reason := plane.Reason{Code: v1alpha1.ReasonReleasedByHand, Message: fmt.Sprintf("released %s: its sentence was taken out of the profile", s.Client)}
	if !s.Until.IsZero() && !d.now.Before(s.Until) {
		reason = plane.Reason{Code: v1alpha1.ReasonSentenceServed, Message: fmt.Sprintf("released %s: the end that the profile gives its sentence has come", s.Client)}
	}
	s.Phase, s.Until = plane.PhaseReleased, d.now
	d.decide(s, reason)
}

// ends is how long a sentence of the profile lasts, in words.
func ends(s plane.Sentence) string {
	if s.Until.IsZero() {
		return "until it is taken out of the profile"
	}
	return "until " + s.Until.UTC().Format(time.RFC3339)
}
