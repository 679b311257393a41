// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/sla"
)

// An outage of any length and at any time, seen every ten seconds or so, is in the ledger as
// the minutes of which it was half or more, but for one at either end that it was nearly half
// of.
func TestAnOutageIsInTheLedger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g sla.Gathering
		var l sla.Ledger
		begin := at("2026-11-26 14:00:00")
		down := begin.Add(time.Duration(rapid.IntRange(60, 3600).Draw(t, "down")) * time.Second)
		up := down.Add(time.Duration(rapid.IntRange(10, 3600).Draw(t, "for")) * time.Second)
		now := begin.Add(time.Duration(rapid.IntRange(0, 9999).Draw(t, "offset")) * time.Millisecond)
		for now.Before(up.Add(10 * time.Minute)) {
			g = g.During(now, sla.Circumstances{Etcd: "etcd: no leader"})
			if !now.Before(down) && now.Before(up) {
				g = g.Round(now, sla.Down, "no answer")
			} else {
				g = g.Round(now, sla.Up, "")
			}
			var over []sla.Account
			g, over = g.Turn(now, now)
			for _, a := range over {
				l = l.Enter(a)
			}
			if n := len(g.Open()); n > 2 {
				t.Fatalf("%d minutes are open", n)
			}
			now = now.Add(time.Duration(rapid.IntRange(9000, 11000).Draw(t, "every")) * time.Millisecond)
		}
		through, _ := l.Through()
		got := l.Totals(sla.MinuteOf(begin), through+1)
		least, most := truth(down, up, -5500*time.Millisecond), truth(down, up, 5500*time.Millisecond)
		if got.Bad < least || got.Bad > most {
			t.Fatalf("an outage from %s to %s is %d minutes in the ledger, and not %d to %d: %v", down, up, got.Bad, least, most, l.Days[0].Runs)
		}
		if got.By[sla.ByEtcd] != got.Bad || got.Unseen() > 0 {
			t.Fatalf("%+v", got)
		}
		for _, o := range l.Outages {
			if o.Why != "no answer; etcd: no leader" {
				t.Fatalf("%+v", o)
			}
		}
	})
}

// truth is how many minutes an outage was at least half of, were it longer at both ends by so
// much.
func truth(from, to time.Time, by time.Duration) (bad int) {
	from, to = from.Add(-by), to.Add(by)
	for m := sla.MinuteOf(from); m <= sla.MinuteOf(to); m++ {
		begin, end := m.Time(), (m + 1).Time()
		if from.After(begin) {
			begin = from
		}
		if to.Before(end) {
			end = to
		}
		if end.Sub(begin) >= 30*time.Second {
			bad++
		}
	}
	return bad
}

func TestMinutesThatGoBy(t *testing.T) {
	now := at("2026-11-26 14:00:50")
	var g sla.Gathering
	g = g.Round(now, sla.Up, "").Requests(now, sla.Sums{Requests: 40, Shed: 10}).Requests(now, sla.Sums{Requests: 2})
	g, over := g.Turn(now.Add(5*time.Second), now.Add(5*time.Second))
	if len(over) > 0 {
		t.Fatalf("it ended early: %+v", over)
	}
	g = g.During(now, sla.Circumstances{Zone: "first"}).During(now, sla.Circumstances{Zone: "second", Evenkeel: "it"})
	if g, over = g.Turn(now.Add(14*time.Second), now.Add(14*time.Second)); len(over) > 0 {
		t.Fatalf("it did not wait for the round that tells the rest of it: %+v", over)
	}
	g = g.Round(now.Add(18*time.Second), sla.Up, "")
	if g, over = g.Turn(now.Add(18*time.Second), now.Add(18*time.Second)); len(over) > 0 {
		t.Fatalf("it did not wait for a pass that goes on: %+v", over)
	}
	g, over = g.Turn(now.Add(26*time.Second), now.Add(26*time.Second))
	if len(over) != 1 || over[0].Letter != sla.Shedding || over[0].Sums.Requests != 42 || over[0].Minute != sla.MinuteOf(now) {
		t.Fatalf("it was %+v, and the next begins with %+v", over, g)
	}
	// A clock that is set back by an hour ends the minute as well.
	back := now.Add(-time.Hour)
	g, over = g.Round(back, sla.Up, "").Turn(back, back)
	if len(over) != 1 || over[0].Letter != sla.Good || len(g.Open()) != 1 || g.Open()[0] != sla.MinuteOf(back) {
		t.Errorf("set back: %+v, %v", over, g.Open())
	}
}

// What began a minute is what it is put down to, and what began later is not.
func TestAMinuteIsPutDownToWhatCameFirst(t *testing.T) {
	now := at("2026-11-26 14:00:05")
	g := sla.Gathering{}.Round(now, sla.Down, "no answer").
		During(now, sla.Circumstances{Zone: "zone a"}).During(now.Add(time.Second), sla.Circumstances{Zone: "zone b", Rollout: "theirs"}).
		Round(now.Add(10*time.Second), sla.Down, "no answer").Round(now.Add(20*time.Second), sla.Down, "no answer")
	_, over := g.Turn(now.Add(2*time.Minute), now.Add(2*time.Minute))
	if len(over) != 1 || over[0].Letter != sla.ByZone || over[0].Why != "no answer; zone a" {
		t.Errorf("%+v", over)
	}
}

// Of all who come back at once after an outage somebody is soon found to do harm, and has not
// made it; whoever is jailed during it may have, and so may who is jailed to its end.
func TestTheAftermathIsNoCause(t *testing.T) {
	now := at("2026-11-26 14:00:05")
	for when, want := range map[time.Duration]sla.Letter{20 * time.Second: sla.ByOffender, 36 * time.Second: sla.ByOffender, 41 * time.Second: sla.ByUnknown} {
		g := sla.Gathering{}
		for s := time.Duration(0); s <= 90*time.Second; s += 10 * time.Second {
			verdict := sla.Down
			if s > 30*time.Second { // it is over in the middle, after 35 s
				verdict = sla.Up
			}
			g = g.Round(now.Add(s), verdict, "no answer")
		}
		g = g.During(now.Add(when), sla.Circumstances{Offender: "agent does harm"})
		_, over := g.Turn(now.Add(2*time.Minute), now.Add(2*time.Minute))
		if len(over) == 0 || over[0].Letter != want {
			t.Errorf("told of after %s it is %+v", when, over)
		}
	}
}

// Whoever did not look for a while knows nothing of it, and no round speaks for all of a gap.
func TestAGapIsUnseen(t *testing.T) {
	now := at("2026-11-26 14:00:00")
	g := sla.Gathering{}.Round(now, sla.Up, "").Round(now.Add(5*time.Minute), sla.Down, "no answer").Round(now.Add(5*time.Minute+25*time.Second), sla.Down, "no answer")
	_, over := g.Turn(now.Add(10*time.Minute), now.Add(10*time.Minute))
	var l sla.Ledger
	for _, a := range over {
		l = l.Enter(a)
	}
	if got := l.Days[0].Runs.String(); got != "u840 g1 u4 X1" {
		t.Errorf("the day is %s", got)
	}
}

// A clock that is set forth by hours leaves a gap that nobody saw, also where the times carry
// what a process has counted of its own; and one that is set back is met with as well.
func TestAClockThatIsSet(t *testing.T) {
	for _, step := range []time.Duration{3 * time.Hour, -3 * time.Hour} {
		now := time.Now()
		var g sla.Gathering
		for range 12 {
			now = now.Add(10 * time.Second)
			g = g.Round(now, sla.Down, "no answer")
		}
		was := now
		now = now.Round(0).Add(step) // what it has counted has not been set, what the wall shows has
		for range 12 {
			now = now.Add(10 * time.Second)
			g = g.Round(now, sla.Down, "no answer")
		}
		_, over := g.Turn(now.Add(5*time.Minute), now.Add(5*time.Minute))
		var l sla.Ledger
		for _, a := range over {
			l = l.Enter(a)
		}
		if bad := l.Totals(0, 1<<40).Bad; bad > 8 { // those that were seen in part as well
			t.Errorf("set by %s at %s: %d minutes are bad", step, was, bad)
		}
	}
}

// While a round waits to be settled no minute after it is closed, and none is closed twice.
func TestNoMinuteIsClosedEarly(t *testing.T) {
	now := at("2026-11-26 14:00:50")
	g := sla.Gathering{}.Round(now, sla.Up, "")
	waits := now.Add(8 * time.Second)
	g = g.Requests(now.Add(11*time.Second), sla.Sums{Requests: 40, Failed: 3})
	g, over := g.Turn(now.Add(13*time.Second), waits)
	if len(over) != 0 || len(g.Open()) != 2 {
		t.Fatalf("closed are %+v, open %v", over, g.Open())
	}
	g = g.Round(waits, sla.Up, "").Round(now.Add(18*time.Second), sla.Up, "").Requests(now.Add(30*time.Second), sla.Sums{Requests: 4000, Failed: 3})
	g = g.Round(now.Add(48*time.Second), sla.Up, "").Round(now.Add(75*time.Second), sla.Up, "")
	_, over = g.Turn(now.Add(90*time.Second), now.Add(90*time.Second))
	if len(over) != 2 || over[1].Letter != sla.Good || over[1].Sums.Requests != 4040 {
		t.Errorf("%+v", over)
	}
}

// What is told of a minute that has been closed is of the one after it: neither is called bad
// for a part of its requests, and none is told of twice.
func TestWhatIsToldTooLate(t *testing.T) {
	now := at("2026-11-26 14:00:58")
	g := sla.Gathering{}.Round(now.Add(-20*time.Second), sla.Up, "").Round(now.Add(-10*time.Second), sla.Up, "").
		Requests(now.Add(-5*time.Second), sla.Sums{Requests: 5000}).
		Round(now.Add(4*time.Second), sla.Up, "").Round(now.Add(14*time.Second), sla.Up, "")
	g, over := g.Turn(now.Add(19*time.Second), now.Add(19*time.Second))
	if len(over) != 1 || over[0].Minute != sla.MinuteOf(now) {
		t.Fatalf("over are %+v", over)
	}
	g = g.Requests(now, sla.Sums{Requests: 35, Failed: 2}).During(now, sla.Circumstances{Etcd: "no leader"})
	if open := g.Open(); len(open) != 1 || open[0] != sla.MinuteOf(now)+1 {
		t.Fatalf("open are %v, and one of them was over", open)
	}
	g = g.Requests(now.Add(20*time.Second), sla.Sums{Requests: 500})
	for range 8 {
		g = g.Round(g.At.Add(10*time.Second), sla.Up, "")
	}
	_, over = g.Turn(g.At, g.At)
	if len(over) != 1 || over[0].Letter != sla.Good || over[0].Sums.Requests != 535 {
		t.Errorf("the next minute is %+v", over)
	}
}
