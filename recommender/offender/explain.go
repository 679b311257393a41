// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// Explain gives a verdict as a reason: the message that is handed in, what was
// seen, and why nothing else was done instead.
func Explain(v Verdict, harm Harm, message string) plane.Reason {
	r := plane.Reason{Message: message}
	r.Evidence = append(r.Evidence, fmt.Sprintf("held %d of %d seats with %d requests, at least %.0f %% in %d of %d samples over %s on %d replicas",
		v.Seats, v.Total, v.Requests, 100*v.Share, v.Samples, v.Samples, v.Span.Round(100*time.Millisecond), v.Replicas))
	if v.Among > 1 {
		r.Evidence = append(r.Evidence, fmt.Sprintf("with %d more such clients it held at least %.0f %%; each is dealt with by itself", v.Among-1, 100*v.Together))
	}
	if len(v.Parts) > 1 || v.Members > 1 {
		r.Evidence = append(r.Evidence, v.parts())
	}
	r.Evidence = append(r.Evidence, harm.Evidence()...)
	if v.OthersWaiting > 0 {
		r.Evidence = append(r.Evidence, fmt.Sprintf("%d requests of others waited, the oldest for %s", v.OthersWaiting, v.OldestWait.Round(100*time.Millisecond)))
	}
	if v.CalmHeld >= 0 {
		r.Evidence = append(r.Evidence, fmt.Sprintf("in calm times all of its flow schema %s has %.1f requests in work", v.Schema, v.CalmHeld))
	}
	if v.Cost > 0 {
		r.Evidence = append(r.Evidence, fmt.Sprintf("each takes a replica %.1f s of CPU time, whatever seats flow control takes it for", v.Cost))
	}
	if v.Width > 1 {
		r.Evidence = append(r.Evidence, fmt.Sprintf("its requests are up to %d seats wide", v.Width))
	}
	if slices.Contains(v.Client.Verbs(), "watch") || v.Client.Verb == plane.All {
		r.Evidence = append(r.Evidence, "a watch that is refused makes an informer back off and try again; watches that are established go on")
	}
	r.Rejected = []string{
		fmt.Sprintf("more replicas: it would do the same on each of them, as it does on %d now", v.Replicas),
		v.lowerLine(),
		v.narrower(),
	}
	return r
}

// shownParts is how many parts of a client the evidence lists.
const shownParts = 3

// parts says what a client that stands for several is made of.
func (v Verdict) parts() string {
	names := make([]string, 0, shownParts)
	for _, p := range v.Parts[:min(shownParts, len(v.Parts))] {
		names = append(names, fmt.Sprintf("%s (%d requests, %d seats)", p.Name, p.Requests, p.Seats))
	}
	what := "kinds of request"
	if _, group := v.Client.GroupOf(); group {
		what = "service accounts"
	} else if v.Client.User == plane.Everyone {
		what = "clients"
	}
	return fmt.Sprintf("the heaviest of %d %s: %s", v.Members, what, strings.Join(names, ", "))
}

func (v Verdict) lowerLine() string {
	if v.Client.User == plane.Everyone {
		return "a lower load line: seats do not bound requests that are this dear each"
	}
	return fmt.Sprintf("a lower load line: it would take seats from everybody, and %.0f %% of them are one %s's", 100*v.Share, v.one())
}

func (v Verdict) one() string {
	if _, group := v.Client.GroupOf(); group {
		return "namespace"
	}
	return "client"
}

// narrower says why the sentence is not wider or narrower than it is.
func (v Verdict) narrower() string {
	_, group := v.Client.GroupOf()
	switch {
	case v.Client.User == plane.Everyone:
		return "a sentence on one client: none of them holds the majority, all together do"
	case group:
		return "a sentence on one service account: none of them holds the majority, all together do"
	case v.Client.Resource == plane.All:
		return "a sentence on one verb and resource: none of this user's holds the majority, all together do"
	case len(v.Client.Verbs()) > 1:
		return "a sentence on one verb: its requests are short and of several verbs, which together hold the majority"
	default:
		return "a flow schema for all clients of its kind: only this user, verb and resource do the harm"
	}
}
