// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	probes "evenkeel.dev/evenkeel/operator/sla"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// office is two operator replicas, a process each, over what is kept in the host cluster.
type office struct {
	kept  v1alpha1.AvailabilityLedger
	there bool
	saved time.Time
	// replicas are those that run, the one that leads first.
	replicas []*clerk
	// led is when the one that leads last said so.
	led time.Time
}

// clerk is one operator replica; what it says of others is as old as its last renewal.
type clerk struct {
	name    string
	book    probes.Book
	next    time.Time
	renewed time.Time
	said    sla.Look
}

// others are what the others have said.
func (o *office) others(of *clerk) (looks []sla.Look) {
	for _, c := range o.replicas {
		if c == of || c.renewed.IsZero() {
			continue
		}
		l := c.said
		if l.Verdict == sla.Up {
			l.At = c.renewed.Add(-12 * time.Second)
		}
		looks = append(looks, l)
	}
	return looks
}

// turn is one second: rounds that are due, what is said of them, and what is kept.
func (o *office) turn(now time.Time, down bool) {
	for _, c := range o.replicas {
		if now.Before(c.next) {
			continue
		}
		r := probes.Round{At: now, Verdict: sla.Up}
		if down {
			r.Verdict, r.Why = sla.Down, "no answer"
		}
		c.book.Round(r, c.name, o.others(c))
		every := 10 * time.Second
		if l, _ := c.book.Look(c.name); l.Verdict != c.said.Verdict {
			every = 3 * time.Second
		}
		c.next = now.Add(every)
		if l, _ := c.book.Look(c.name); l.Verdict != c.said.Verdict || now.Sub(c.renewed) >= 10*time.Second {
			c.said, c.renewed = l, now
		}
	}
	leads := o.replicas[0]
	if !leads.book.Recalled() {
		l, _ := probes.Load(&o.kept)
		leads.book.Recall(l, o.there, o.saved, o.led)
	}
	o.led = now
	leads.book.Turn(o.others(leads), now)
	l := leads.book.Ledger()
	if _, any := l.Through(); any && (now.Sub(o.saved) >= time.Hour || now.Sub(o.saved) >= time.Minute && o.bad(l)) {
		probes.Save(l, &o.kept, now)
		o.there, o.saved = true, now
	}
}

// bad tells whether the ledger has bad minutes that are not kept.
func (o *office) bad(l sla.Ledger) bool {
	kept, _ := probes.Load(&o.kept)
	return l.Totals(0, 1<<40).Bad > kept.Totals(0, 1<<40).Bad
}

// However often the operator that leads is killed, in outages as well, the ledger has as many
// bad minutes as there were, give or take what falls on the half of a minute; what nobody
// saw is little.
func TestTheLedgerThroughTakeovers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begin := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
		o := &office{replicas: []*clerk{{name: "a", next: begin.Add(3 * time.Second)}, {name: "b", next: begin.Add(8 * time.Second)}}}
		type outage struct{ from, to time.Time }
		var outages []outage
		at := begin.Add(3 * time.Minute)
		for range rapid.IntRange(1, 4).Draw(t, "outages") {
			at = at.Add(time.Duration(rapid.IntRange(120, 900).Draw(t, "after")) * time.Second)
			end := at.Add(time.Duration(rapid.IntRange(20, 600).Draw(t, "for")) * time.Second)
			outages = append(outages, outage{at, end})
			at = end
		}
		kills := map[int]bool{}
		for second := 60; second < int(at.Sub(begin).Seconds()); {
			second += rapid.IntRange(150, 600).Draw(t, "kill") // the one that came back has seen a minute
			kills[second] = true
		}
		var back *clerk
		killed, n := time.Time{}, 0
		end := at.Add(5 * time.Minute)
		for now := begin; now.Before(end); now = now.Add(time.Second) {
			if kills[int(now.Sub(begin).Seconds())] && len(o.replicas) == 2 {
				n++
				o.replicas, killed = o.replicas[1:], now
				back = &clerk{name: fmt.Sprintf("n%d", n)}
			}
			if back != nil && now.Sub(killed) >= 20*time.Second {
				back.next = now.Add(5 * time.Second)
				o.replicas, back = append(o.replicas, back), nil
			}
			down := false
			for _, one := range outages {
				down = down || !now.Before(one.from) && now.Before(one.to)
			}
			o.turn(now, down)
		}
		l := o.replicas[0].book.Ledger()
		through, _ := l.Through()
		got := l.Totals(sla.MinuteOf(begin), through+1)
		least, most := 0, 0
		for _, one := range outages {
			least += halves(one.from.Add(5*time.Second), one.to.Add(-5*time.Second))
			most += halves(one.from.Add(-5*time.Second), one.to.Add(5*time.Second))
		}
		if got.Bad < least || got.Bad > most {
			t.Errorf("%d bad minutes, and not %d to %d: %v, %v, killed at %v", got.Bad, least, most, l.Days[0].Runs, outages, kills)
		}
		if got.Unseen() > 0 {
			t.Errorf("%d minutes are unseen: %v", got.Unseen(), l.Days[0].Runs)
		}
	})
}

// halves is how many minutes an outage was at least half of.
func halves(from, to time.Time) (n int) {
	for m := from.Truncate(time.Minute); m.Before(to); m = m.Add(time.Minute) {
		begin, end := m, m.Add(time.Minute)
		if from.After(begin) {
			begin = from
		}
		if to.Before(end) {
			end = to
		}
		if end.Sub(begin) >= 30*time.Second {
			n++
		}
	}
	return n
}
