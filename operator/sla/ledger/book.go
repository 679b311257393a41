// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"maps"
	"slices"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// mostOwn bounds the rounds that wait for other vantage points.
const mostOwn = 64

// Book is what one operator replica keeps of one control plane: the minutes that go by and,
// where it leads, the ledger of those that are over. It is safe for concurrent use.
type Book struct {
	mu sync.Mutex
	// own are this vantage point's rounds that are not settled, last the last of them.
	own  []sla.Look
	last probe.Round
	// gathering are the minutes that go by, and accounts those that are over.
	gathering sla.Gathering
	accounts  []sla.Account
	// older are those before the accounts, for whoever leads and cannot read the ledger for days.
	older sla.Ledger
	// ledger is what a replica that leads has read and entered since; recalled is whether it
	// has been read.
	ledger   sla.Ledger
	recalled bool
	// unsaved are minutes that were not good and are not in the ledger's object, saved is
	// when that was last written, and stored whether it is there.
	unsaved int
	saved   time.Time
	stored  bool
	// oldest is the first of them. version is the object's as it was last read or written, and
	// retry when the next try may be made after one that failed.
	oldest  sla.Minute
	version string
	retry   time.Time
	// created is when the object was, and wrote when it was last written, by the host cluster's
	// clock; zero where it is not there.
	created, wrote time.Time
	// served is whether it has ever been seen to serve.
	served bool
	// downFrom is the first of the rounds, without one in between that was not down, by which
	// all vantage points see it down.
	downFrom time.Time
	// target is what is promised, from 0 to 1, and made when the profile was that promises it.
	// noted is what the object says of it, in percent.
	target float64
	made   time.Time
	noted  string
	told   told
}

// told are the counters of a replica that leads.
type told struct {
	rounds  map[sla.Verdict]float64
	sums    sla.Sums
	slow    map[string]float64
	bytes   float64
	jailed  float64
	minutes map[string]float64
	causes  map[sla.Letter]float64
}

func (t told) clone() told {
	t.rounds, t.slow, t.minutes, t.causes = maps.Clone(t.rounds), maps.Clone(t.slow), maps.Clone(t.minutes), maps.Clone(t.causes)
	return t
}

// Promise notes what is promised, from 0 to 1, by a profile that was made at a time.
func (b *Book) Promise(target float64, made time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.target, b.made = target, made
}

// Promised is what is promised, from 0 to 1.
func (b *Book) Promised() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.target
}

// Round takes in one of this vantage point's rounds, with what the others say.
func (b *Book) Round(r probe.Round, point string, others []sla.Look) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.At = r.At.Round(0) // as the wall shows it, also where that has been set
	if n := len(b.own); n > 0 && !r.At.After(b.own[n-1].At) {
		b.own = nil // the clock was set back: what waits for a time that comes again says nothing
	}
	look := sla.Look{Point: point, Verdict: r.Verdict, At: r.At, Why: r.Why, Glance: r.Glance}
	if since := r.Since.Round(0); !since.IsZero() && r.Verdict != b.last.Verdict && since.Before(r.At) && (len(b.own) == 0 || since.After(b.own[len(b.own)-1].At)) {
		seen := look
		seen.At, seen.Glance = since, true
		b.own = append(b.own, seen)
	}
	if !r.Glance {
		b.last = r
	}
	b.served = b.served || r.Verdict == sla.Up
	b.own = append(b.own, look)
	b.settle(others, slices.MaxFunc([]time.Time{r.At, r.Over.Round(0)}, time.Time.Compare))
	if len(b.own) > mostOwn {
		b.own = b.own[len(b.own)-mostOwn:]
	}
}

// Turn settles what others have said since, and closes the minutes that are over.
func (b *Book) Turn(others []sla.Look, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settle(others, now)
}

func (b *Book) settle(others []sla.Look, now time.Time) {
	var settled []sla.Look
	settled, b.own = sla.Settle(b.own, others, now)
	for _, l := range settled {
		b.gathering = b.gathering.Round(l.At, l.Verdict, l.Why)
		if l.Glance {
			continue
		}
		count(&b.told.rounds, l.Verdict, 1)
		if l.Verdict == sla.Down {
			b.requests(l.At, sla.Sums{Requests: 1, Failed: 1}) // the probe itself, which came to nothing
		}
	}
	b.follow(settled)
	// What waits to be settled is of minutes that are not over.
	until := now
	if len(b.own) > 0 && b.own[0].At.Before(now) {
		until = b.own[0].At
	}
	var over []sla.Account
	b.gathering, over = b.gathering.Turn(now, until)
	for _, a := range over {
		b.enter(a)
		b.countMinute(a.Letter)
	}
}

// follow keeps since when it is down.
func (b *Book) follow(settled []sla.Look) {
	for _, l := range settled {
		switch {
		case l.Verdict != sla.Down:
			b.downFrom = time.Time{}
		case b.downFrom.IsZero() || l.At.Before(b.downFrom):
			b.downFrom = l.At
		}
	}
}

func count[K comparable](in *map[K]float64, key K, n float64) {
	if *in == nil {
		*in = map[K]float64{}
	}
	(*in)[key] += n
}

// Beside is what is told of requests beside what became of them.
type Beside struct {
	// Slow are those that were, by scope, Bytes those of all answers, and Jailed the requests
	// of jailed clients that were refused: they are not among the others.
	Slow          map[string]float64
	Bytes, Jailed float64
}

// Served adds what became of a tenant's requests since the last look.
func (b *Book) Served(now time.Time, sums sla.Sums, o Beside) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests(now, sums)
	for scope, n := range o.Slow {
		count(&b.told.slow, scope, n)
	}
	b.told.bytes += o.Bytes
	b.told.jailed += o.Jailed
}

func (b *Book) requests(now time.Time, sums sla.Sums) {
	b.gathering = b.gathering.Requests(now, sums)
	b.told.sums = b.told.sums.Plus(sums)
}

// During tells what is going on that a bad minute may be put down to.
func (b *Book) During(now time.Time, c sla.Circumstances) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gathering = b.gathering.During(now, c)
}

// EverServed is whether it has ever been seen to serve: what never has is not down, it is being
// made.
func (b *Book) EverServed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.served
}

// Recalled is whether the ledger has been read.
func (b *Book) Recalled() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.recalled
}

// Look is what this vantage point saw last; false while it has seen nothing.
func (b *Book) Look(point string) (sla.Look, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return sla.Look{Point: point, Verdict: b.last.Verdict, At: b.last.At, Why: b.last.Why, Asleep: b.last.Asleep}, !b.last.At.IsZero()
}

// Ledger is what is entered, with what is not known to be over left out.
func (b *Book) Ledger() sla.Ledger {
	b.mu.Lock()
	defer b.mu.Unlock()
	return sla.Ledger{Days: slices.Clone(b.ledger.Days), Outages: slices.Clone(b.ledger.Outages)}
}
