// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package shares divides the load line: which level of the tenant gets how many of a
// replica's usable seats, what it may borrow and what it must lend.
//
// Three things keep the victims of an overload alive only together: the ballast, which
// keeps the replica from melting, floors for the levels that leases, elections and the
// system use, and limits of borrowing for the low levels, so that what is idle does
// not flow to whoever asks the most. Protect gives the floors and the limits, which
// are protection and do not wait; Target and Toward follow demand, in small moves.
//
// A division only moves shares between the levels of Kubernetes' suggested
// configuration. Their sum stays what the tenant had, so that the ballast, which is
// sized by it, leaves as many seats as before. Levels of the tenant's own, exempt and
// catch-all (whose shares the API lets nobody change) are never touched.
package shares

import (
	"slices"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// Need is how many seats a protected level must keep.
type Need struct {
	Level string
	Seats int
}

// Needs are the seats below which a protected level is never pressed, however deep
// the ballast: the requests that keep nodes and leaders alive. The figures cover 5,000
// nodes that renew a lease every 10 s at 10 ms each (5 seats), and the handful of
// leader elections of a control plane, with room to spare.
func Needs() []Need {
	return []Need{{"system", 4}, {"node-high", 8}, {"leader-election", 3}}
}

// Suggested are the levels of Kubernetes' suggested configuration (k8s.io/apiserver
// v0.36 pkg/apis/flowcontrol/bootstrap/default.go).
func Suggested() []string {
	return []string{"global-default", "leader-election", "node-high", "system", "workload-high", "workload-low"}
}

// Input is what a division goes by.
type Input struct {
	// Levels are all levels as the tenant's API holds them, with the ballast as it is
	// about to be.
	Levels []plane.Level
	// Ceiling are the seats of the replica that has the fewest: floors that hold there
	// hold everywhere.
	Ceiling int
	// Demand is the smoothed demand by level, in seats, where it is the highest.
	Demand map[string]float64
}

// mayChange tells whether a level takes part in a division.
func mayChange(l plane.Level) bool {
	return l.Suggested && l.Held == nil && !l.Exempt && !l.Own
}

// original is what the tenant had.
func original(l plane.Level) plane.Portion {
	if l.Original != nil {
		return *l.Original
	}
	return l.Portion()
}

// AsFound are the levels as they are without a division: what the load line has to go
// by while the shares are not Evenkeel's to change, or are about to be given back.
func AsFound(levels []plane.Level) []plane.Level {
	found := slices.Clone(levels)
	for i, l := range found {
		p := original(l)
		found[i].Shares, found[i].LendablePercent, found[i].BorrowingPercent = p.Shares, p.LendablePercent, p.BorrowingPercent
	}
	return found
}

func need(level string) int {
	for _, n := range Needs() {
		if n.Level == level {
			return n.Seats
		}
	}
	return 0
}

// table is a division being made: the levels that take part, in their order.
type table struct {
	levels  []plane.Level
	ceiling int
	// sum are the shares to divide, total those of all levels of the tenant then.
	sum, total int
}

func tableOf(in Input) table {
	t := table{ceiling: in.Ceiling}
	for _, l := range in.Levels {
		if mayChange(l) {
			t.levels = append(t.levels, l)
			t.sum += original(l).Shares
			t.total += original(l).Shares
		} else {
			t.total += l.Shares
		}
	}
	return t
}

// each is a number for every level of the table.
func (t table) each(of func(plane.Level) float64) []float64 {
	all := make([]float64, len(t.levels))
	for i, l := range t.levels {
		all[i] = of(l)
	}
	return all
}
