// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package live shows a run of the bench while it runs: on a terminal a block
// that is redrawn in place twice a second, elsewhere plain lines every few
// seconds.
//
// What is shown is a State, which the run fills; Render and Line turn it into
// text and are pure. A Screen draws that text and gives the terminal back as it
// was. Text in a State may come from a tenant: whatever a terminal would obey in
// it is taken out before it is drawn.
package live

import "time"

// State is one moment of a run. Values that are not known yet are NaN for
// latencies and rates, and zero or negative where said.
type State struct {
	// Title is what runs, as in "list-storm".
	Title string
	// Elapsed is the time since the run began.
	Elapsed time.Duration
	Phase   Phase
	Victims Victims
	// OffenderName is the offender's user, OffenderRate its answered requests per
	// second, OffenderRefused those that were refused.
	OffenderName                  string
	OffenderRate, OffenderRefused float64
	// LoadLine, Ceiling and Used are seats of one replica; Ceiling 0 is unknown.
	LoadLine, Ceiling, Used int
	// Jailed are the clients in jail, in words.
	Jailed   []string
	Decision Decision
}

// Phase is the part of the run that is on.
type Phase struct {
	Name string
	// Number counts from 1; Of is how many there are.
	Number, Of int
	// Left is the time until it ends; negative while that is open.
	Left time.Duration
}

// Victims are the clients that must not suffer.
type Victims struct {
	// PerSecond are the 99th percentiles of each second so far, in milliseconds,
	// the oldest first; NaN for a second without an answer.
	PerSecond []float64
	// P50 and P99 are over the last two seconds, in milliseconds.
	P50, P99 float64
	// Failed counts the requests that failed or were rejected since the phase
	// began.
	Failed int
}

// Decision is the operator's last decision; At zero is none.
type Decision struct {
	At              time.Time
	Reason, Message string
}
