// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
)

// mostShown is how many events the page lists.
const mostShown = 60

// entry is one line of the timeline: a decision, with all that is known of it, or something
// that happened.
type entry struct {
	Nr                       int
	At                       time.Time
	Kind                     history.Kind
	Title, Message, Outcome  string
	Evidence, Rejected       []string
	Applied, Bad             bool
	BudgetBefore, BudgetNext string
	// Later is when it was carried out, where that is not when it was decided: the figures of
	// the budget are of then.
	Later *time.Time
}

// muchLater is from when on a decision is told to have been carried out later than it was
// taken: every one takes a moment.
const muchLater = time.Minute

// carriedOut notes when it was carried out; the zero value is that it was not, or when is not
// known.
func (e *entry) carriedOut(at time.Time) {
	if at = at.UTC(); at.Sub(e.At) >= muchLater {
		e.Later = &at
	}
}

// Class is how it looks.
func (e entry) Class() string {
	switch {
	case e.Bad:
		return "bad"
	case e.Kind == history.Decision:
		return "did"
	default:
		return "was"
	}
}

// Word says who acts.
func (e entry) Word() string {
	switch {
	case e.Kind != history.Decision:
		return plain(string(e.Kind))
	case e.Applied:
		return "Evenkeel did"
	case e.Outcome == "" || strings.HasPrefix(e.Outcome, "shown"):
		return "Evenkeel would"
	default:
		return "Evenkeel tried"
	}
}

// timeline is what happened, the newest first. Decisions of the status know more than those
// of the memory, and are taken instead of them.
func timeline(decisions []v1alpha1.DecisionStatus, events []history.Event) []entry {
	var all []entry
	for _, d := range decisions {
		one := entry{
			At: d.Time.UTC(), Kind: history.Decision, Title: plain(d.Reason), Message: plain(d.Message), Outcome: plain(d.Outcome),
			Evidence: plainAll(d.Evidence), Rejected: plainAll(d.Rejected), Applied: d.Applied, BudgetBefore: plain(d.BudgetBefore), BudgetNext: plain(d.BudgetAfter),
		}
		if d.AppliedAt != nil {
			one.carriedOut(d.AppliedAt.Time)
		}
		all = append(all, one)
	}
	told := len(all)
	for _, e := range events {
		if e.Kind == history.Decision && slices.ContainsFunc(all[:told], func(d entry) bool {
			return d.At.Sub(e.At).Abs() <= 10*time.Minute && d.Message == plain(e.Message)
		}) {
			continue
		}
		one := entry{
			At: e.At.UTC(), Kind: e.Kind, Title: plain(e.Title), Message: plain(e.Message), Outcome: plain(e.Outcome), Evidence: plainAll(e.Evidence),
			Applied: e.Applied, Bad: e.Bad, BudgetBefore: plain(e.Effect.Before), BudgetNext: plain(e.Effect.After),
		}
		one.carriedOut(e.AppliedAt)
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(b.At.UnixNano(), a.At.UnixNano()) })
	all = all[:min(mostShown, len(all))]
	for i := range all {
		all[i].Nr = len(all) - i
	}
	return all
}

func plainAll(lines []string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, plain(l))
	}
	return out
}

// mark is one or more entries at a place of the charts.
type mark struct {
	At          time.Time
	First, Last int
	Label       string
	class       string
}

// Class is how it looks.
func (m mark) Class() string { return m.class }

// marks are the entries within a span. Those that would stand on each other are one mark,
// with the look of the worst.
func marks(entries []entry, s span) []mark {
	const apart = .04 // of the width: 29 px of the 730 that a chart has on a wide screen, for marks of 20
	var out []mark
	for _, e := range slices.Backward(entries) { // in the order of time
		if !s.holds(e.At) {
			continue
		}
		if n := len(out); n > 0 && s.share(e.At)-s.share(out[n-1].At) < apart {
			m := &out[n-1]
			m.Last = e.Nr
			m.Label = fmt.Sprintf("%d+", m.First)
			if e.Bad {
				m.class = "bad"
			}
			continue
		}
		out = append(out, mark{At: e.At, First: e.Nr, Last: e.Nr, Label: strconv.Itoa(e.Nr), class: e.Class()})
	}
	return out
}
