// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package history

import (
	"slices"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// Kind is what kind of thing happened.
type Kind string

// The kinds of events.
const (
	// Decision is one of Evenkeel's.
	Decision Kind = "Decision"
	// Outage is that the control plane did not serve.
	Outage Kind = "Outage"
	// Node is of a node of the host cluster that carries it.
	Node Kind = "Node"
	// Alarm is of etcd, or of an alert.
	Alarm Kind = "Alarm"
)

// Event is one thing that happened.
type Event struct {
	At   time.Time
	Kind Kind
	// Title is a stable word or two, Message the sentence, and Evidence what was seen.
	Title, Message string
	Evidence       []string
	// Outcome is what came of it.
	Outcome string
	// Bad is whether it did harm, or may.
	Bad bool
	// Applied is, of a decision, whether it was carried out, AppliedAt when, and Effect what
	// that has left of the budget.
	Applied   bool
	AppliedAt time.Time
	Effect    Effect
}

const (
	mostEvents = 200
	// mostBytes bounds the texts of all events of one control plane.
	mostBytes = 64 << 10
	// again is how long the same thing, told again, is one.
	again = 10 * time.Minute
	// The bounds of one event's texts, in bytes.
	mostTitle, mostMessage, mostLine, mostLines = 64, 1024, 256, 6
)

// bounded is an event with texts of bounded length, which are its own.
func (e Event) bounded() Event {
	e.Title, e.Message, e.Outcome = cut(e.Title, mostTitle), cut(e.Message, mostMessage), cut(e.Outcome, mostLine)
	e.Kind = Kind(cut(string(e.Kind), mostTitle))
	e.Effect = e.Effect.bounded()
	var lines []string
	for _, l := range e.Evidence[:min(mostLines, len(e.Evidence))] {
		lines = append(lines, cut(l, mostLine))
	}
	e.Evidence = lines
	return e
}

// cut is text of bounded length that is its own: it may be a piece of something large.
func cut(text string, most int) string { return strings.Clone(v1alpha1.Fit(text, most)) }

func (e Event) bytes() int {
	n := len(e.Title) + len(e.Message) + len(e.Outcome) + len(e.Kind) + len(e.Effect.Before) + len(e.Effect.After)
	for _, l := range e.Evidence {
		n += len(l)
	}
	return n
}

// same tells whether two events are one that was told twice: what was decided or seen is the
// same, a short while apart.
func (e Event) same(o Event) bool {
	return e.Kind == o.Kind && e.Title == o.Title && e.Message == o.Message && e.At.Sub(o.At).Abs() <= again
}

// with is an event with what the same one tells that is told again.
func (e Event) with(o Event) Event {
	if o.Outcome != "" {
		e.Effect = e.effectWith(o)
		e.Outcome, e.Applied, e.AppliedAt = o.Outcome, o.Applied, o.AppliedAt
	}
	if len(o.Evidence) > 0 {
		e.Evidence = o.Evidence
	}
	// A decision that is carried out after all does no harm; anything else that did has done it.
	e.Bad = o.Bad || e.Bad && e.Kind != Decision
	return e
}

// note adds an event to those in the order of time; of one that is there already what came
// of it is new.
func note(all []Event, e Event) []Event {
	e = e.bounded()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].same(e) {
			all[i] = all[i].with(e)
			return bound(all)
		}
		if all[i].Kind == e.Kind && (e.Kind == Outage || e.Kind == Node) {
			break // another came between: what went, came back and went again has gone twice
		}
	}
	at := len(all)
	for at > 0 && all[at-1].At.After(e.At) {
		at--
	}
	return bound(slices.Insert(all, at, e))
}

// bound drops the oldest of too many.
func bound(all []Event) []Event {
	n := 0
	for i, e := range slices.Backward(all) {
		if n += e.bytes(); n > mostBytes || len(all)-i > mostEvents {
			return slices.Delete(all, 0, i+1)
		}
	}
	return all
}
