// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package shares

import (
	"math"
	"slices"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// Floors that have to be raised are raised for all shares being aheadOver/aheadUnder
// times what they are, where there is room for it: for a load line of two thirds of
// the present one. A line that is cut further then finds them in place.
const aheadOver, aheadUnder = 3, 2

// sharesFor is the smallest number of shares that gives a level so many seats:
// ceil(ceiling·s/total) ≥ seats.
func sharesFor(seats, ceiling, total int) int {
	if seats <= 0 {
		return 0
	}
	return int(int64(seats-1)*int64(total)/int64(ceiling)) + 1
}

// floor are the shares that a level must have at least when all levels have total
// and no level is promised more than most seats. A level without a need keeps a share,
// which is a seat: limits are rounded up.
func floor(l plane.Level, most, ceiling, total int) int {
	return max(1, sharesFor(min(need(l.Name), most), ceiling, total))
}

// promise is the most seats that can be promised to every protected level that needs
// as many; 0 when there are fewer shares than levels. A small replica cannot give all
// that is needed, and what there is must not go to one level alone.
func (t table) promise(total int) int {
	highest := 0
	for _, n := range Needs() {
		highest = max(highest, n.Seats)
	}
	for most := highest; most > 0; most-- {
		if t.fits(most, total) {
			return most
		}
	}
	return 0
}

func (t table) fits(most, total int) bool {
	sum := 0
	for _, l := range t.levels {
		sum += floor(l, most, t.ceiling, total)
	}
	return sum <= t.sum
}

// floors are the shares below which no level may be now, and those to which they are
// raised when one is; nil when there is no room for any.
func (t table) floors() (now, raised []int) {
	if t.ceiling <= 0 {
		return nil, nil
	}
	most := t.promise(t.total)
	if most == 0 {
		return nil, nil
	}
	deeper := t.total * aheadOver / aheadUnder
	if !t.fits(most, deeper) {
		deeper = t.total
	}
	for _, l := range t.levels {
		now = append(now, floor(l, most, t.ceiling, t.total))
		raised = append(raised, floor(l, most, t.ceiling, deeper))
	}
	return now, raised
}

// most are the shares that a protected level may have while nothing is given back: what
// the tenant gave it, what it asks for, or its floor at a line a good deal lower than
// the one that floors are raised for, so that one move of the line undoes nothing.
func (t table) most(l plane.Level, demand float64) int {
	if need(l.Name) == 0 || !slices.ContainsFunc(t.levels, func(l plane.Level) bool { return need(l.Name) == 0 }) {
		return t.sum // or there is nobody to give back to
	}
	asked := int(math.Ceil(min(demand, float64(t.ceiling))*float64(t.total)/float64(t.ceiling))) + 1
	spare := floor(l, t.promise(t.total), t.ceiling, t.total*aheadOver*aheadOver/(aheadUnder*aheadUnder))
	return max(original(l).Shares, asked, spare)
}

// Floor is the lowest load line of a replica, in seats, at which every protected level
// can be given what it needs, beside at least one seat for each other level. others is
// the sum of shares that the ballast is sized by.
//
// Where the ceiling itself has not as much to give, it is the lowest line at which as
// much can be promised as at the ceiling. A protected level that is not Evenkeel's to
// change keeps what it needs by the line alone, if it has it without a ballast.
func Floor(ceiling, others int, levels []plane.Level) int {
	t := tableOf(Input{Levels: levels, Ceiling: ceiling})
	if ceiling <= 1 || others <= 0 {
		return 1
	}
	most := 0
	for n := 1; t.carries(ceiling, others, n, levels); n++ {
		if most = n; t.promised(n) == t.promised(n+1) {
			break
		}
	}
	low, high := 1, ceiling
	for low < high {
		middle := (low + high) / 2
		if t.carries(middle, others, most, levels) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// carries tells whether a line has the seats and the shares for a promise of most.
func (t table) carries(line, others, most int, levels []plane.Level) bool {
	// The fewest shares in all at which others have at most line seats: see
	// seats.Ballast, which is the part of it that is not theirs.
	total := max(others, int(int64(others)*int64(t.ceiling)/int64(line+1))+1)
	rest := 0
	for _, l := range levels {
		if mayChange(l) {
			continue
		}
		if l.Shares > 0 && !l.Own {
			rest++
		}
		n := need(l.Name)
		if n > 0 && l.Shares >= sharesFor(n, t.ceiling, others) && l.Shares < sharesFor(n, t.ceiling, total) {
			return false
		}
	}
	return t.promised(most)+rest <= line && t.fits(most, total)
}

// promised are the seats of a promise of most, one for every level without a need.
func (t table) promised(most int) int {
	sum := 0
	for _, l := range t.levels {
		sum += max(1, min(need(l.Name), most))
	}
	return sum
}
