// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// Explain gives a verdict as a reason: the message that is handed in, what was
// seen, and why nothing else was done instead.
func Explain(v Verdict, harm Harm, message string) plane.Reason {
	r := plane.Reason{Message: message}
	r.Evidence = append(r.Evidence, fmt.Sprintf("held %d of %d seats with %d requests, at least %.0f %% in %d of %d samples over %s on %d replicas",
		v.Seats, v.Total, v.Requests, 100*v.Share, v.Samples, v.Samples, v.Span.Round(100*time.Millisecond), v.Replicas))
	r.Evidence = append(r.Evidence, harm.Evidence()...)
	if v.OthersWaiting > 0 {
		r.Evidence = append(r.Evidence, fmt.Sprintf("%d requests of others waited, the oldest for %s", v.OthersWaiting, v.OldestWait.Round(100*time.Millisecond)))
	}
	if v.CalmHeld >= 0 {
		r.Evidence = append(r.Evidence, fmt.Sprintf("in calm times all of its flow schema %s has %.1f requests in work", v.Schema, v.CalmHeld))
	}
	if v.Width > 1 {
		r.Evidence = append(r.Evidence, fmt.Sprintf("its requests are up to %d seats wide", v.Width))
	}
	r.Rejected = []string{
		fmt.Sprintf("more replicas: it would do the same on each of them, as it does on %d now", v.Replicas),
		fmt.Sprintf("a lower load line: it would take seats from everybody, and %.0f %% of them are one client's", 100*v.Share),
		"a flow schema for all clients of its kind: only this user, verb and resource do the harm",
	}
	return r
}
