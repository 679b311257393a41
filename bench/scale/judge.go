// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import "time"

// The SLO of the critical requests, and what is judged by itself.
const (
	slo    = time.Second
	window = 10 * time.Second
)

// late tells whether the SLO was missed in a window: a request failed, or one in a hundred
// took longer, or none was due, which the load does not have.
func (w Window) late() bool { return w.Requests == 0 || w.Failed > 0 || w.P99 > slo }

// lost is for how many minutes the SLO was missed.
func lost(windows []Window) (minutes float64) {
	for _, w := range windows {
		if w.late() {
			minutes += window.Minutes()
		}
	}
	return minutes
}

// from is when there was first as much capacity, after the step; ok is false where there
// never was.
func (o Outcome) from(cores float64) (after time.Duration, ok bool) {
	for _, c := range o.Seen {
		if !c.At.Before(o.Stepped) && c.Cores >= cores-tiny {
			return c.At.Sub(o.Stepped), true
		}
	}
	return 0, false
}

// tiny is less than any size is apart from another.
const tiny = 1e-6

// atStep is the capacity when the load grew; ok is false where nothing was seen before.
func (o Outcome) atStep() (c Capacity, ok bool) {
	for _, seen := range o.Seen {
		if seen.At.After(o.Stepped) {
			break
		}
		c, ok = seen, true
	}
	return c, ok
}

// atEnd is the last that was seen.
func (o Outcome) atEnd() (c Capacity, ok bool) {
	if len(o.Seen) == 0 {
		return Capacity{}, false
	}
	return o.Seen[len(o.Seen)-1], true
}

// first is when any was added to what was there when the load grew.
func (o Outcome) first() (after time.Duration, ok bool) {
	was, ok := o.atStep()
	if !ok {
		return 0, false
	}
	return o.from(was.Cores + 2*tiny)
}
