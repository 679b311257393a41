// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// recall brings the memory up to what has happened since the last pass: what
// became of the steps, what an operator before this one had decided, what a
// person has taken back by hand, and which sentences have settled.
func (d *pass) recall() {
	for name, failed := range d.memory.Failed {
		if d.now.Sub(failed.At) > failureLasts {
			delete(d.memory.Failed, name)
		}
	}
	for _, o := range d.seen.Outcomes {
		d.take(o)
	}
	if d.seen.Config == nil {
		return
	}
	held := map[string]plane.Sentence{}
	for _, s := range d.seen.Config.Sentences {
		held[s.Name] = s
		if _, known := d.memory.Offenders[s.Name]; !known {
			s.Written = d.now
			d.memory.Offenders[s.Name] = s
		}
	}
	for name, s := range d.memory.Offenders {
		if !s.Active() {
			continue
		}
		// A manual sentence stands in the profile and is written again.
		if _, there := held[name]; !there && !s.Written.IsZero() && !s.Manual {
			d.pardon(s)
			continue
		}
		d.memory.Offenders[name] = d.settle(s)
	}
}

// take notes what became of a step.
func (d *pass) take(o plane.Outcome) {
	if o.Fault != nil {
		d.memory.Failed[o.Name] = plane.Failure{Fault: *o.Fault, At: d.now}
	} else {
		delete(d.memory.Failed, o.Name)
	}
	s, ok := d.memory.Offenders[o.Name]
	if !ok || o.Name == "" {
		return
	}
	if !o.Written.IsZero() {
		s.Written = o.Written
	}
	if !o.InForce.IsZero() && !o.InForce.Before(s.Regraded) {
		s.InForce = o.InForce
	}
	d.memory.Offenders[o.Name] = s
}

// pardon respects that a person has deleted a sentence's objects: the client is
// left alone for as long as the term would have lasted.
func (d *pass) pardon(s plane.Sentence) {
	s.Phase, s.Until, s.Pardoned = plane.PhaseReleased, d.now, d.now.Add(s.Term)
	d.memory.Offenders[s.Name] = s
	d.step(plane.Step{Kind: plane.EndSentence, Sentence: &s, Reason: plane.Reason{
		Code:    v1alpha1.ReasonReleasedByHand,
		Message: fmt.Sprintf("leaves %s alone until %s: its sentence was deleted by hand", s.Client, clock(s.Pardoned)),
	}})
}

// judge looks for a client that does harm, once there are samples enough.
func (d *pass) judge() {
	if d.profile.Jail == plane.Off || d.settling() {
		return
	}
	for _, v := range offender.Judge(d.memory.Samples, d.memory.Baselines, d.now, d.known()) {
		d.sentence(v)
	}
	d.nameHeldByHand()
}

// sentence does about a verdict what the profile allows.
func (d *pass) sentence(v offender.Verdict) {
	harm := d.harm.Without(v.Schema)
	if !harm.Found() && v.OthersWaiting == 0 || d.acquitted(v.Client) {
		return
	}
	name := v.Client.SentenceName()
	was := d.memory.Offenders[name]
	if was.Phase == plane.PhaseCannotBeJailed {
		return // named already: its parts are judged by themselves
	}
	if why := offender.CannotBeJailed(v, d.profile); why != "" {
		d.nameOnly(v, harm, was, why)
		return
	}
	if d.mayJail(name, was) {
		d.jail(v, harm, was)
		return
	}
	d.recommend(v, harm, was)
}

// standing leaves out of judgement who has been dealt with. Whoever can only be
// named still counts: what it holds is not held by the next.
func (d *pass) standing(h plane.Held) offender.Standing {
	if h.Client.User == d.profile.Self || strings.HasPrefix(h.Level, "evenkeel-") || d.jailedByHand(h) {
		return offender.Ignored
	}
	for _, s := range d.memory.Offenders {
		switch {
		case s.Active() && s.Client.Covers(h.Client) && h.Level != "exempt":
			return offender.Ignored
		case s.Phase == plane.PhaseCannotBeJailed && s.Client == h.Client:
			return offender.Counted
		}
	}
	return offender.Judged
}

// mayJail tells whether a sentence may be written for a client now.
func (d *pass) mayJail(name string, was plane.Sentence) bool {
	return d.enforcing(d.profile.Jail) && d.seen.Config != nil && !d.now.Before(was.Pardoned) &&
		!slices.Contains(d.seen.Config.Taken, name) && d.active() < d.profile.MaxSentences
}

func (d *pass) jail(v offender.Verdict, harm offender.Harm, was plane.Sentence) {
	s := offender.Pass(v.Client, offender.First(v, harm), was.Count, d.profile, d.now)
	reason := offender.Explain(v, harm, fmt.Sprintf("jailed %s: %s, until %s", v.Client, s.Grade.Words(), clock(s.Until)))
	reason.Code = v1alpha1.ReasonOffenderJailed
	if was.Count > 0 {
		reason.Evidence = append(reason.Evidence, fmt.Sprintf("sentence number %d of this client: the term is now %s", s.Count, s.Term))
	}
	s.Reason = reason.Message
	d.decide(s, reason)
}

// recommend shows what would be done, once, and keeps showing it while the
// client goes on.
func (d *pass) recommend(v offender.Verdict, harm offender.Harm, was plane.Sentence) {
	s := offender.Pass(v.Client, offender.First(v, harm), was.Count, d.profile, d.now)
	s.Phase, s.Count, s.Pardoned = plane.PhaseRecommended, was.Count, was.Pardoned
	reason := offender.Explain(v, harm, fmt.Sprintf("would jail %s: %s for %s", v.Client, s.Grade.Words(), s.Term))
	reason.Code = v1alpha1.ReasonOffenderNamed
	if d.active() >= d.profile.MaxSentences {
		reason.Code = v1alpha1.ReasonSentencesFull
		reason.Evidence = append(reason.Evidence, fmt.Sprintf("%d clients are jailed already, as many as the profile allows", d.active()))
	}
	if was.Phase == plane.PhaseRecommended {
		s.Since, s.Reason = was.Since, was.Reason
		d.memory.Offenders[s.Name] = s
		return
	}
	s.Reason = reason.Message
	d.memory.Offenders[s.Name] = s
	d.step(plane.Step{Kind: plane.PassSentence, Sentence: &s, Reason: reason})
}

// nameOnly names a client that must not be jailed, and the remedy.
func (d *pass) nameOnly(v offender.Verdict, harm offender.Harm, was plane.Sentence, why string) {
	s := offender.Pass(v.Client, plane.Grade{}, was.Count, d.profile, d.now)
	s.Phase, s.Count = plane.PhaseCannotBeJailed, was.Count
	reason := offender.Explain(v, harm, fmt.Sprintf("named %s, which cannot be jailed: %s", v.Client, why))
	reason.Code = v1alpha1.ReasonCannotBeJailed
	s.Reason = reason.Message
	d.memory.Offenders[s.Name] = s
	d.step(plane.Step{Kind: plane.NameOffender, Sentence: &s, Reason: reason})
}

// active counts the sentences of Evenkeel's own that have, or should have, objects in
// the tenant: those in the profile neither use up what it allows nor make the time
// unfit to learn in.
func (d *pass) active() int {
	n := 0
	for _, s := range d.memory.Offenders {
		if s.Active() && !s.Manual {
			n++
		}
	}
	return n
}

// clock prints a time of day as reasons show it.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") }
