// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"
	"strings"

	"evenkeel.dev/evenkeel/operator/observe/page"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// answered is what became of the requests since the process began, and the watches that
// are open now. Requests for no resource are left out: probes are among them, and one of
// a replica that is not ready yet is answered with a 500, which fails nobody. So are
// watches and streams, which last for as long as their clients like.
func answered(p *page.Page) (a plane.Answers) {
	for _, s := range p.Series(answeredTotal) {
		code, verb, scope := s.Labels[0], s.Labels[1], s.Labels[2]
		if slices.Contains(unlimited, verb) || !slices.Contains(scopes[:], scope) {
			continue
		}
		a.Requests += s.Value
		switch {
		case len(code) == 3 && strings.HasPrefix(code, "5"):
			a.Errors += s.Value
		case code == "429":
			a.Refused += s.Value
		}
	}
	if open, ok := p.First(openStreams); ok {
		a.Watches = count(open)
	}
	a.WatchBytes, _ = p.First(watchedBytes)
	a.Bytes, _ = p.First(answerBytes)
	a.WatchEnds, _ = p.First(endedWatches)
	return a
}

// answers is what became of the requests between the two pages, and the watches that are
// open at the later.
func (s *since) answers() plane.Answers {
	was, is := s.before.answers, s.after.answers
	return plane.Answers{
		Requests:   s.minus(is.Requests, was.Requests),
		Errors:     s.minus(is.Errors, was.Errors),
		Refused:    s.minus(is.Refused, was.Refused),
		Bytes:      s.minus(is.Bytes, was.Bytes),
		Watches:    is.Watches,
		WatchBytes: s.minus(is.WatchBytes, was.WatchBytes),
		WatchEnds:  s.minus(is.WatchEnds, was.WatchEnds),
	}
}
