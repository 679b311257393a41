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

// firstSeats is what the mild grade leaves a client, per replica, and dearSeats what it
// leaves all clients of requests that are dear by themselves.
const firstSeats, dearSeats = 4, 1

// parole is how the seats come back at the end of a term, mildest last.
var parole = []plane.Grade{
	{Kind: plane.GradeOne},
	{Kind: plane.GradeSeats, Seats: 2},
	{Kind: plane.GradeSeats, Seats: 4},
	{Kind: plane.GradeSeats, Seats: 8},
}

// First is the grade of a new sentence, by the client's widest request, by what it
// leaves to others and by what they suffer.
//
// Of many clients none is to blame alone: they get seats, and queues in which each has
// its turn, apart from the others.
func First(v Verdict, harm Harm) plane.Grade {
	switch {
	case v.Cost >= dearCost:
		return plane.Grade{Kind: plane.GradeSeats, Seats: dearSeats}
	case !v.Client.Many() && (v.Width >= giant || v.Share >= plainShare || harm.worst() >= severe):
		return plane.Grade{Kind: plane.GradeOne}
	default:
		return plane.Grade{Kind: plane.GradeSeats, Seats: firstSeats}
	}
}

// Harder is the next harder grade of a sentence on a client; ok is false when there is
// none. Where many share the blame nobody is refused altogether.
func Harder(c plane.Client, g plane.Grade) (harder plane.Grade, ok bool) {
	switch {
	case g.Kind == plane.GradeSeats:
		return plane.Grade{Kind: plane.GradeOne}, true
	case g.Kind == plane.GradeOne && !c.Many():
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

// Level is the priority level that carries a sentence out, in a tenant whose other
// levels have others shares between them and whose replicas have the ceiling.
//
// No shares and no borrowing mean no seats: a rejecting level then still runs one
// request of any width whenever it is empty, and a queueing level none at all
// (k8s.io/apiserver v0.36 pkg/util/flowcontrol/fairqueuing/queueset).
func Level(s plane.Sentence, ceiling, others int) plane.LevelSpec {
	l := plane.LevelSpec{Name: s.Name}
	switch s.Grade.Kind {
	case plane.GradeOne:
	case plane.GradeNone:
		l.Queues, l.HandSize, l.QueueLength = 1, 1, 1
	default:
		l.Shares = sharesFor(s.Grade.Seats, ceiling, others)
		l.Queues, l.HandSize, l.QueueLength = 1, 1, 2*s.Grade.Seats
		if s.Client.Many() {
			l.Queues, l.HandSize, l.QueueLength = manyQueues, manyHands, manyLength
		}
	}
	return l
}

// What many clients get are the queues of Kubernetes' own levels, but with smaller
// hands: a client that holds all queues of its hand full holds fewer of the others'.
const manyQueues, manyHands, manyLength = 64, 4, 50

// sharesFor is the smallest number of shares that gives at least want seats, or all
// of a ceiling that has fewer: from ceil(ceiling·s/(others+s)) ≥ want follows
// s > others·(want−1)/(ceiling−want+1).
func sharesFor(want, ceiling, others int) int {
	want = min(want, ceiling)
	return int(int64(others)*int64(want-1)/int64(ceiling-want+1)) + 1
}

func isJail(level string) bool { return strings.HasPrefix(level, plane.JailPrefix) }
