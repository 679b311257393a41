// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

// canary is how long the new replicas must have been well before the next is replaced.
const canary = 2 * rollout.Interval

// stageRollout takes a rollout of new flags replica by replica: it is held when a new one
// appears, and goes on when the new ones have been well for long enough. What gets worse
// meanwhile the plan of disruptive steps takes back.
func (d *pass) stageRollout(w *plane.Workload) {
	m := &d.memory.Flags
	if w.Written == nil || w.Written.Back || d.profile.Paused {
		m.Passed = 0
		return
	}
	anew := d.renewed(w)
	switch {
	case d.profile.LoadLine != plane.Enforce:
		m.Passed = 0
		if w.Held {
			d.goOn(w, fmt.Sprintf("goes on with the rollout of %s: the load line is no longer in mode Enforce", w.Name), nil)
		}
	case !w.Ours:
		m.Passed = 0
		if w.Held {
			d.goOn(w, fmt.Sprintf("goes on with the rollout of %s: its template is somebody else's by now", w.Name), nil)
		}
	case w.Held:
		d.passReplicas(w, anew)
	case d.obeyed(w):
		m.Passed = 0
	case len(anew) > m.Passed && len(anew) < len(d.seen.Replicas) && w.Rolling:
		d.step(plane.Step{Kind: plane.HoldRollout, Apply: true, Flags: &plane.FlagsChange{From: w.Flags, To: w.Flags}, Reason: plane.Reason{
			Code:     v1alpha1.ReasonRollingOut,
			Message:  fmt.Sprintf("holds the rollout of %s: %s runs with the new flags and is looked at before the next", w.Name, anew[len(anew)-1]),
			Rejected: []string{"to let the others follow at once: what is wrong with the first would be wrong with all"},
		}})
	}
}

// renewed are the replicas that run with the flags of the template.
func (d *pass) renewed(w *plane.Workload) (names []string) {
	for _, r := range d.seen.Replicas {
		if r.Ceiling == w.Flags.Ceiling() {
			names = append(names, r.Name)
		}
	}
	return names
}

// passReplicas goes on with a rollout that is held when the new replicas have been well
// for long enough.
func (d *pass) passReplicas(w *plane.Workload, anew []string) {
	m := &d.memory.Flags
	u := d.memory.Disturb.State.Under
	well := len(anew) > 0 && d.unready() == 0 && !d.sight.blind() && (u == nil || len(u.Bad) == 0)
	switch {
	case !well:
		m.Well = time.Time{}
	case m.Well.IsZero():
		m.Well = d.now
	case d.now.Sub(m.Well) >= canary:
		m.Passed, m.Well = len(anew), time.Time{}
		d.goOn(w, fmt.Sprintf("goes on with the rollout of %s after %d of %d replicas", w.Name, len(anew), len(d.seen.Replicas)), []string{
			fmt.Sprintf("ready and no worse than before for %s: %s", canary, strings.Join(anew, ", ")),
		})
	}
}

func (d *pass) goOn(w *plane.Workload, message string, evidence []string) {
	d.step(plane.Step{Kind: plane.GoOnRollout, Apply: true, Flags: &plane.FlagsChange{From: w.Flags, To: w.Flags}, Reason: plane.Reason{
		Code: v1alpha1.ReasonRollingOut, Message: message, Evidence: evidence,
	}})
}
