// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// report turns the pass into conditions and asks for the next look.
func (d *pass) report() {
	observed := d.observed()
	line := d.lineInForce()
	protected := d.protected()
	d.plan.Findings = []plane.Finding{
		d.readiness(observed, line, protected), observed, line, d.offenders(), protected,
		d.ceilingReached(), d.alike(), d.versionKnown(), d.etcdHealthy(),
	}
	d.reportBeside(d.sharesInForce())
	d.reportBeside(d.flagsManaged())
	d.plan.Findings = append(d.plan.Findings, d.sized(), d.usageSeen(), d.planProceeds())
	d.plan.Findings = append(d.plan.Findings, d.zonesSpread()...)
	if d.profile.Care.Mode != "" {
		d.plan.Findings = append(d.plan.Findings, d.etcdKept())
	}
	if d.scales() {
		d.reportBeside(d.floorInForce())
		d.plan.Findings = append(d.plan.Findings, d.connectionsEven())
	}
	d.plan.LookCloser, d.plan.LookSooner = d.lookCloser(), d.lookSooner()
}

// lookSooner asks for pages twice as often, whoever may be jailed: while a level is full,
// requests are late or a move of the line is judged, the next window is waited for.
func (d *pass) lookSooner() bool {
	line := d.memory.Line
	return d.profile.LoadLine != plane.Off && (len(d.harm.Full) > 0 || line.Trial != nil || line.Streaks.Strained > 0)
}

// lookCloser asks for debug dumps while they can settle something: a verdict that
// lacks samples, or a sentence whose effect is being watched. When a burst has
// settled nothing it is left until its samples are too old to count, so that the
// dumps never become a load of their own.
func (d *pass) lookCloser() bool {
	if d.profile.Jail == plane.Off {
		return false
	}
	troubled := d.harm.Found() || len(d.harm.Full) > 0 || offender.Suspect(d.memory.Samples, d.now, d.known())
	for _, s := range d.memory.Offenders {
		if s.Active() && s.Drained.IsZero() && d.now.Sub(s.Regraded) < retryAfter*3 {
			return true
		}
		if s.Active() && troubled && !s.Manual {
			return true
		}
	}
	if !troubled {
		return false
	}
	n := len(d.memory.Samples)
	settled := n >= offender.Samples && d.memory.Samples[n-1].Time.Sub(d.memory.Samples[0].Time) < burst
	return !settled || d.now.Sub(d.memory.Samples[n-1].Time) > burst
}

func (d *pass) observed() plane.Finding {
	f := plane.Finding{Condition: v1alpha1.ConditionObserved}
	if !d.sight.blind() {
		f.True, f.Reason = true, v1alpha1.ReasonAsExpected
		f.Message = fmt.Sprintf("all %d ready replicas answer at their own addresses", d.sight.ready)
		return f
	}
	f.Reason = d.sight.faults[0].Reason
	messages := make([]string, 0, len(d.sight.faults))
	for _, fault := range d.sight.faults {
		messages = append(messages, fault.Message)
	}
	f.Message = strings.Join(messages, "; ") + ". Limits are held as they are"
	return f
}

// lineInForce compares what every ready replica shows with the ballast that the
// tenant's configuration holds.
func (d *pass) lineInForce() plane.Finding {
	f := plane.Finding{Condition: v1alpha1.ConditionLoadLineInForce}
	c := d.seen.Config
	switch {
	case d.profile.LoadLine == plane.Off:
		f.Reason, f.Message = v1alpha1.ReasonOff, "the profile has switched the load line off"
		return f
	case c == nil:
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonTenantUnreachable, "the tenant's flow-control configuration cannot be read"
		return f
	case slices.Contains(c.Taken, seats.BallastName):
		f.Reason = v1alpha1.ReasonNameTaken
		f.Message = "a priority level named " + seats.BallastName + " exists that this profile did not write: rename or delete it; nothing was written"
		return f
	}
	if failed, ok := d.memory.Failed[""]; ok {
		f.Reason, f.Message = failed.Fault.Reason, failed.Fault.Message
		return f
	}
	have, others := ballast(c), seats.Shares(c.Levels)
	if have == 0 {
		return d.noBallast(f)
	}
	if leaking(c) {
		f.Reason = v1alpha1.ReasonNotReadBack
		f.Message = seats.BallastName + " lends or borrows seats, so that it does not hold them back: somebody has changed it"
		return f
	}
	for _, r := range d.seen.Replicas {
		want := seats.Nominal(r.Ceiling, have, have+others)
		if got := nominal(r, seats.BallastName); r.Ready && got != want {
			f.Reason = v1alpha1.ReasonNotReadBack
			f.Message = fmt.Sprintf("%s holds back %d seats instead of %d", r.Name, got, want)
			return f
		}
	}
	f.True, f.Reason = true, v1alpha1.ReasonLoadLineHeld
	f.Message = fmt.Sprintf("%d of %d seats are usable on each of %d replicas", d.plan.LoadLine.Seats, d.plan.LoadLine.Ceiling, d.sight.ready)
	if why := d.memory.Line.Why; why != "" {
		f.Message += ": " + why
	}
	return f
}

func (d *pass) noBallast(f plane.Finding) plane.Finding {
	if d.profile.LoadLine == plane.Recommend || d.profile.Paused {
		f.Reason, f.Message = v1alpha1.ReasonRecommendOnly, "recommended only: nothing is written to the tenant"
		return f
	}
	f.True, f.Reason = true, v1alpha1.ReasonAtCeiling
	f.Message = fmt.Sprintf("the load line is the ceiling, %d seats", d.sight.ceiling)
	return f
}

func (d *pass) offenders() plane.Finding {
	f := plane.Finding{Condition: v1alpha1.ConditionOffenderFound, Reason: v1alpha1.ReasonNoOffender, Message: "no client does harm to others"}
	for _, s := range d.plan.Offenders {
		if s.Phase == plane.PhaseReleased {
			continue
		}
		f.True, f.Message = true, s.Reason
		switch s.Phase {
		case plane.PhaseRecommended:
			f.Reason = v1alpha1.ReasonOffenderNamed
		case plane.PhaseCannotBeJailed:
			f.Reason = v1alpha1.ReasonCannotBeJailed
		default:
			f.Reason = v1alpha1.ReasonOffenderJailed
		}
		return f
	}
	if d.harm.Found() {
		f.Message = "somebody suffers, but no one client is to blame: " + d.harm.Slow[0].String()
	}
	return f
}

// protected tells whether every sentence is in force on every replica.
func (d *pass) protected() plane.Finding {
	f := plane.Finding{Condition: v1alpha1.ConditionProtected}
	if d.profile.Jail != plane.Enforce {
		f.Reason, f.Message = v1alpha1.ReasonRecommendOnly, "recommended only: no client is jailed"
		if d.profile.Jail == plane.Off {
			f.Reason, f.Message = v1alpha1.ReasonOff, "the profile has switched the jail off"
		}
		return f
	}
	if d.profile.Paused {
		f.Reason, f.Message = v1alpha1.ReasonPaused, "paused by a person: sentences stay as they are, none is passed or ended"
		return f
	}
	inForce := 0
	for _, s := range d.plan.Offenders {
		if !s.Active() {
			continue
		}
		if failed, ok := d.memory.Failed[s.Name]; ok {
			f.Reason, f.Message = failed.Fault.Reason, failed.Fault.Message
			return f
		}
		if s.InForce.IsZero() {
			f.Unknown, f.Reason = true, v1alpha1.ReasonNotReadBack
			f.Message = "not yet seen in force on every replica: " + s.Reason
			return f
		}
		inForce++
	}
	if inForce > 0 && d.sight.ready == 0 {
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonNoReplicas, "no apiserver replica is ready to be asked whether sentences are in force"
		return f
	}
	f.True, f.Reason = true, v1alpha1.ReasonAsExpected
	f.Message = fmt.Sprintf("%d sentences are in force on all %d replicas", inForce, d.sight.ready)
	return f
}

// readiness sums the others up: Ready is False where something is not as the
// profile wants it, with the reason of the first that is not.
func (d *pass) readiness(observed, line, protected plane.Finding) plane.Finding {
	ready := plane.Finding{Condition: v1alpha1.ConditionReady, True: true, Reason: v1alpha1.ReasonAsExpected}
	fine := map[string]bool{v1alpha1.ReasonRecommendOnly: true, v1alpha1.ReasonOff: true}
	for _, f := range []plane.Finding{observed, line, protected} {
		if !f.True && !fine[f.Reason] {
			ready.True, ready.Unknown, ready.Reason, ready.Message = false, f.Unknown, f.Reason, f.Message
			return ready
		}
	}
	if d.profile.Paused {
		ready.Reason, ready.Message = v1alpha1.ReasonPaused, "observed; paused by a person, so nothing is written"
		return ready
	}
	ready.Message = "observed, and what was decided is in force"
	if !d.enforcesAny() {
		ready.Reason, ready.Message = v1alpha1.ReasonRecommendOnly, "observed; decisions are shown and not carried out"
	}
	return ready
}

func nominal(r plane.Replica, level string) int {
	for _, l := range r.Levels {
		if l.Name == level {
			return l.Nominal
		}
	}
	return 0
}
