// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"slices"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// mostPromises bounds what is kept of what was promised, as the CRD does.
const mostPromises = 62

// Promises are what was promised of a control plane, in percent, and since when.
type Promises []v1alpha1.LedgerPromise

// last is what is promised by them; empty without any.
func (p Promises) last() string {
	if len(p) == 0 {
		return ""
	}
	return p[len(p)-1].Target
}

// with are the promises when so much is promised now.
func (p Promises) with(target string, now time.Time) Promises {
	today := now.UTC().Format(time.DateOnly)
	n := len(p)
	switch {
	case n > 0 && p[n-1].Target == target:
		return p
	case n > 0 && p[n-1].Since == today:
		p = p[:n-1] // nothing was judged by that
		if n > 1 && p[n-2].Target == target {
			return p
		}
	}
	p = append(slices.Clip(p), v1alpha1.LedgerPromise{Since: today, Target: target})
	return p[max(0, len(p)-mostPromises):]
}

// Of is what a month is judged by that is over now: what was promised last in it or, where the
// ledger does not go back so far, first of all. It is empty of a month that is not over, and where
// nothing was noted.
func (p Promises) Of(month, now time.Time) (target string) {
	month, now = month.UTC(), now.UTC()
	next := time.Date(month.Year(), month.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	if now.Before(next) {
		return ""
	}
	for i, one := range p {
		if i == 0 || one.Since < next.Format(time.DateOnly) {
			target = one.Target
		}
	}
	return target
}
