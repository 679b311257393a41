// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/sla"
)

func TestSettle(t *testing.T) {
	now := at("2026-11-26 14:00:20")
	look := func(point string, v sla.Verdict, age time.Duration) sla.Look {
		return sla.Look{Point: point, Verdict: v, At: now.Add(-age), Why: "no answer"}
	}
	for name, c := range map[string]struct {
		own, other sla.Look
		want       sla.Verdict
		waits      bool
	}{
		"up is up at once":                       {look("a", sla.Up, 0), look("b", sla.Down, 0), sla.Up, false},
		"the other has not looked since":         {look("a", sla.Down, 4*time.Second), look("b", sla.Up, 9*time.Second), "", true},
		"the other has looked since":             {look("a", sla.Down, 4*time.Second), look("b", sla.Up, time.Second), sla.Up, false},
		"both see it":                            {look("a", sla.Down, 4*time.Second), look("b", sla.Down, time.Second), sla.Down, false},
		"the other has seen it first":            {look("a", sla.Down, 4*time.Second), look("b", sla.Down, 9*time.Second), sla.Down, false},
		"the other was dead before":              {look("a", sla.Down, 4*time.Second), look("b", sla.Up, time.Minute), sla.Down, false},
		"one that is blind hears the other":      {look("a", sla.Blind, 4*time.Second), look("b", sla.Down, time.Second), sla.Down, false},
		"one that is blind waits for the other":  {look("a", sla.Blind, 4*time.Second), look("b", sla.Up, 9*time.Second), "", true},
		"the other is blind":                     {look("a", sla.Down, 4*time.Second), look("b", sla.Blind, time.Second), sla.Down, false},
		"waiting has an end, and the other's up": {look("a", sla.Down, 33*time.Second), look("b", sla.Up, 34*time.Second), sla.Up, false},
	} {
		settled, rest := sla.Settle([]sla.Look{c.own}, []sla.Look{c.other}, now)
		if c.waits != (len(rest) == 1) || !c.waits && (len(settled) != 1 || settled[0].Verdict != c.want || !settled[0].At.Equal(c.own.At)) {
			t.Errorf("%s: %+v, %+v", name, settled, rest)
		}
	}
}

// No round is lost, none is settled twice or out of its order, and each is settled in the end.
func TestEveryRoundIsSettledOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		verdicts := rapid.SampledFrom([]sla.Verdict{sla.Up, sla.Down, sla.Blind})
		now := at("2026-11-26 14:00:00")
		var rest []sla.Look
		var told []time.Time
		other := sla.Look{Point: "b", Verdict: sla.Up, At: now}
		n := rapid.IntRange(1, 40).Draw(t, "rounds")
		for range n {
			now = now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "s")) * time.Second)
			if rapid.Bool().Draw(t, "the other says something") {
				other = sla.Look{Point: "b", Verdict: verdicts.Draw(t, "other"), At: now.Add(-time.Duration(rapid.IntRange(0, 12).Draw(t, "ago")) * time.Second)}
			}
			var settled []sla.Look
			settled, rest = sla.Settle(append(rest, sla.Look{Point: "a", Verdict: verdicts.Draw(t, "own"), At: now}), []sla.Look{other}, now)
			for _, l := range settled {
				told = append(told, l.At)
			}
			if len(rest) > 0 && now.Sub(rest[0].At) > 32*time.Second {
				t.Fatalf("%+v still waits", rest[0])
			}
		}
		settled, _ := sla.Settle(rest, []sla.Look{other}, now.Add(time.Minute))
		if len(told)+len(settled) != n {
			t.Fatalf("%d rounds, and %d are settled", n, len(told)+len(settled))
		}
		for i := 1; i < len(told); i++ {
			if !told[i].After(told[i-1]) {
				t.Fatalf("out of order: %v", told)
			}
		}
	})
}
