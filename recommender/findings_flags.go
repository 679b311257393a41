// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// flagsManaged tells whose the inflight flags are, and whether what Evenkeel wrote of
// them is in force.
func (d *pass) flagsManaged() plane.Finding {
	f := plane.Finding{Condition: v1alpha1.ConditionFlagsManaged}
	w := d.seen.Workload
	failed, hasFailed := d.memory.Failed[plane.FlagsName]
	held, hasHeld := d.memory.Failed[plane.RolloutName]
	switch {
	case hasHeld && !d.profile.Paused: // whoever's the flags are by now
		f.Reason, f.Message = held.Fault.Reason, held.Fault.Message
	case !d.profile.ManageFlags:
		return d.flagsKept(f)
	case d.profile.LoadLine == plane.Off:
		f.Reason, f.Message = v1alpha1.ReasonOff, "the profile has switched the load line off: without it nobody knows whether the flags are too low"+wrote(w)
	case d.profile.LoadLine != plane.Enforce:
		f.Reason, f.Message = v1alpha1.ReasonRecommendOnly, "recommended only: the inflight flags are not written"+wrote(w)
		if w != nil && d.flagsFault(w) != nil {
			f.Message += ". As it is they could not be: " + d.flagsFault(w).Message
		}
	case d.profile.Paused:
		f.Reason, f.Message = v1alpha1.ReasonPaused, "paused by a person: "+d.flagsPaused(w)
	case hasFailed:
		f.Reason, f.Message = failed.Fault.Reason, failed.Fault.Message
		if w != nil && d.stopped(w) {
			f.Message += ". Its rollout was stopped and is not taken back yet: " + d.memory.Flags.Stopped.Why
		}
	case w == nil:
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonNotReadBack, "the workload has not been read yet"
		if fault := d.seen.WorkloadFault; fault != nil {
			f.Reason, f.Message = fault.Reason, fault.Message
		}
	default:
		return d.flagsInForce(f, w)
	}
	return f
}

// flagsPaused says what becomes of the flags while a person has paused everything.
func (d *pass) flagsPaused(w *plane.Workload) string {
	switch {
	case w == nil || !d.rollingOut():
		return "the inflight flags stay as they are" + wrote(w)
	case w.Held:
		return fmt.Sprintf("the rollout of %s is held after %d of %d replicas", w.Name, len(d.renewed(w)), len(d.seen.Replicas))
	default:
		return fmt.Sprintf("the rollout of %s goes on by itself, after %d of %d replicas, and is neither held nor taken back", w.Name, len(d.renewed(w)), len(d.seen.Replicas))
	}
}

// wrote says what the flags were before Evenkeel; empty when it has not written them.
func wrote(w *plane.Workload) string {
	if !w.Changed() {
		return ""
	}
	return fmt.Sprintf("; before Evenkeel they were %s", w.Written.Original)
}

// flagsKept tells of flags that are not managed, and what they were where they once
// have been.
func (d *pass) flagsKept(f plane.Finding) plane.Finding {
	f.Reason, f.Message = v1alpha1.ReasonOff, "the profile leaves the inflight flags to whoever owns the workload"
	if w := d.seen.Workload; w.Changed() {
		f.Reason = v1alpha1.ReasonFlagsKept
		f.Message = fmt.Sprintf("the profile no longer asks for the inflight flags of %s to be managed: they stay at %s%s. "+
			"To set them back restarts every replica, in a rollout of your own", w.Name, w.Flags, wrote(w))
	}
	return f
}

func (d *pass) flagsInForce(f plane.Finding, w *plane.Workload) plane.Finding {
	if fault := d.flagsFault(w); fault != nil {
		f.Reason, f.Message = fault.Reason, fault.Message
		return f
	}
	written := w.Written
	switch {
	case written != nil && written.Back && d.now.Before(written.At.Add(flagsAgain)):
		f.Reason = v1alpha1.ReasonFlagsRolledBack
		f.Message = fmt.Sprintf("%s was rolled back to %s at %s; the flags are not raised again before %s: look at why its new replicas did not come up",
			w.Name, w.Flags, clock(written.At), clock(written.At.Add(flagsAgain)))
		return f
	case d.stopped(w):
		f.Reason, f.Message = v1alpha1.ReasonPlanStopped, fmt.Sprintf("the rollout of %s on %s was stopped and is not taken back yet: %s", w.Flags, w.Name, d.memory.Flags.Stopped.Why)
		return f
	case written != nil && !d.memory.Flags.Settled.Equal(written.At):
		f.Unknown, f.Reason = true, v1alpha1.ReasonRollingOut
		f.Message = fmt.Sprintf("not every replica has been seen to run with %s yet, which %s has since %s", w.Flags, w.Name, clock(written.At))
		return f
	}
	f.True, f.Reason = true, v1alpha1.ReasonAsExpected
	f.Message = fmt.Sprintf("%s has %s, and they may be raised where they hold the tenant back", w.Name, w.Flags) + wrote(w)
	if held := d.flagsHeld(w); held != "" && d.ceilingReached().True {
		f.Message += ". The next step waits: " + held
	}
	return f
}
