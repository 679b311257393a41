// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "time"

// Window is a time of the week at which what can wait may disturb.
type Window struct {
	// Days on which it opens; none is every day.
	Days []time.Weekday
	// From is the time of the day at which it opens, Length how long it is open.
	From, Length time.Duration
	// Zone is where that time is told; nil is UTC.
	Zone *time.Location
}
