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
// meanwhile the plan of disruptive steps takes back, and holds until that is done.
func (d *pass) stageRollout(w *plane.Workload) {
	m := &d.memory.Flags
	why := d.unstaged(w)
	if why != "" || d.profile.Paused {
		m.Passed, m.Well = 0, time.Time{}
		if w.Held && !d.profile.Paused {
			d.release(w, why)
		}
		return
	}
	anew := d.renewed(w)
	switch {
	case w.Held:
		d.passReplicas(w, anew)
	case d.obeyed(w):
		m.Passed = 0
	case len(anew) == len(d.seen.Replicas) || !w.Rolling:
	case d.stopped(w):
		d.hold(w, "it was stopped: "+m.Stopped.Why, "to let more replicas follow until it is taken back")
	case len(anew) > m.Passed:
		d.hold(w, anew[len(anew)-1]+" runs with the new flags and is looked at before the next",
			"to let the others follow at once: what is wrong with the first would be wrong with all")
	}
}

// unstaged says why a rollout is not Evenkeel's to take replica by replica; empty when it
// is.
func (d *pass) unstaged(w *plane.Workload) string {
	switch {
	case w.Written == nil:
		return "somebody else has taken off what was kept of it"
	case d.profile.LoadLine != plane.Enforce:
		return "the load line is no longer in mode Enforce"
	case w.Written.Back:
		return "it was rolled back"
	case !w.Ours:
		return "its template is somebody else's by now"
	default:
		return ""
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
	// One that is no step of the plan is judged by nobody, and one that was stopped is over.
	well := len(anew) > 0 && d.unready() == 0 && !d.sight.blind() && d.rollingOut() && len(u.Bad) == 0
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

func (d *pass) hold(w *plane.Workload, why, rejected string) {
	d.step(plane.Step{Kind: plane.HoldRollout, Apply: true, Flags: &plane.FlagsChange{From: w.Flags, To: w.Flags}, Reason: plane.Reason{
		Code: v1alpha1.ReasonRollingOut, Message: fmt.Sprintf("holds the rollout of %s: %s", w.Name, why), Rejected: []string{rejected},
	}})
}

func (d *pass) goOn(w *plane.Workload, message string, evidence []string) {
	d.step(plane.Step{Kind: plane.GoOnRollout, Apply: true, Flags: &plane.FlagsChange{From: w.Flags, To: w.Flags}, Reason: plane.Reason{
		Code: v1alpha1.ReasonRollingOut, Message: message, Evidence: evidence,
	}})
}

// release has a rollout that is held run on by itself.
func (d *pass) release(w *plane.Workload, why string) {
	d.step(plane.Step{Kind: plane.ReleaseRollout, Apply: true, Flags: &plane.FlagsChange{From: w.Flags, To: w.Flags}, Reason: plane.Reason{
		Code:     v1alpha1.ReasonRollingOut,
		Message:  fmt.Sprintf("lets the rollout of %s run on by itself: %s", w.Name, why),
		Rejected: []string{"to hold it: nobody would have it go on"},
	}})
}
