// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"fmt"
	"math"
)

// Replica is one apiserver as it was seen. Numbers that no replica can have count as 0.
type Replica struct {
	// Name is for people, ID tells a replica from its successor of the same name.
	Name, ID, Zone string
	Ready          bool
	// Demand is the smoothed demand for seats of all levels that count, and Busy what runs
	// and waits at the moment: jails, exempt requests and the ballast are left out.
	Demand, Busy float64
	// Line is the load line, in seats; 0 is unknown.
	Line float64
	// CPU is what it uses, in cores, and Bound the most that it may come to; 0 is unknown.
	CPU, Bound float64
	// Watches are open; WatchBytes is what they are sent and Requests what else is
	// answered, both a second. Seconds is the execution time of those requests, a second.
	Watches                       float64
	WatchBytes, Requests, Seconds float64
	// Client holds the most seats of it, and Share is which part of all that are held;
	// empty and 0 where nobody has looked lately.
	Client string
	Share  float64
}

// Bounds are what the platform team allows.
type Bounds struct {
	// Min and Max bound the floor; Max 0 is not to be scaled.
	Min, Max int
	// Zones is over how many zones the replicas are spread; 0 is not said. ByZone has the
	// floor a multiple of it.
	Zones  int
	ByZone bool
}

// Seen is one look. The texts are empty where what they tell is not so.
type Seen struct {
	Replicas []Replica
	// Floor is the floor in force; 0 while there is none.
	Floor int
	// Zones is how many zones are seen that carry a replica, or could.
	Zones int
	// Blind says why not all can be seen; Late that requests are late.
	Blind, Late string
	// Etcd says what is short of it, Offender who is being judged or named, and Held who is
	// held by a sentence: more replicas are no answer to the first two, and none is taken
	// away because of the other.
	Etcd, Offender, Held string
	// Carries is how many seats of all replicas together etcd carries; 0 is not known to
	// be a limit. Least is the lowest line that a replica can be held at.
	Carries, Least float64
}

// sane is v where it can be an amount, else 0, which is unknown.
func sane(v float64) float64 {
	if v >= 0 && !math.IsInf(v, 0) {
		return v
	}
	return 0 // and so is NaN
}

func (r Replica) sane() Replica {
	for _, v := range []*float64{&r.Demand, &r.Busy, &r.Line, &r.CPU, &r.Bound, &r.Watches, &r.WatchBytes, &r.Requests, &r.Seconds, &r.Share} {
		*v = sane(*v)
	}
	return r
}

// zones is how many replicas come and go together.
func (b Bounds) zones() int {
	if b.ByZone && b.Zones > 1 {
		return b.Zones
	}
	return 1
}

// up is n in whole zones, and within the bounds.
func (b Bounds) up(n int) int {
	z := b.zones()
	return min(max((n+z-1)/z*z, b.Min), b.Max)
}

// sane are bounds that hold together, and what was made of those that do not.
func (b Bounds) sane() (fit Bounds, notes []string) {
	fit = Bounds{Min: max(b.Min, 1), Max: max(b.Max, 0), Zones: max(b.Zones, 0), ByZone: b.ByZone}
	if fit.Max > 0 && fit.Min > fit.Max {
		notes = append(notes, fmt.Sprintf("the least of %d replicas is more than the most of %d: the most counts", fit.Min, fit.Max))
		fit.Min = fit.Max
	}
	z := fit.zones()
	if z == 1 {
		return fit, notes
	}
	if fit.Max > 0 && fit.Max < z {
		notes = append(notes, fmt.Sprintf("%d replicas at the most are fewer than %d zones: they are not counted by zone", fit.Max, z))
		fit.ByZone = false
		return fit, notes
	}
	least, most := (fit.Min+z-1)/z*z, fit.Max/z*z
	if fit.Max > 0 && least > most {
		notes = append(notes, fmt.Sprintf("no multiple of %d zones lies within %d to %d replicas: they are not counted by zone", z, fit.Min, fit.Max))
		fit.ByZone = false
		return fit, notes
	}
	fit.Min, fit.Max = least, most
	return fit, notes
}
