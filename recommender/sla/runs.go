// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"strconv"
	"strings"
)

// minutesADay are the minutes of a day of UTC, which has no days of other lengths.
const minutesADay = 24 * 60

// Run is a number of minutes after each other of which the same is known.
type Run struct {
	Letter  Letter
	Minutes int
}

// Runs are the minutes of a day so far, as runs.
type Runs []Run

// Len is how many minutes they are.
func (r Runs) Len() int {
	n := 0
	for _, one := range r {
		n += one.Minutes
	}
	return n
}

// add adds minutes at the end. It may write over what is behind the end of r.
func (r Runs) add(l Letter, minutes int) Runs {
	switch {
	case minutes <= 0:
		return r
	case len(r) > 0 && r[len(r)-1].Letter == l:
		r[len(r)-1].Minutes += minutes
		return r
	default:
		return append(r, Run{Letter: l, Minutes: minutes})
	}
}

// set is r with one more account of its minute i: the worse counts. Minutes before it that
// nobody has given an account of are unseen. r stays as it is.
func (r Runs) set(i int, l Letter) Runs {
	out := make(Runs, 0, len(r)+3)
	at := 0
	for _, one := range r {
		if i < at || i >= at+one.Minutes {
			out = out.add(one.Letter, one.Minutes)
		} else {
			out = out.add(one.Letter, i-at)
			out = out.add(worse(one.Letter, l), 1)
			out = out.add(one.Letter, at+one.Minutes-i-1)
		}
		at += one.Minutes
	}
	if i >= at {
		out = out.add(Unseen, i-at).add(l, 1)
	}
	return out
}

// String are the runs as they are kept, and can be read: g840 O3 g597.
func (r Runs) String() string {
	var b strings.Builder
	for i, one := range r {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte(byte(one.Letter))
		b.WriteString(strconv.Itoa(one.Minutes))
	}
	return b.String()
}

// ParseRuns reads the runs of a day as String writes them. It errs where they are no runs
// or more than a day.
func ParseRuns(text string) (Runs, error) {
	var r Runs
	left := minutesADay
	for word := range strings.FieldsSeq(text) {
		l := Letter(word[0])
		n, err := strconv.Atoi(word[1:])
		if err != nil || !l.valid() || n <= 0 || n > left {
			return nil, fmt.Errorf("reading the minutes of a day: %.20q is no run of minutes, or one too many", word)
		}
		left -= n
		r = r.add(l, n)
	}
	return r, nil
}
