// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package shares

import (
	"fmt"
	"strings"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// highLends is how much workload-high lends at the most, in percent: its
	// controllers must not wait for the requests of others to end. highBorrows is how
	// much it may borrow: it holds service accounts of kube-system, which are never
	// jailed, and one of them must not take all that is idle.
	highLends, highBorrows = 25, 100
)

// limits are what a level may lend and borrow, never more than the tenant allows. low
// are the shares that the tenant gave all low levels together.
//
// A protected level lends nothing, because seats that are lent come back only when
// the borrower's requests have ended. A low level is where floods come from, and what
// is idle would flow to them: it borrows no more than the low levels have together.
// Without that the line would hold a flood of one low level at that level's few seats,
// whatever it is itself.
func limits(l plane.Level, low int) (lend, borrow int) {
	was := original(l)
	switch {
	case need(l.Name) > 0:
		return 0, was.BorrowingPercent
	case l.Name == "workload-high":
		lend, borrow = min(was.LendablePercent, highLends), highBorrows
	default:
		lend, borrow = was.LendablePercent, 100*(low-was.Shares)/max(was.Shares, 1)
	}
	if was.BorrowingPercent != plane.NoLimit {
		borrow = min(borrow, was.BorrowingPercent)
	}
	return lend, borrow
}

// isLow tells whether a level is one of those where floods come from.
func isLow(name string) bool { return name == "workload-low" || name == "global-default" }

// Protect is the division that must be in force at once: the limits of lending and
// borrowing, and floors for the protected levels. As long as every floor holds, the
// shares stay what they are; a floor that does not is raised at the cost of all
// others, in proportion to what they have. A protected level that still has what it was
// given for a line that was far lower gives that back at once: what it holds without
// need everybody else lacks.
func Protect(in Input) []plane.LevelShares {
	t := tableOf(in)
	now, raised := t.floors()
	had := make([]int, len(t.levels))
	sum, broken, hoards := 0, false, false
	for i, l := range t.levels {
		had[i] = l.Shares
		sum += l.Shares
		broken = broken || now != nil && l.Shares < now[i]
		hoards = hoards || now != nil && l.Shares > t.most(l, in.Demand[l.Name])
	}
	to := had
	if now != nil && (broken || hoards || sum != t.sum) {
		most := t.each(func(l plane.Level) float64 { return float64(t.most(l, in.Demand[l.Name])) })
		weight := t.each(func(l plane.Level) float64 {
			if hoards { // what the others have now is what was left to them
				return float64(max(original(l).Shares, 1))
			}
			return float64(max(l.Shares, 1))
		})
		to = whole(t.sum, fill(float64(t.sum), weight, floats(raised), most), raised)
	}
	return t.division(to)
}

// division are the levels of the table with so many shares each.
func (t table) division(to []int) []plane.LevelShares {
	all := make([]plane.LevelShares, len(t.levels))
	low := 0
	for _, l := range t.levels {
		if isLow(l.Name) {
			low += original(l).Shares
		}
	}
	for i, l := range t.levels {
		p := plane.Portion{Shares: to[i]}
		p.LendablePercent, p.BorrowingPercent = limits(l, low)
		all[i] = plane.LevelShares{Name: l.Name, Had: l.Portion(), Portion: p}
		all[i].Reason = strings.Join(why(l, p), "; ")
	}
	return all
}

// why says in words what changes for a level that is to have a portion.
func why(l plane.Level, p plane.Portion) (reasons []string) {
	switch n := need(l.Name); {
	case p.Shares > l.Shares && n > 0:
		reasons = append(reasons, fmt.Sprintf("must keep %d seats however deep the ballast", n))
	case p.Shares > l.Shares:
		reasons = append(reasons, "has back what the tenant gave it")
	case p.Shares < l.Shares && n > 0:
		reasons = append(reasons, "gives back what it was given for a lower line")
	case p.Shares < l.Shares:
		reasons = append(reasons, "gives what the protected levels must keep")
	}
	if p.LendablePercent < l.LendablePercent {
		reasons = append(reasons, "what it lends comes back only when the borrowers' requests have ended")
	}
	if p.BorrowingPercent != l.BorrowingPercent && p.BorrowingPercent >= 0 {
		reasons = append(reasons, "what others leave idle must not flow to whoever asks the most")
	}
	return reasons
}
