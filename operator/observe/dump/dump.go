// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package dump reads the debug dump of API Priority and Fairness, which has a
// line for each request that a kube-apiserver executes or keeps waiting, and adds
// the lines up by client.
//
// The dump (/debug/api_priority_and_fairness/dump_requests with
// includeRequestDetails) is a table written with text/tabwriter: cells end in a
// comma and are padded with blanks to the width of their column. Columns are
// found by the names in the first line, so that a later server may add some.
// Cells are told apart by where the columns of the first line begin; where lines
// are not aligned, by the commas.
//
// The server quotes nothing, and cells hold what clients sent: a request path
// with line breaks in it writes lines of its own into the dump, in which it can
// accuse whomever it likes. Such a request cannot write a line for a resource
// without leaving one with too few or too many cells as well, so a dump with a
// broken line is refused as a whole: nobody is jailed on such evidence. A forged
// line for a path that is no resource does not give itself away.
package dump

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// Path is where a kube-apiserver serves the dump.
const Path = "/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1"

// OthersUser stands for the clients that are too many to be listed, or whose
// names are too long or not text. As no user of that name exists and none whose
// name begins with system: is ever jailed, it counts in totals and no more.
const OthersUser = "system:evenkeel:others"

// ErrGarbage is a body that is no dump, or one that may have been forged.
var ErrGarbage = errors.New("not a dump of requests")

// Bounds limit what a dump may cost. A zero bound has its default.
type Bounds struct {
	// Rows are read of a dump at the most: 20,000. The rest is counted.
	Rows int
	// Clients are told apart at the most: 512, those with the most seats and
	// waiting requests; the rest is added up, service accounts by namespace, and
	// others under OthersUser.
	Clients int
	// CellBytes bounds the name of a user, a resource or a path: 1,024.
	CellBytes int
}

func (b Bounds) withDefaults() Bounds {
	if b.Rows <= 0 {
		b.Rows = 20000
	}
	if b.Clients <= 0 {
		b.Clients = 512
	}
	if b.CellBytes <= 0 {
		b.CellBytes = 1024
	}
	return b
}

// Result is what a dump says.
type Result struct {
	// Held are the holdings by client, level and schema; those with the most
	// seats and waiting requests first.
	Held []plane.Held
	// Rows counts the requests read, Unread those past the bound.
	Rows, Unread int
	// Folded counts the holdings that were added up.
	Folded int
}

// Parse adds up a dump. date is the answer's Date header, by the clock of the
// server; zero when there was none. The error wraps ErrGarbage.
//
// Waiting times are taken on the server's own clock, as the operator's may differ
// by more than the times in question. The Date header was set when the server
// wrote the dump, cut to seconds; the newest arrival is exact and, as the request
// for the dump itself is in it, moments before. So the time of the dump is the
// newest arrival, kept within the second that the header names.
func Parse(body []byte, date time.Time, b Bounds) (Result, error) {
	b = b.withDefaults()
	line, body := cutLine(body)
	t, err := newTable(line)
	if err != nil {
		return Result{}, err
	}
	s := newSum(b)
	var result Result
	for number := 2; len(body) > 0; number++ {
		line, body = cutLine(body)
		if result.Rows == b.Rows {
			result.Unread++
			continue
		}
		row, err := t.row(line)
		if err != nil {
			return Result{}, fmt.Errorf("%w: line %d %w: a request whose path or name has line breaks may have written it, so that no client is judged by this dump", ErrGarbage, number, err)
		}
		result.Rows++
		s.add(row)
	}
	result.Held, result.Folded = s.held(s.clock(date))
	return result, nil
}

func cutLine(body []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(body, []byte{'\n'})
	return line, rest
}
