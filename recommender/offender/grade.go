// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"strings"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// giant is the width in seats from which a request is dear in itself: the
// apiserver prices a list of a megabyte or more from its cache at ten seats. A
// few of them at once fill a replica, so the mild grade is passed over.
const giant = 10

// severe is how many times their calm mean the requests of others take when the
// mild grade is passed over: a replica so far gone is not saved by leaving a client
// a few seats of the many that it holds. The width does not always tell, as a level
// of few seats has its requests priced at a part of them.
const severe = 10

// firstSeats is what the mild grade leaves a client, per replica.
const firstSeats = 4

// parole is how the seats come back at the end of a term, mildest last.
var parole = []plane.Grade{
	{Kind: plane.GradeOne},
	{Kind: plane.GradeSeats, Seats: 2},
	{Kind: plane.GradeSeats, Seats: 4},
	{Kind: plane.GradeSeats, Seats: 8},
}

// First is the grade of a new sentence, by the client's widest request, by what it
// leaves to others and by what they suffer.
func First(v Verdict, harm Harm) plane.Grade {
	if v.Width >= giant || v.Share >= plainShare || harm.worst() >= severe {
		return plane.Grade{Kind: plane.GradeOne}
	}
	return plane.Grade{Kind: plane.GradeSeats, Seats: firstSeats}
}

// Harder is the next harder grade; ok is false when there is none.
func Harder(g plane.Grade) (harder plane.Grade, ok bool) {
	switch g.Kind {
	case plane.GradeSeats:
		return plane.Grade{Kind: plane.GradeOne}, true
	case plane.GradeOne:
		return plane.Grade{Kind: plane.GradeNone}, true
	default:
		return g, false
	}
}

// milder tells whether a leaves the client more than b.
func milder(a, b plane.Grade) bool {
	order := func(g plane.Grade) int {
		switch g.Kind {
		case plane.GradeNone:
			return 0
		case plane.GradeOne:
			return 1
		default:
			return 1 + g.Seats
		}
	}
	return order(a) > order(b)
}

// Level is the priority level that carries a grade out, in a tenant whose other
// levels have others shares between them and whose replicas have the ceiling.
//
// No shares and no borrowing mean no seats: a rejecting level then still runs one
// request of any width whenever it is empty, and a queueing level none at all
// (k8s.io/apiserver v0.36 pkg/util/flowcontrol/fairqueuing/queueset).
func Level(name string, g plane.Grade, ceiling, others int) plane.LevelSpec {
	switch g.Kind {
	case plane.GradeOne:
		return plane.LevelSpec{Name: name}
	case plane.GradeNone:
		return plane.LevelSpec{Name: name, Queues: 1, HandSize: 1, QueueLength: 1}
	default:
		return plane.LevelSpec{Name: name, Shares: sharesFor(g.Seats, ceiling, others), Queues: 1, HandSize: 1, QueueLength: 2 * g.Seats}
	}
}

// sharesFor is the smallest number of shares that gives at least want seats, or all
// of a ceiling that has fewer: from ceil(ceiling·s/(others+s)) ≥ want follows
// s > others·(want−1)/(ceiling−want+1).
func sharesFor(want, ceiling, others int) int {
	want = min(want, ceiling)
	return int(int64(others)*int64(want-1)/int64(ceiling-want+1)) + 1
}

func isJail(level string) bool { return strings.HasPrefix(level, plane.JailPrefix) }
