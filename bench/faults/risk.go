// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"strings"
	"time"
)

// Step is something that Evenkeel did, as its profile tells.
type Step struct {
	At            time.Time
	Kind, Message string
	// Saw is the first of its evidence; empty where it gives none.
	Saw string
	// Restarts is true for a resize that restarts the container.
	Restarts bool
}

// onEtcd is true for a step that touches a member.
func (s Step) onEtcd() bool {
	switch s.Kind {
	case "MoveLeader", "Defragment", "Compact", "Disarm":
		return true
	case "ResizePod", "EvictPod":
		return strings.Contains(s.Message, "etcd")
	default:
		return false
	}
}

// risky is true for a step on etcd that may take a member out of service, if only for
// moments: with another one missing that is the quorum. A resize in place that restarts
// nothing takes none out, nor do a compaction and a disarmed alarm.
func (s Step) risky() bool {
	switch s.Kind {
	case "MoveLeader", "Defragment", "EvictPod":
		return true
	case "ResizePod":
		return s.Restarts
	default:
		return false
	}
}

// span is a time in which a member was missing; a zero end is none yet.
type span struct{ from, to time.Time }

func (s span) holds(at time.Time) bool {
	return !at.Before(s.from) && (s.to.IsZero() || at.Before(s.to))
}

// whileDown are the steps on etcd that were taken while a member was missing, and those of
// them that were risky.
func whileDown(down []span, steps []Step) (all, risked []Step) {
	for _, s := range steps {
		if !s.onEtcd() {
			continue
		}
		for _, d := range down {
			if !d.holds(s.At) {
				continue
			}
			all = append(all, s)
			if s.risky() {
				risked = append(risked, s)
			}
			break
		}
	}
	return all, risked
}
