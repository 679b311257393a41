// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// quorumNeeds is how few members that vote an etcd has at the least for one to be touched.
const quorumNeeds = 3

// held says in words why a step may not begin now; empty when it may. Whatever is not seen
// is not well.
func (s State) held(step Step, seen Seen, now time.Time) string {
	until, aside := s.Aside[step.key()]
	if step.Leader && !aside {
		until, aside = s.Aside[step.move().key()]
	}
	switch {
	case seen.Paused:
		return "the profile is paused"
	case len(seen.Held) > 0:
		return seen.Held[0]
	case seen.keeps(step) != "":
		return seen.keeps(step)
	case aside && now.Before(until):
		return "it failed, and is tried again at " + clock(until)
	case now.Before(s.Stopped) && (!step.Urgent || step.Kind == s.StoppedKind):
		return fmt.Sprintf("the plan was stopped: %s; it goes on at %s", s.StoppedWhy, clock(s.Stopped))
	case step.Urgent:
		return health(step, seen, now)
	case len(seen.Wait) > 0:
		return seen.Wait[0]
	}
	if open, next := Open(seen.Windows, now); !open {
		return opens(next)
	}
	return health(step, seen, now)
}

func opens(next time.Time) string {
	if next.IsZero() {
		return "no maintenance window ever opens"
	}
	return "the maintenance window opens at " + next.Format("Mon 15:04 MST")
}

// health says why the control plane cannot do without what the step touches. All others
// must be there, ready, well and seen: of its own component whatever it is, of the other
// one as well where the step can wait.
func health(step Step, seen Seen, now time.Time) string {
	if step.Component == sizing.Etcd {
		if why := quorum(step, seen); why != "" {
			return why
		}
	}
	others, there := 0, map[sizing.Component]int{}
	for _, one := range seen.Subjects {
		if one.left(seen) {
			continue
		}
		there[one.Component]++
		if one.UID == step.UID || one.Component != step.Component && step.Urgent {
			continue
		}
		if why := unwell(one, step, seen, now); why != "" {
			return why
		}
		if one.Component == step.Component {
			others++
		}
	}
	for _, c := range []sizing.Component{step.Component, other(step.Component)} {
		if c != step.Component && step.Urgent {
			continue
		}
		if there[c] < seen.Wanted[c] {
			return fmt.Sprintf("%d of %d pods of %s run", there[c], seen.Wanted[c], c)
		}
	}
	if others == 0 {
		return "there is no other that could stand in for it"
	}
	return ""
}

func other(c sizing.Component) sizing.Component {
	if c == sizing.Etcd {
		return sizing.APIServer
	}
	return sizing.Etcd
}

// quorum says why no member of etcd may be missed.
func quorum(step Step, seen Seen) string {
	voters := 0
	for _, one := range seen.Subjects {
		if one.Component == sizing.Etcd && one.Voter {
			voters++
		}
	}
	if step.Kind != MoveLeader && voters < quorumNeeds {
		return fmt.Sprintf("etcd has %d members that vote: without one of them there is no quorum", voters)
	}
	return ""
}

// left tells whether a subject no longer counts: it ends, and how many there are to be is
// known, so that it is missed until another runs.
func (s Subject) left(seen Seen) bool { return s.Ending && seen.Wanted[s.Component] > 0 }

// unwell says why one that the step does not touch could not stand in; empty when it could.
func unwell(one Subject, step Step, seen Seen, now time.Time) string {
	where := one.Pod
	if one.Zone != "" {
		where += " in zone " + one.Zone
	}
	roomy := seen.NoSpace && step.Urgent && (step.Kind == Defragment || step.Kind == MoveLeader)
	switch {
	case !one.Ready && !roomy:
		return where + " is not ready"
	case one.At.IsZero() || now.Sub(one.At) > Interval:
		return where + " is not seen"
	case !one.Well && !roomy:
		return where + " is not well"
	case one.Restarting && !roomy:
		return where + " is about to restart for a resize"
	}
	return ""
}

// clock is a time as people read it.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") }
