// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// lateSince is how long after a sentence had settled the line's last window has begun
// after it as well.
const lateSince = 30 * time.Second

// rememberAtMost bounds how many clients are remembered.
const rememberAtMost = 40

// advance moves every active sentence on: harder, milder, again, or over.
func (d *pass) advance() {
	if !d.enforcing(d.profile.Jail) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(d.memory.Offenders)) {
		s := d.memory.Offenders[name]
		if !s.Active() || s.Manual || s.Regraded.Equal(d.now) {
			continue
		}
		sit := d.situation(s)
		next, change := offender.Advance(s, sit, d.profile, d.now)
		if change == offender.Unchanged {
			if s.Relieved.IsZero() && sit.Judged && !sit.Harmed {
				s.Relieved = d.now
				d.memory.Offenders[name] = s
			}
			continue
		}
		d.decide(next, d.changed(s, next, change))
	}
}

// situation is what a sentence's next move depends on. Harm counts only in
// windows that lie wholly after the sentence had settled.
func (d *pass) situation(s plane.Sentence) offender.Situation {
	sit := offender.Situation{Blind: d.sight.blind()}
	settled := offender.Settled(s, d.now)
	if settled.IsZero() {
		return sit
	}
	if !s.Relieved.IsZero() && offender.Suspect(d.memory.Samples, d.now, d.known()) {
		return sit // the grade had been enough: what is suffered now is somebody else's doing
	}
	sit.Harmed = offender.Look(d.seen.Replicas, d.memory.Baselines, settled).Without(s.Name).Found()
	for _, r := range d.seen.Replicas {
		if r.Ready && r.Window > 0 && !r.Observed.Add(-r.Window).Before(settled) {
			sit.Judged = true
		}
		sit.Running = sit.Running || runs(r, s, settled)
	}
	if sit.Harmed && s.Client.Many() && d.memory.Line.Learnt() {
		// Many who share the blame are not held harder for what is slow and not late, nor
		// for what was late in windows that had begun before.
		sit.Judged = sit.Judged && d.now.Sub(settled) >= lateSince
		sit.Harmed = sit.Judged && d.memory.Line.Streaks.Strained > 0
	}
	return sit
}

// runs tells whether the client's requests have run in the jail on a replica, by its
// page or by a dump since the sentence had settled.
func runs(r plane.Replica, s plane.Sentence, settled time.Time) bool {
	return slices.ContainsFunc(r.Flows, func(f plane.FlowLoad) bool {
		return f.Schema == s.Name && (f.Requests > 0 || f.Executing > 0)
	}) || !r.Dumped.Before(settled) && slices.ContainsFunc(r.Held, func(h plane.Held) bool {
		return s.Client.Covers(h.Client) && h.Level == s.Name && h.Executing > 0
	})
}

// changed is the reason of a change of a sentence.
func (d *pass) changed(was, now plane.Sentence, change offender.Change) plane.Reason {
	switch change {
	case offender.Harsher:
		r := plane.Reason{
			Code:    v1alpha1.ReasonSentenceHarder,
			Message: fmt.Sprintf("%s now gets %s: others still suffered while it had %s", now.Client, now.Grade.Words(), was.Grade.Words()),
		}
		r.Evidence = d.harm.Without(now.Name).Evidence()
		r.Rejected = []string{"a longer term: it would not ease what is suffered now"}
		return r
	case offender.Eased:
		return plane.Reason{
			Code:    v1alpha1.ReasonSentenceEased,
			Message: fmt.Sprintf("%s gets %s again: its term ends at %s and the seats come back step by step", now.Client, now.Grade.Words(), clock(now.Until)),
		}
	case offender.Relapsed:
		return plane.Reason{
			Code:    v1alpha1.ReasonOffenderJailed,
			Message: fmt.Sprintf("jailed %s again: %s, until %s", now.Client, now.Grade.Words(), clock(now.Until)),
			Evidence: []string{
				"others suffered again when it had " + was.Grade.Words(),
				fmt.Sprintf("sentence number %d of this client: the term is now %s", now.Count, now.Term),
			},
		}
	default:
		return plane.Reason{
			Code:    v1alpha1.ReasonSentenceServed,
			Message: fmt.Sprintf("released %s: its term of %s is over", now.Client, now.Term),
		}
	}
}

// decide keeps a sentence as the wanted state and its reason for the step that
// carries it out.
func (d *pass) decide(s plane.Sentence, r plane.Reason) {
	d.memory.Offenders[s.Name] = s
	if d.reasons == nil {
		d.reasons = map[string]plane.Reason{}
	}
	d.reasons[s.Name] = r
}

// carryOut turns the difference between the sentences that are wanted and those
// that the tenant holds into steps.
func (d *pass) carryOut() {
	c := d.seen.Config
	if c == nil || d.profile.Paused || d.withdrawing() {
		return
	}
	held := map[string]plane.Sentence{}
	for _, s := range c.Sentences {
		held[s.Name] = s
	}
	for _, name := range slices.Sorted(maps.Keys(d.memory.Offenders)) {
		want := d.memory.Offenders[name]
		have, there := held[name]
		wanted := want.Active() && d.profile.Jail == plane.Enforce
		switch {
		case wanted && !there:
			d.write(plane.PassSentence, want, plane.Grade{})
		case wanted && differs(have, want):
			d.write(plane.ChangeGrade, want, have.Grade)
		case !wanted && there:
			d.end(want)
		}
	}
	d.sweep(held)
}

// sweep removes levels of sentences that have no schema, as a write that broke
// off half-way leaves them.
func (d *pass) sweep(held map[string]plane.Sentence) {
	for _, l := range d.seen.Config.Levels {
		_, there := held[l.Name]
		if !l.Own || there || !strings.HasPrefix(l.Name, plane.JailPrefix) || d.memory.Offenders[l.Name].Active() {
			continue
		}
		d.step(plane.Step{Kind: plane.EndSentence, Apply: true, Sentence: &plane.Sentence{Name: l.Name}, Reason: plane.Reason{
			Code: v1alpha1.ReasonSentenceServed, Message: "removed the level " + l.Name + ", which no sentence uses",
		}})
	}
}

func differs(have, want plane.Sentence) bool {
	return have.Grade != want.Grade || have.Phase != want.Phase || have.Manual != want.Manual || !have.Until.Equal(want.Until)
}

func (d *pass) write(kind plane.StepKind, s plane.Sentence, had plane.Grade) {
	reason, fresh := d.reasons[s.Name]
	if !fresh {
		reason = plane.Reason{Code: v1alpha1.ReasonOffenderJailed, Message: s.Reason}
	}
	others := 0
	for _, l := range d.seen.Config.Levels {
		if l.Name != s.Name {
			others += l.Shares
		}
	}
	level := offender.Level(s, max(d.sight.ceiling, 1), others)
	d.step(plane.Step{Kind: kind, Apply: true, Level: &level, Sentence: &s, Had: had, Reason: reason})
}

func (d *pass) end(s plane.Sentence) {
	reason, fresh := d.reasons[s.Name]
	if !fresh {
		reason = plane.Reason{Code: v1alpha1.ReasonSentenceServed, Message: fmt.Sprintf("released %s", s.Client)}
	}
	if s.Active() {
		s.Phase, s.Until = plane.PhaseReleased, d.now
		d.memory.Offenders[s.Name] = s
	}
	d.step(plane.Step{Kind: plane.EndSentence, Apply: true, Sentence: &s, Reason: reason})
}

func (d *pass) withdrawing() bool {
	return slices.ContainsFunc(d.plan.Steps, func(s plane.Step) bool { return s.Kind == plane.Withdraw })
}

// forget drops recommendations whose client has stopped, and releases that are
// too old to matter for a relapse.
func (d *pass) forget() {
	for name, s := range d.memory.Offenders {
		shown := s.Phase == plane.PhaseRecommended || s.Phase == plane.PhaseCannotBeJailed
		served := s.Phase == plane.PhaseReleased && d.now.Sub(s.Until) > d.profile.MaxTerm
		if shown && !s.Manual && !d.now.Before(s.Until) || served {
			delete(d.memory.Offenders, name)
		}
	}
	d.plan.Offenders = slices.SortedFunc(maps.Values(d.memory.Offenders), func(a, b plane.Sentence) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), b.Since.Compare(a.Since), cmp.Compare(a.Name, b.Name))
	})
	for _, s := range d.plan.Offenders[min(rememberAtMost, len(d.plan.Offenders)):] {
		if !s.Active() {
			delete(d.memory.Offenders, s.Name)
		}
	}
	d.plan.Offenders = d.plan.Offenders[:min(rememberAtMost, len(d.plan.Offenders))]
}

// rank orders the offenders for people: the jailed first, the released last.
func rank(s plane.Sentence) int {
	switch s.Phase {
	case plane.PhaseJailed, plane.PhaseParole:
		return 0
	case plane.PhaseRecommended, plane.PhaseCannotBeJailed:
		return 1
	default:
		return 2
	}
}
