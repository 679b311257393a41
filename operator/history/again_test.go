// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package history_test

import (
	"testing"
	"time"

	"evenkeel.dev/evenkeel/operator/history"
)

// A second outage within ten minutes is one of its own; the same that is told again is not.
func TestASecondOutage(t *testing.T) {
	s := history.New()
	tell := func(minute int, title string) {
		s.Note(acme, history.Event{At: start.Add(time.Duration(minute) * time.Minute), Kind: history.Outage, Title: title, Message: "refused"})
	}
	tell(0, "Down")
	tell(0, "Down")
	tell(1, "Up")
	tell(5, "Down")
	if n := len(s.Events(acme)); n != 3 {
		t.Errorf("%d events: %v", n, s.Events(acme))
	}
}

// Five minutes in which hardly anything was seen are not told as up.
func TestMostlyBlind(t *testing.T) {
	s := history.New()
	for i := range 2400 {
		one := history.None()
		if one.Verdict = history.Blind; i%10 == 0 {
			one.Verdict = history.Up
		}
		s.Add(acme, start.Add(time.Duration(i)*30*time.Second), one)
	}
	for _, p := range s.Series(acme, start)[:20] {
		if p.Verdict != history.Blind {
			t.Fatalf("%v is %v", p.At, p.Verdict)
		}
	}
}

// A decision is carried out when it is told to be, and no sooner.
func TestWhetherADecisionWasCarriedOut(t *testing.T) {
	s, d := history.New(), history.Event{At: start, Kind: history.Decision, Title: "Jail", Outcome: "no answer", Bad: true}
	s.Note(acme, d)
	if s.Events(acme)[0].Applied {
		t.Error("what failed was carried out")
	}
	d.Outcome, d.Applied, d.Bad = "in force", true, false
	s.Note(acme, d)
	if e := s.Events(acme); len(e) != 1 || !e[0].Applied || e[0].Bad {
		t.Errorf("the events are %v", e)
	}
}
