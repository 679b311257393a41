// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/sla"
)

const start = sla.Minute(20783 * 1440) // 2026-11-26

var severity = map[sla.Letter]int{
	sla.Unseen: 0, sla.Good: 1, sla.Slow: 2, sla.Shedding: 3, sla.ByUnknown: 4, sla.ByRollout: 5,
	sla.ByOffender: 6, sla.ByEtcd: 7, sla.ByZone: 8, sla.ByEvenkeel: 9,
}

var letters = rapid.SampledFrom(append([]sla.Letter{sla.Good, sla.Good, sla.Slow, sla.Shedding, sla.Unseen}, sla.Causes()...))

// naive is a ledger as a person would keep one: a list of minutes.
type naive map[sla.Minute]sla.Letter

func (n naive) enter(m sla.Minute, l sla.Letter) {
	if was, is := n[m]; !is || severity[l] > severity[was] {
		n[m] = l
	}
}

func (n naive) totals(from, to sla.Minute) sla.Totals {
	t := sla.Totals{Minutes: int(to - from), By: map[sla.Letter]int{}}
	for m := from; m < to; m++ {
		l, is := n[m]
		if !is || l == sla.Unseen {
			continue
		}
		t.Seen++
		switch {
		case l.Bad():
			t.Bad++
			t.By[l]++
			length := 1
			for at := m - 1; n[at].Bad(); at-- {
				length++
			}
			for at := m + 1; n[at].Bad(); at++ {
				length++
			}
			if length >= 5 {
				t.InRuns++
			}
		case l == sla.Slow:
			t.Slow++
		case l == sla.Shedding:
			t.Shedding++
		}
	}
	return t
}

// TestLedgerIsAListOfMinutes enters minutes in order, late, twice and after gaps, vouches
// for some, writes the ledger down and reads it back, and compares every total with one
// that is counted minute by minute.
func TestLedgerIsAListOfMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l sla.Ledger
		model := naive{}
		now := start + sla.Minute(rapid.IntRange(0, 1439).Draw(t, "place"))
		first := now
		t.Repeat(map[string]func(*rapid.T){
			"next": func(t *rapid.T) {
				letter := letters.Draw(t, "letter")
				for range rapid.IntRange(1, 12).Draw(t, "minutes") {
					l = l.Enter(sla.Account{Minute: now, Letter: letter, Why: "why"})
					model.enter(now, letter)
					now++
				}
			},
			"gap": func(t *rapid.T) { now += sla.Minute(rapid.IntRange(1, 3000).Draw(t, "gap")) },
			"clock set back": func(t *rapid.T) {
				now = max(first-2000, now-sla.Minute(rapid.IntRange(1, 2000).Draw(t, "back")))
			},
			"vouch": func(t *rapid.T) {
				through, any := l.Through()
				until := through + sla.Minute(rapid.IntRange(-2, 1500).Draw(t, "until"))
				if l = l.Vouch(until); !any {
					return
				}
				like := sla.Good
				if last, is := model[through]; !is || last == sla.Unseen {
					like = sla.Unseen
				}
				for m := through + 1; m <= until; m++ {
					model.enter(m, like)
				}
			},
			"restart": func(t *rapid.T) {
				for i := range l.Days {
					back, err := sla.ParseRuns(l.Days[i].Runs.String())
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(l.Days[i].Runs, back, cmpopts.EquateEmpty()); diff != "" {
						t.Fatal(diff)
					}
				}
			},
			"": func(t *rapid.T) {
				from := first + sla.Minute(rapid.IntRange(-3000, 5000).Draw(t, "from"))
				to := from + sla.Minute(rapid.IntRange(0, 6000).Draw(t, "length"))
				if through, any := l.Through(); any && int(through)/1440-l.Days[0].Day >= 60 {
					return // older days are no longer kept
				}
				if diff := cmp.Diff(model.totals(from, to), l.Totals(from, to), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("from %d to %d: %s\n%v", from, to, diff, l.Days)
				}
				checkOutages(t, l, model)
			},
		})
	})
}

// checkOutages checks that what is told of outages is what the minutes say, until there are
// more than are told.
func checkOutages(t *rapid.T, l sla.Ledger, model naive) {
	told := map[sla.Minute]bool{}
	for _, o := range l.Outages {
		for m := o.From; m < o.From+sla.Minute(o.Minutes); m++ {
			if told[m] || !model[m].Bad() {
				t.Fatalf("minute %d is told twice (%v) or was not bad (%s)", m, told[m], model[m])
			}
			told[m] = true
		}
	}
	if len(l.Outages) >= 60 {
		return
	}
	for m, letter := range model {
		if letter.Bad() && !told[m] {
			t.Fatalf("nothing is told of the bad minute %d", m)
		}
	}
}
