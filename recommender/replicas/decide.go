// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"fmt"
	"time"
)

const (
	// raiseAfter and raiseLooks are for how long, and in how many looks, more must be
	// needed before the floor is raised.
	raiseAfter, raiseLooks = 10 * time.Second, 2
	// spare is how many times as much as is due fewer must carry: more than what moves by
	// 5 % to either side ever comes back to.
	spare = 1.15
)

// Decision is how many replicas there should be at the least, and why.
type Decision struct {
	// Floor is that number; 0 while nothing is decided. From is what it was before.
	Floor, From int
	Reason      Reason
	// Words say more of the reason; empty where the numbers say all.
	Words string
	// Need is how many would carry what is due, one more than are allowed where no number
	// that is allowed does; 0 while it is not known.
	Need int
	// Refused is why more would not help, where more are due.
	Refused *Refusal
	// Notes are what was made of bounds that do not hold together, and of what is not seen.
	Notes   []string
	Numbers Numbers
}

// Numbers are what a decision follows from.
type Numbers struct {
	Seats, CPU Due
	// Line and Bound are what one replica carries, in seats and in cores; 0 is unknown.
	Line, Bound float64
	// BySeats and ByCPU are how many replicas each of them asks for.
	BySeats, ByCPU int
	// Before is the number of replicas before, Left how many of them are left without one,
	// or without one zone where ByZone is.
	Before, Left int
	ByZone       bool
}

// decider is one run of Decide.
type decider struct {
	seen   Seen
	bounds Bounds
	memory Memory
	now    time.Time

	cap         capacity
	seats, cpu  Due
	floor, want int
	// bySeats and byCPU are as in Numbers; beyond is whether etcd carries fewer seats than
	// are due, with any number of replicas.
	bySeats, byCPU int
	beyond         bool
	notes          []string
}

// Decide is how many replicas there should be at the least after one more look. What is
// not seen holds the floor: then only a higher least, a person's word, moves it.
func Decide(s Seen, b Bounds, m Memory, now time.Time) (Decision, Memory) {
	d := &decider{seen: s, memory: m, now: now}
	d.bounds, d.notes = b.sane()
	if d.bounds.Max == 0 {
		return Decision{Reason: Unbounded, Notes: d.notes}, Memory{}
	}
	d.seen.Replicas = nil
	for _, r := range s.Replicas {
		d.seen.Replicas = append(d.seen.Replicas, r.sane())
	}
	d.memory = d.memory.met(d.seen.Replicas, now)
	d.floor = d.memory.Floor
	if d.floor > 0 {
		d.floor = max(d.floor, d.bounds.Min) // a person's word, and the safe way
	}
	if s.Blind != "" || len(d.seen.Replicas) == 0 {
		d.memory.Short = nil
		if s.Floor <= d.bounds.Max { // a person's word as well, once nothing falls for it
			d.floor = min(d.floor, d.bounds.Max)
		}
		return d.done(Blind, s.Blind), d.memory
	}
	d.begin()
	d.look()
	return d.decide(), d.memory
}

// begin is the floor to start from: what was decided, or what is in force where that is
// more, or, where there is neither, what runs. What was decided and is not in force, as
// while a person has it paused, is decided anew: it is lowered from where it is. A floor
// above the most comes down at once.
func (d *decider) begin() {
	floor := max(d.memory.Floor, d.seen.Floor)
	if floor <= 0 {
		floor = d.bounds.up(len(d.seen.Replicas))
	}
	d.floor = min(max(floor, d.bounds.Min), d.bounds.Max)
}

// look brings the memory up to what is seen, and finds what is needed.
func (d *decider) look() {
	p := Point{At: d.now}
	if d.seen.Offender != "" || d.seen.Held != "" {
		d.memory.Judged = d.now
	}
	moved := !d.memory.Judged.IsZero() && d.now.Sub(d.memory.Judged) < 2*grace
	for _, r := range d.seen.Replicas {
		first := d.memory.First[r.ID]
		moved = moved || r.Ready && !first.IsZero() && d.now.Sub(first) < 2*grace
	}
	for _, r := range d.seen.Replicas {
		demand := r.Demand
		// A demand that is smoothed falls by half in five minutes: it still counts clients
		// that have gone to another replica, or to jail.
		if moved {
			demand = min(demand, r.Busy)
		}
		p.Seats, p.CPU = p.Seats+demand, p.CPU+r.CPU
	}
	points, added := add(d.memory.Points, p)
	d.memory.Points = points
	d.seats = due(points, func(p Point) float64 { return p.Seats })
	d.cpu = due(points, func(p Point) float64 { return p.CPU })
	d.cap = capacityOf(d.seen, d.bounds)
	d.want, d.bySeats, d.byCPU = d.cap.need(d.seats, d.cpu, 1, d.bounds.Max)
	if d.beyond = d.cap.carries > 0 && d.cap.line > 0 && d.seats.Due > target*d.cap.carries; d.beyond {
		d.want = d.byCPU
	}
	fewest, _, _ := d.cap.need(d.seats, d.cpu, spare, d.bounds.Max)
	d.memory = d.memory.needed(d.bounds.up(fewest), d.now)
	d.streak(added)
	d.note()
}

// streak follows for how long more have been needed.
func (d *decider) streak(added bool) {
	want := d.bounds.up(d.want)
	if want <= d.floor {
		d.memory.Short = nil
		return
	}
	s := Short{Since: d.now, Replicas: want}
	if was := d.memory.Short; was != nil {
		s = Short{was.Since, was.Looks, min(was.Replicas, want)}
	}
	if added {
		s.Looks++
	}
	d.memory.Short = &s
}

// decide moves the floor, or says why it stays.
func (d *decider) decide() Decision {
	short := d.memory.Short
	overdue := d.want > d.bounds.Max
	if short != nil || d.beyond && d.bySeats > d.floor {
		if refused := d.refuse(); refused != nil {
			if was := d.memory.Refused; was != nil && was.Reason == refused.Reason {
				refused = was // the figures in it change from look to look
			}
			d.memory.Refused = refused
			out := d.done(refused.Reason, refused.Words)
			out.Refused = refused
			return out
		}
	}
	d.memory.Refused = nil
	switch {
	case short != nil && (short.Looks < raiseLooks || d.now.Sub(short.Since) < raiseAfter):
		return d.done(Settling, "more are due, and have not been for long")
	case short != nil:
		d.floor, d.memory.Short = short.Replicas, nil
		return d.done(Raised, "")
	case overdue:
		return d.done(AtMax, fmt.Sprintf("%d replicas are allowed, and do not carry what is due", d.bounds.Max))
	}
	return d.lower()
}

// note says what is not seen that would count.
func (d *decider) note() {
	if d.bounds.Zones > 1 && d.seen.Zones < d.bounds.Zones {
		d.notes = append(d.notes, fmt.Sprintf("%d zones are asked for and %d seen: more replicas are no more zones", d.bounds.Zones, d.seen.Zones))
	}
	if d.cap.cpu == 0 {
		d.notes = append(d.notes, "what CPU a replica uses, or may come to, is not known: it goes by seats alone")
	}
	if d.cap.line == 0 {
		d.notes = append(d.notes, "the load line is not known: it goes by CPU alone")
	}
}

// done is the decision, and keeps it.
func (d *decider) done(r Reason, words string) Decision {
	from := d.memory.Floor
	d.memory.Floor = d.floor
	n := len(d.seen.Replicas)
	return Decision{
		Floor: d.floor, From: from, Reason: r, Words: words, Need: d.want, Notes: d.notes,
		Numbers: Numbers{
			Seats: d.seats, CPU: d.cpu, Line: d.cap.line, Bound: d.cap.cpu, BySeats: d.bySeats, ByCPU: d.byCPU,
			Before: n, Left: n - d.cap.lost(max(n, 1)), ByZone: d.cap.zones > 1,
		},
	}
}
