// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// mostCeiling is the most that flags are raised to: what the profile's seats.max
	// may be at the most.
	mostCeiling = 100000
	// flagsAgain is how long flags that had to be rolled back are left alone.
	flagsAgain = time.Hour
	// differsFor is how long replicas may differ from their template before it is told:
	// pods and their workload are read one after the other.
	differsFor = time.Minute
)

// halfMore is the most that one step makes of a ceiling.
func halfMore(ceiling int) int { return ceiling + ceiling/2 }

// manageFlags raises the inflight flags where they hold the tenant back and the
// profile allows it. That restarts every replica, so it is done in calm, step by step,
// and each step is taken back where the rollout goes wrong (rollback.go).
func (d *pass) manageFlags() {
	d.followRoll()
	if !d.profile.ManageFlags {
		d.keepFlags()
		return
	}
	d.memory.Flags.Managed = d.memory.Flags.Managed || d.profile.LoadLine == plane.Enforce
	w := d.seen.Workload
	if w == nil {
		d.keepRolling(nil)
		return
	}
	d.followFlags(w)
	d.followPause(w)
	d.followStop(w)
	d.adoptRoll(w)
	d.stageRollout(w)
	d.keepRolling(w)
	if d.profile.Paused || d.withdrawing() || d.takingBack() {
		return
	}
	if why := d.rolloutFails(w); why != "" {
		d.rollBack(w, why)
		return
	}
	d.raiseFlags(w)
}

// keepFlags says once that the flags stay as they are when they are no longer managed.
// To set them back would restart every replica, which is a person's choice.
func (d *pass) keepFlags() {
	w := d.seen.Workload
	if w != nil && w.Held && !d.profile.Paused {
		d.release(w, "the profile no longer asks for its flags to be managed")
	}
	if d.memory.Flags.Managed && w.Changed() {
		d.step(plane.Step{Kind: plane.KeepFlags, Reason: plane.Reason{
			Code:     v1alpha1.ReasonFlagsKept,
			Message:  fmt.Sprintf("leaves the inflight flags of %s as they are, %s: the profile no longer asks for them to be managed", w.Name, w.Flags),
			Evidence: []string{fmt.Sprintf("before Evenkeel they were %s", w.Written.Original)},
			Rejected: []string{"to set them back: that would restart every replica, which is for a person to choose"},
		}})
	}
	d.memory.Flags = plane.FlagsMemory{}
}

// followFlags keeps what is needed of this look for the next.
func (d *pass) followFlags(w *plane.Workload) {
	m := &d.memory.Flags
	switch {
	case w.Written != nil:
		m.Last, m.Contested = w.Written, w.Written.Flags != w.Flags
	case m.Last == nil:
	case m.Contested || m.Last.Flags == w.Flags:
		m.Last, m.Contested = nil, false // a person has taken the annotation off
	}
	d.followReplicas(w)
	if w.Written != nil && !m.Settled.Equal(w.Written.At) && d.obeyed(w) {
		m.Settled = w.Written.At
		d.memory.Line.Streaks.Short = 0 // whether this ceiling is too low is yet to be seen
	}
}

// obeyed tells whether every replica is seen to run with the flags of the template.
func (d *pass) obeyed(w *plane.Workload) bool {
	return !d.sight.blind() && !w.Rolling && !w.Short && d.unready() == 0 && d.differing(w) == ""
}

// unready counts the replicas that are not ready.
func (d *pass) unready() int { return len(d.seen.Replicas) - d.sight.ready }

// differing names a ready replica that has another ceiling than the template says.
func (d *pass) differing(w *plane.Workload) string {
	for _, r := range d.seen.Replicas {
		if r.Ready && r.Ceiling != w.Flags.Ceiling() {
			return r.Name
		}
	}
	return ""
}

// raiseFlags makes one step up. That is a step of the plan of disruptive steps, and due
// until every replica runs with what was written, or it was rolled back.
func (d *pass) raiseFlags(w *plane.Workload) {
	if d.rollingOut() && !d.obeyed(w) {
		return
	}
	if !d.ceilingReached().True || d.flagsFault(w) != nil || d.flagsHeld(w) != "" {
		return
	}
	to := d.raised()
	step := plane.Step{
		Kind: plane.SetFlags, Apply: d.enforcing(d.profile.LoadLine), Flags: &plane.FlagsChange{From: w.Flags, To: to},
		Reason: d.whyRaised(w, to),
	}
	if step.Apply {
		undo := plane.Step{Kind: plane.ReturnFlags, Flags: &plane.FlagsChange{From: to, To: w.Flags}}
		d.wants(d.roll(w), step, &undo)
		return
	}
	if d.memory.Flags.Shown != to {
		d.memory.Flags.Shown = to
		d.step(step)
	}
}

// raised are the flags of the next step: half as much again at the most, within the
// profile's bound. Without room below that bound they are no higher than before.
func (d *pass) raised() plane.Flags {
	more := min(halfMore(d.sight.ceiling), mostCeiling)
	if d.profile.SeatsMax > 0 {
		more = min(more, d.profile.SeatsMax)
	}
	return plane.FlagsFor(more)
}

// followRoll gives the rollout up as a step of the plan where the template is somebody
// else's by now, or what was written has been taken back: it is not Evenkeel's to judge.
func (d *pass) followRoll() {
	w := d.seen.Workload
	if !d.rollingOut() || w == nil || d.now.Sub(d.memory.Disturb.State.Under.Began) < seenWithin {
		return
	}
	if w.Written == nil || w.Written.Back || !w.Ours || w.Written.Flags != w.Flags {
		d.memory.Disturb.State, d.memory.Disturb.Undo = d.memory.Disturb.State.Failed(d.now), nil
	}
}

func (d *pass) whyRaised(w *plane.Workload, to plane.Flags) plane.Reason {
	verb := "would set"
	if d.enforcing(d.profile.LoadLine) {
		verb = "sets"
	}
	r := plane.Reason{
		Code:    v1alpha1.ReasonFlagsRaised,
		Message: fmt.Sprintf("%s %s on %s, %d seats a replica instead of %d: its replicas restart one after the other", verb, to, w.Name, to.Ceiling(), w.Flags.Ceiling()),
		Evidence: []string{
			fmt.Sprintf("requests have waited for seats at the ceiling of %d in %d windows in a row, and are quick once they run", d.sight.ceiling, d.memory.Line.Streaks.Short),
			fmt.Sprintf("all %d replicas are ready and run with %s", d.sight.ready, w.Flags),
		},
		Rejected: []string{
			"to leave it at the ballast: it can hold seats back and cannot add any",
			fmt.Sprintf("more than half as much again: what %d seats do to the replicas has not been seen", to.Ceiling()),
		},
	}
	if d.profile.SeatsMax > 0 {
		r.Evidence = append(r.Evidence, fmt.Sprintf("the profile's seats.max is %d", d.profile.SeatsMax))
	}
	if w.Written != nil {
		r.Evidence = append(r.Evidence, fmt.Sprintf("before Evenkeel the flags were %s", w.Written.Original))
	}
	if w.Owner != "" {
		r.Evidence = append(r.Evidence, w.Name+" is controlled by "+w.Owner+": if that writes the flags back, they are its own")
	}
	return r
}

// flagsFault says why the flags are not Evenkeel's to write, for as long as nobody
// changes it; nil when they are.
func (d *pass) flagsFault(w *plane.Workload) *plane.Fault {
	m := d.memory.Flags
	writer := w.Writer
	if writer == "" {
		writer = "somebody else"
	}
	switch {
	case w.Fault != nil:
		return w.Fault // what the flags are is not known
	case w.Written != nil && w.Written.Flags != w.Flags:
		return &plane.Fault{Reason: v1alpha1.ReasonFieldContested, Message: fmt.Sprintf(
			"%s has %s, written by %s after Evenkeel had written %s: they are left alone; to have them managed again, remove its annotation %s",
			w.Name, w.Flags, writer, w.Written.Flags, v1alpha1.OriginalAnnotation)}
	case w.Written == nil && m.Last != nil:
		return &plane.Fault{Reason: v1alpha1.ReasonFieldContested, Message: fmt.Sprintf(
			"%s has %s, written by %s together with the removal of the annotation %s, after Evenkeel had written %s: they are left alone; to have them managed again, set apiServer.flags to Observe and back",
			w.Name, w.Flags, writer, v1alpha1.OriginalAnnotation, m.Last.Flags)}
	case w.Unsafe != nil:
		return w.Unsafe
	case !m.Differs.IsZero() && d.now.Sub(m.Differs) >= differsFor:
		return &plane.Fault{Reason: v1alpha1.ReasonFlagsElsewhere, Message: fmt.Sprintf(
			"the template of %s says %s, and its replicas run with another sum (%s): they are set elsewhere, in a script or a file; set them in the container's arguments",
			w.Name, w.Flags, d.differing(w))}
	default:
		return nil
	}
}

// flagsHeld says what the next step waits for, in words; empty when nothing.
func (d *pass) flagsHeld(w *plane.Workload) string {
	switch {
	case d.sight.blind():
		return "not every replica is seen"
	case d.sight.ready < 2:
		return "with fewer than two replicas a rollout would leave none"
	case w.Rolling || w.Short || d.unready() > 0:
		return "not every replica is ready, or a rollout is under way"
	case d.differing(w) != "":
		return d.differing(w) + " has another ceiling than its template says"
	case w.Written != nil && w.Written.Back && d.now.Before(w.Written.At.Add(flagsAgain)):
		return "a rollout was rolled back at " + clock(w.Written.At)
	case d.strained() != "":
		return d.strained()
	case d.raised().Ceiling() <= d.sight.ceiling:
		return fmt.Sprintf("the profile's seats.max of %d is reached", d.profile.SeatsMax)
	case d.failed(plane.FlagsName):
		return "the last write failed"
	default:
		return ""
	}
}

// strained says why this is no time for a rollout, or for more load after it; empty
// when nothing is. While anybody is held, by a person or not, what is short may be the
// offender's doing.
func (d *pass) strained() string {
	if guards := d.guards(); len(guards) > 0 {
		return guards[0].Words
	}
	if etcd := d.etcdHealthy(); !etcd.True && !etcd.Unknown {
		return "etcd is not well: " + etcd.Message
	}
	held := d.seen.Config != nil && len(d.seen.Config.Sentences) > 0
	for _, s := range d.memory.Offenders {
		held = held || s.Active()
	}
	if held {
		return "a sentence is in force"
	}
	return ""
}

func (d *pass) failed(name string) bool {
	_, failed := d.memory.Failed[name]
	return failed
}
