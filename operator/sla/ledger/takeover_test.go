// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// office is two operator replicas, a process each, over what is kept in the host cluster.
type office struct {
	kept  v1alpha1.AvailabilityLedger
	there bool
	saved time.Time
	// replicas are those that run, the one that leads first.
	replicas []*clerk
	// led is when the one that leads last said so, and looked are the minutes in which one of
	// them asked. refuses is whether the host cluster takes no ledger.
	led     time.Time
	looked  map[sla.Minute]bool
	refuses bool
}

// clerk is one operator replica; what it says of others is as old as its last renewal.
type clerk struct {
	name    string
	book    ledger.Book
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
	if len(o.replicas) == 0 {
		return
	}
	for _, c := range o.replicas {
		if now.Before(c.next) {
			continue
		}
		if o.looked == nil {
			o.looked = map[sla.Minute]bool{}
		}
		for _, spoken := range []time.Duration{-15 * time.Second, 0, 15 * time.Second} { // a round speaks for so long
			o.looked[sla.MinuteOf(now.Add(spoken))] = true
		}
		r := probe.Round{At: now, Verdict: sla.Up}
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
		l, _ := ledger.Load(&o.kept)
		leads.book.Recall(ledger.Kept{Ledger: l, Stored: o.there, Saved: o.saved}, o.led, now)
	}
	leads.book.Turn(o.others(leads), now)
	if leads.book.Due(now) && !o.refuses {
		ledger.Save(leads.book.Ledger(), &o.kept, "99.95", now)
		o.there, o.saved = true, now
		leads.book.Saved(now, &o.kept)
	}
	if leads.book.Sound(now) {
		o.led = now
	}
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
		// A minute of which a replica that is new has seen a part is the other's to tell, and is
		// unseen where that has died.
		if got.Bad < least-got.Unseen() || got.Bad > most {
			t.Errorf("%d bad minutes, and not %d to %d: %v, %v, killed at %v", got.Bad, least, most, l.Days[0].Runs, outages, kills)
		}
		if got.Unseen() > len(kills) {
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

// Whatever dies, however often and for how long, and whether or not the host cluster takes the
// ledger: no minute is good in which nobody asked, and none that was down.
func TestNoMinuteIsVouchedForBlindly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begin := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
		o := &office{}
		n := 0
		starts := []time.Time{begin, begin.Add(time.Minute)}
		down := map[int]bool{}
		const minutes = 80
		for m := range minutes {
			down[m] = rapid.IntRange(0, 15).Draw(t, "down") == 15
		}
		for now := begin; now.Before(begin.Add(minutes * time.Minute)); now = now.Add(time.Second) {
			minute := int(now.Sub(begin).Minutes())
			if now.Second() == 30 { // at half a minute things happen
				switch rapid.IntRange(0, 40).Draw(t, "happens") {
				case 11, 12:
					if len(o.replicas) > 0 {
						o.replicas = o.replicas[1:]
						starts = append(starts, now.Add(time.Duration(rapid.IntRange(20, 900).Draw(t, "back"))*time.Second))
					}
				case 13:
					o.refuses = !o.refuses
				}
			}
			for len(starts) > 0 && !now.Before(starts[0]) {
				n++
				o.replicas = append(o.replicas, &clerk{name: fmt.Sprintf("n%d", n), next: now.Add(5 * time.Second)})
				starts = starts[1:]
			}
			o.turn(now, down[minute])
		}
		if len(o.replicas) == 0 {
			return
		}
		l := o.replicas[0].book.Ledger()
		for _, d := range l.Days {
			m := sla.MinuteOf(time.Unix(int64(d.Day)*24*3600, 0))
			for _, r := range d.Runs {
				for range r.Minutes {
					if r.Letter == sla.Good && (!o.looked[m] || down[int(m-sla.MinuteOf(begin))] && o.looked[m] && !o.edge(m)) {
						t.Fatalf("%s is good, down %v, asked %v: %v", m.Time(), down[int(m-sla.MinuteOf(begin))], o.looked[m], d.Runs)
					}
					m++
				}
			}
		}
	})
}

// edge tells whether a minute was not asked about through all of it: what was seen of it may
// have been another part.
func (o *office) edge(m sla.Minute) bool { return !o.looked[m-1] || !o.looked[m+1] }
