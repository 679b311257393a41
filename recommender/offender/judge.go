// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// Samples is how many debug dumps in a row a verdict needs.
	Samples = 3
	// Of a client that leaves others next to nothing two are enough, if there is
	// time between them: in such a storm a dump takes a second to come, and to wait
	// for a third is to let it go on.
	plainSamples = 2
	plainShare   = 0.9
	plainSpan    = 500 * time.Millisecond
	// sampleAge is how old a dump may be to count: three at the fast tick take a
	// second, and replicas that are out of breath may take many more.
	sampleAge = 20 * time.Second
	// freshest is how long ago the last of them may have been asked for: nobody is
	// sentenced for a storm that has passed, and in one a dump takes seconds to come.
	freshest = 5 * time.Second
	// leastHeld is how many requests at once a client must have open: fewer are
	// no storm, however dear each is.
	leastHeld = 4
	// majority is the share of the seats in use and waited for that makes a
	// client the one that does the harm.
	majority = 0.5
	// clearPart is the least share of each of several clients that do the harm
	// together, and mostAtOnce how many they may be.
	clearPart  = 0.25
	mostAtOnce = 3
	// overBaseline is how many times the calm mean of its whole flow schema a
	// client must hold.
	overBaseline = 3.0
	// dearCost is the CPU time, in seconds, from which on a request is dear by itself:
	// five such requests a second fill a core, however few seats they take.
	dearCost = 0.2
)

// Standing is how the holding of a client counts.
type Standing int

// The standings.
const (
	// Judged may be found to do the harm.
	Judged Standing = iota
	// Counted holds seats that others do not, and is not judged (again).
	Counted
	// Ignored counts in nothing: it is in a jail already, or Evenkeel itself.
	Ignored
)

// Verdict is a client that held most of the seats in every sample, or a clear part
// of them while a few such clients held most.
type Verdict struct {
	Client        plane.Client
	Level, Schema string
	// Seats and Total are its own and everybody's seats in the last sample, in
	// use and waited for; Requests are its requests.
	Seats, Total, Requests int
	// Share is the least share in any of the samples, 0 to 1.
	Share float64
	// Among is how many clients do the harm together, this one included, and
	// Together the sum of their shares.
	Among    int
	Together float64
	// Parts are what a client that stands for several is made of, the heaviest
	// first; Members counts them.
	Parts   []Part
	Members int
	// Samples and Span tell how many samples there were and over how long.
	Samples int
	Span    time.Duration
	// Replicas counts the replicas that were sampled.
	Replicas int
	// Width is its widest request.
	Width int
	// Cost is the CPU time that each request takes, in seconds, where it is judged for
	// it; 0 elsewhere.
	Cost float64
	// OthersWaiting counts the requests of others that were queued, OldestWait
	// how long the first of them.
	OthersWaiting int
	OldestWait    time.Duration
	// CalmHeld is the calm mean of requests in work of its whole flow schemas;
	// negative while unknown.
	CalmHeld float64
}

// Known is what is known of clients beyond the samples.
type Known struct {
	// Standing is how what a client holds counts.
	Standing func(plane.Held) Standing
	// Cost is the CPU time of each request of such a client, in seconds; 0 when it
	// cannot be told.
	Cost func(plane.Client) float64
}

// Judge names the client that does the harm by the narrowest description that
// explains it, or the few that do together: see ladder. None when nobody can be
// told to.
func Judge(samples []plane.Sample, baselines map[string]plane.Baseline, now time.Time, known Known) []Verdict {
	n := len(samples)
	for _, rung := range ladder() {
		if n >= Samples {
			c := newCourt(samples[n-Samples:], baselines, known)
			if found := c.judge(rung, majority); c.fresh(now) && len(found) > 0 {
				return found
			}
		}
		if n >= plainSamples {
			c := newCourt(samples[n-plainSamples:], baselines, known)
			if found := c.judge(rung, majority); c.fresh(now) && len(found) > 0 {
				if found[0].Together >= plainShare && c.span() >= plainSpan {
					return found
				}
				return nil // the next sample may settle it: no wider description meanwhile
			}
		}
	}
	return nil
}

// Suspect tells whether one client holds most of the seats in a fresh last sample:
// not yet a verdict, but reason enough to look closer and not to blame somebody else.
func Suspect(samples []plane.Sample, now time.Time, known Known) bool {
	if len(samples) == 0 {
		return false
	}
	c := newCourt(samples[len(samples)-1:], nil, known)
	if !c.fresh(now) {
		return false
	}
	for _, r := range ladder() {
		if len(c.judge(r, majority)) > 0 {
			return true
		}
	}
	return false
}
