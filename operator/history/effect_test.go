// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package history_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/operator/history"
)

// Figures of the budget are those of the time at which a decision was carried out: told again
// without them it keeps them, and carried out anew it has others.
func TestWhatDecisionsLeaveOfTheBudget(t *testing.T) {
	s := history.New()
	d := history.Event{At: start, Kind: history.Decision, Title: "LoadLineCut", Outcome: "in force", Applied: true, AppliedAt: start, Effect: history.Effect{Before: "61%"}}
	s.Note(acme, d)
	s.Note(acme, history.Event{At: start, Kind: history.Node, Title: "NodeNotReady"})
	s.Note(acme, history.Event{At: start, Kind: history.Decision, Title: "Advise", Outcome: "shown only"})
	s.Effects(acme, func(applied time.Time, known history.Effect) history.Effect {
		if !applied.Equal(start) || known.Before != "61%" {
			t.Errorf("it is asked for the effect of what was carried out at %s, with %v", applied, known)
		}
		known.After = strings.Repeat("9", 1000) + "%"
		return known
	})
	if got := s.Events(acme)[0].Effect; got.Before != "61%" || len(got.After) != 8 {
		t.Errorf("%d bytes: %v", len(got.After), got)
	}
	d.Effect.Before = ""
	s.Note(acme, d)
	if got := s.Events(acme)[0].Effect; got.Before != "61%" || got.After == "" {
		t.Errorf("told again without figures, it has %v", got)
	}
	d.AppliedAt, d.Effect.Before = start.Add(6*time.Minute), "40%"
	s.Note(acme, d)
	want := history.Effect{Before: "40%"}
	if diff := cmp.Diff(want, s.Events(acme)[0].Effect); diff != "" {
		t.Errorf("carried out anew (-want +got):\n%s", diff)
	}
	var none *history.Store
	none.Effects(acme, nil)
}
