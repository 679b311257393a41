// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package history

import "time"

const (
	// fineStep and fineSteps are two hours to look at what just happened; coarseStep and
	// coarseSteps a day, to see what was usual.
	fineStep, fineSteps     = 30 * time.Second, 240
	coarseStep, coarseSteps = 5 * time.Minute, 288
)

// ring keeps one row for each of the last steps of time. A row has its place by its step, so
// that steps are in order whatever the clock did.
type ring struct {
	step time.Duration
	rows []row
	// first and last are the steps, counted from 1970, of which there are rows; of those
	// between them that nothing was added to, the row is empty.
	first, last int64
	// added counts what was added to the last step, to take means.
	added float32
	any   bool
}

// add enters what was seen at a time. A clock that is set back adds to the steps that it
// shows once more. One that is set back by more than is kept begins anew: what is there is
// of a time that has not come.
func (r *ring) add(at time.Time, one row) {
	step, n := at.UnixNano()/int64(r.step), int64(len(r.rows))
	switch {
	case !r.any || step > r.last+n || step <= r.last-n:
		r.any, r.first, r.last, r.added = true, step, step, 1
		r.rows[r.at(step)] = one
		return
	case step > r.last:
		for s := r.last + 1; s < step; s++ {
			r.rows[r.at(s)] = empty
		}
		r.rows[r.at(step)], r.last, r.added = one, step, 1
		r.first = max(r.first, step-n+1)
		return
	case step < r.first:
		for s := step; s < r.first; s++ {
			r.rows[r.at(s)] = empty
		}
		r.first = step
	}
	into := &r.rows[r.at(step)]
	if step == r.last {
		*into = into.with(one, r.added)
		r.added++
	} else {
		*into = into.with(one, 1)
	}
}

func (r *ring) at(step int64) int {
	n := int64(len(r.rows))
	return int((step%n + n) % n)
}

// points adds the points of the steps that begin at or after since and before until.
func (r *ring) points(to []Point, since, until time.Time) []Point {
	if !r.any {
		return to
	}
	for s := r.first; s <= r.last; s++ {
		if at := time.Unix(0, s*int64(r.step)).UTC(); !at.Before(since) && at.Before(until) {
			to = append(to, Point{At: at, Sample: r.rows[r.at(s)].sample()})
		}
	}
	return to
}

// begins is when the first step begins that is kept.
func (r *ring) begins() time.Time { return time.Unix(0, r.first*int64(r.step)).UTC() }

// with is a row with one more sample of its step, n having been taken before: the peak of
// what hurts by its peaks, the mean of rates, the last of what was set, the least of what is
// ready.
func (r row) with(o row, n float32) row {
	out := row{
		used: peak(r.used, o.used), waiting: peak(r.waiting, o.waiting),
		loadLine: latest(r.loadLine, o.loadLine), ceiling: latest(r.ceiling, o.ceiling),
		requests: mean(r.requests, o.requests, n), failed: mean(r.failed, o.failed, n), shed: mean(r.shed, o.shed, n),
		cpu: peak(r.cpu, o.cpu), memory: peak(r.memory, o.memory),
		cpuRequested: latest(r.cpuRequested, o.cpuRequested), memoryRequested: latest(r.memoryRequested, o.memoryRequested),
		listP99: longest(r.listP99, o.listP99), oneP99: longest(r.oneP99, o.oneP99), probe: longest(r.probe, o.probe),
		ready: r.ready, verdict: max(r.verdict, o.verdict),
	}
	if r.ready < 0 || o.ready >= 0 && o.ready < r.ready {
		out.ready = o.ready
	}
	return out
}

func seen(f float32) bool { return f == f } // NaN alone is not itself

func peak(a, b float32) float32 {
	if !seen(a) || b > a {
		return b
	}
	return a
}

func latest(a, b float32) float32 {
	if seen(b) {
		return b
	}
	return a
}

func mean(a, b, n float32) float32 {
	switch {
	case !seen(a):
		return b
	case !seen(b):
		return a
	default:
		return a + (b-a)/(n+1)
	}
}

func longest(a, b short) short {
	if s := a.seconds(); !seen(s) || b.seconds() > s {
		return b
	}
	return a
}
