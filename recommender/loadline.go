// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
	"evenkeel.dev/evenkeel/recommender/shares"
)

const (
	// ballastPause is the least time between two writes of the ballast: each
	// resets the apiserver's integrators of seat demand.
	ballastPause = 30 * time.Second
	// deadband is how far, in parts of the line, the usable seats may be below it
	// before the ballast is written again. Above it they may never be.
	deadband = 0.02
)

// withdraw leaves the tenant as found when nothing is to be enforced any more.
// This raises limits; it is what the person who changed the mode asked for.
func (d *pass) withdraw() {
	c := d.seen.Config
	if c == nil || d.profile.Paused || d.enforcesAny() {
		return
	}
	own := slices.ContainsFunc(c.Levels, func(l plane.Level) bool { return l.Own || l.Original != nil })
	if !own && len(c.Sentences) == 0 && !c.SelfProtected {
		return
	}
	for name, s := range d.memory.Offenders {
		if s.Active() {
			s.Phase, s.Until = plane.PhaseReleased, d.now
			d.memory.Offenders[name] = s
		}
	}
	d.step(plane.Step{Kind: plane.Withdraw, Apply: true, Reason: plane.Reason{
		Code:    v1alpha1.ReasonWithdrawn,
		Message: "took back every limit: the profile no longer asks for any to be enforced",
	}})
}

// protectSelf gives Evenkeel's own requests a level of their own before anything
// else is written, so that it can act, and take back, inside a storm.
func (d *pass) protectSelf() {
	c := d.seen.Config
	if c == nil || c.SelfProtected || !d.enforcesAny() || slices.Contains(c.Taken, seats.SelfName) {
		return
	}
	d.step(plane.Step{Kind: plane.ProtectSelf, Apply: true, Reason: plane.Reason{
		Code:    v1alpha1.ReasonSelfProtected,
		Message: "gave Evenkeel's own requests a priority level of their own",
	}})
}

// holdLoadLine decides the usable seats and writes the ballast where they differ
// from what the tenant has.
func (d *pass) holdLoadLine() {
	c := d.seen.Config
	d.returnSeats()
	if d.profile.LoadLine == plane.Off {
		d.memory.Line = plane.Line{Baselines: d.memory.Line.Baselines} // switched on again it begins anew
	}
	if d.profile.LoadLine == plane.Off || d.sight.ceiling == 0 || c == nil {
		d.plan.LoadLine = plane.LoadLine{Ceiling: d.sight.ceiling, Seats: d.sight.ceiling, Used: d.used()}
		return
	}
	have, others := ballast(c), d.lasting()
	usable := seats.Usable(d.sight.ceiling, others, have)
	bounds, why := d.within(usable)
	line := d.findLine(bounds, usable, have > 0)
	d.plan.LoadLine = plane.LoadLine{Ceiling: d.sight.ceiling, Seats: usable, Used: d.used()}
	want := seats.Ballast(d.sight.ceiling, others, line)
	inPlace := have == want || near(usable, line) && (have > 0) == (want > 0)
	if slices.Contains(c.Taken, seats.BallastName) || inPlace && !leaking(c) || d.held(usable, bounds) {
		return
	}
	step := d.ballastStep(want, usable, line, why)
	if moved := line - d.memory.LineShown; !step.Apply && float64(max(moved, -moved)) < shownAgain*float64(d.memory.LineShown) {
		return
	}
	d.memory.LineShown = line
	if step.Apply {
		d.memory.BallastWritten = d.now
	}
	d.step(step)
}

// held tells whether the ballast must not be moved now. Blind means hold, whichever way
// it would move. A line below its floor is not waited with.
func (d *pass) held(usable int, bounds seats.Bounds) bool {
	tooSoon := d.now.Sub(d.memory.BallastWritten) < ballastPause && usable >= bounds.Floor
	return d.sight.blind() || d.profile.Paused || tooSoon
}

// within is between what the line may be: by the flags, the profile, what protected
// levels need and what etcd carries; and why that is not simply what was asked for.
func (d *pass) within(usable int) (b seats.Bounds, why string) {
	b, why = seats.Within(d.sight.ceiling, d.profile.SeatsMax, d.profile.SeatsMin, d.floor())
	if most, because := d.budget(usable); most < b.Ceiling {
		b.Ceiling, why = max(most, b.Floor), because
	}
	return b, why
}

// lowestLine is the lowest that the line may be, whatever etcd carries.
func (d *pass) lowestLine() int {
	b, _ := seats.Within(d.sight.ceiling, d.profile.SeatsMax, d.profile.SeatsMin, d.floor())
	return b.Floor
}

// coming is how many replicas there will be once the floor that was decided is in force; 0
// while none is to be written. They have their part of what etcd carries before they come.
func (d *pass) coming() int {
	if s := d.seen.Scale; !d.enforcing(d.profile.Scaling.Mode) || !s.Looked || s.Fault != nil {
		return 0
	}
	return d.memory.Scale.Kept.Floor
}

// returnSeats takes the ballast away once the line is not to be enforced any more,
// while other protections are.
func (d *pass) returnSeats() {
	c := d.seen.Config
	if c == nil || d.profile.Paused || d.profile.LoadLine == plane.Enforce || ballast(c) == 0 || d.withdrawing() {
		return
	}
	d.step(plane.Step{Kind: plane.RemoveBallast, Apply: true, Reason: plane.Reason{
		Code:    v1alpha1.ReasonAtCeiling,
		Message: "gave every seat back: the profile no longer asks for the load line to be held",
	}})
	d.memory.Line = plane.Line{Baselines: d.memory.Line.Baselines}
}

// floor is the lowest line that leaves the protected levels what they need. Where the
// shares are divided they follow the line, which may be lower then: a division comes
// before the ballast that it is made for. One that fails does not: then what the levels
// have now counts, and a failure in a storm moves no line that is in force.
func (d *pass) floor() int {
	levels := d.seen.Config.Levels
	divided := slices.ContainsFunc(levels, func(l plane.Level) bool { return l.Suggested && l.Held == nil })
	if divided && d.enforcing(d.profile.Shares) {
		if _, failed := d.memory.Failed[plane.SharesName]; !failed {
			return shares.Floor(d.sight.ceiling, d.lasting(), levels)
		}
		floor, _ := seats.Floor(d.sight.ceiling, levels)
		return floor
	}
	// What the tenant had counts: it may have it back before the line has risen.
	floor, _ := seats.Floor(d.sight.ceiling, shares.AsFound(levels))
	return floor
}

func (d *pass) ballastStep(want, usable, line int, why string) plane.Step {
	ceiling := d.sight.ceiling
	verb := "would hold"
	apply := d.enforcing(d.profile.LoadLine)
	if apply {
		verb = "holds"
	}
	step := plane.Step{
		Kind: plane.SetBallast, Apply: apply,
		Level: &plane.LevelSpec{Name: seats.BallastName, Shares: want},
		Reason: plane.Reason{
			Code:    code(usable, line),
			Message: fmt.Sprintf("%s every replica at %d of %d seats by a ballast of %d shares", verb, line, ceiling, want),
			Evidence: []string{
				fmt.Sprintf("the profile's bounds are %s, the inflight flags allow %d", bounds(d.profile), ceiling),
				fmt.Sprintf("usable before: %d seats; in use on the busiest replica: %d", usable, d.used()),
			},
			Rejected: []string{"other inflight flags: that would restart every replica"},
		},
	}
	if d.memory.Line.Why != "" {
		step.Reason.Evidence = append([]string{d.memory.Line.Why}, step.Reason.Evidence...)
	}
	if why != "" {
		step.Reason.Evidence = append(step.Reason.Evidence, why)
	}
	if leaking(d.seen.Config) {
		step.Reason.Evidence = append(step.Reason.Evidence, "somebody has changed what the ballast lends or borrows: its seats flow back to the others")
	}
	if want == 0 {
		step.Kind, step.Level = plane.RemoveBallast, nil
		step.Reason.Code = v1alpha1.ReasonAtCeiling
		step.Reason.Message = fmt.Sprintf("%s every replica at its ceiling of %d seats: no ballast is needed", verb, ceiling)
	}
	return step
}

// code is what a move of the line is called.
func code(usable, line int) string {
	if line < usable {
		return v1alpha1.ReasonLoadLineCut
	}
	return v1alpha1.ReasonLoadLineRaised
}

// lasting are the shares that the ballast is sized by, those of Evenkeel's own level
// included while that is about to be written.
func (d *pass) lasting() int {
	sum := seats.Lasting(d.seen.Config.Levels)
	if slices.ContainsFunc(d.plan.Steps, func(s plane.Step) bool { return s.Kind == plane.ProtectSelf }) {
		sum += seats.SelfShares
	}
	return sum
}

// used are the seats in use on the busiest ready replica, exempt requests left
// out: they hold none.
func (d *pass) used() int {
	most := 0
	for _, r := range d.seen.Replicas {
		sum := 0
		for _, l := range r.Levels {
			if r.Ready && l.Name != "exempt" {
				sum += l.Executing
			}
		}
		most = max(most, sum)
	}
	return most
}

func ballast(c *plane.FlowConfig) int {
	for _, l := range c.Levels {
		if l.Name == seats.BallastName && l.Own {
			return l.Shares
		}
	}
	return 0
}

// near tells whether so many usable seats are close enough below the line.
func near(usable, line int) bool {
	return usable <= line && float64(line-usable) <= float64(line)*deadband
}

// leaking tells whether the ballast gives back what it takes.
func leaking(c *plane.FlowConfig) bool {
	return slices.ContainsFunc(c.Levels, func(l plane.Level) bool { return l.Leaks })
}

func bounds(p plane.Profile) string {
	low, high := "none", "none"
	if p.SeatsMin > 0 {
		low = strconv.Itoa(p.SeatsMin)
	}
	if p.SeatsMax > 0 {
		high = strconv.Itoa(p.SeatsMax)
	}
	return fmt.Sprintf("min %s, max %s", low, high)
}
