// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"strings"
	"time"
)

// Look is what one vantage point says of a control plane.
type Look struct {
	// Point is the vantage point's name.
	Point   string
	Verdict Verdict
	// At is when it looked.
	At  time.Time
	Why string
	// Asleep is whether there was nothing to look at, as it is scaled to nothing.
	Asleep bool
	// Glance is whether it was a glance between two rounds, which is none to be counted.
	Glance bool
}

// Agree is what all vantage points together say: down when each that sees at all, and
// looked within so long, sees it down. One that sees it up is right: an outage is one for
// everybody. Without anybody who looked it is blind.
func Agree(looks []Look, now time.Time, within time.Duration) (v Verdict, why string) {
	var down []string
	reason := ""
	for _, l := range looks {
		if now.Sub(l.At) > within || l.At.After(now.Add(within)) {
			continue
		}
		switch l.Verdict {
		case Up:
			return Up, ""
		case Down:
			if down = append(down, l.Point); reason == "" {
				reason = l.Why
			}
		case Blind:
		}
	}
	switch len(down) {
	case 0:
		return Blind, ""
	case 1:
		return Down, fmt.Sprintf("%s (seen from %s alone)", reason, down[0])
	default:
		return Down, fmt.Sprintf("%s (seen from %s)", reason, strings.Join(down, " and "))
	}
}
