// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
	"evenkeel.dev/evenkeel/recommender/shares"
)

const (
	// evaluateEvery is the time between two looks at demand, and agreeing how many of
	// them must say the same before shares are moved.
	evaluateEvery = 10 * time.Minute
	agreeing      = 3
)

// divide decides what each suggested level has of the load line. Limits and floors
// are protection: what is missing of them is written at once. Demand is followed
// slowly, because a storm's demand is no need.
func (d *pass) divide() {
	c := d.seen.Config
	if c == nil || d.profile.Paused || d.withdrawing() {
		return
	}
	if d.profile.Shares != plane.Enforce && slices.ContainsFunc(c.Levels, func(l plane.Level) bool { return l.Original != nil }) {
		if d.tooDeep() {
			return // what the tenant had would starve the protected levels: the line rises first
		}
		d.step(plane.Step{Kind: plane.ReturnShares, Apply: true, Reason: plane.Reason{
			Code:    v1alpha1.ReasonSharesReturned,
			Message: "gave every level back what the tenant had: the profile no longer asks for the shares to be divided",
		}})
		d.memory.Division = plane.Division{}
		return
	}
	if d.profile.Shares != plane.Enforce && d.profile.Shares != plane.Recommend || d.sight.blind() {
		return
	}
	in := d.tenancy()
	division, code := shares.Protect(in), v1alpha1.ReasonSharesProtected
	if !changes(division) {
		division, code = d.followed(in, division), v1alpha1.ReasonSharesDivided
	}
	if !changes(division) {
		return
	}
	step := d.divisionStep(in, division, code)
	if !step.Apply && slices.Equal(d.memory.Division.Shown, division) {
		return
	}
	d.memory.Division.Shown = division
	d.place(step)
}

// tooDeep tells whether the ballast is too deep for the shares that the tenant had.
func (d *pass) tooDeep() bool {
	c := d.seen.Config
	have := ballast(c)
	floor, _ := seats.Floor(d.sight.ceiling, shares.AsFound(c.Levels))
	usable := seats.Usable(d.sight.ceiling, d.lasting(), have)
	return have > 0 && usable < floor && !near(usable, floor)
}

// tenancy is what a division goes by: the levels as they will be when the steps
// before it have been carried out.
func (d *pass) tenancy() shares.Input {
	in := shares.Input{Levels: slices.Clone(d.seen.Config.Levels), Demand: map[string]float64{}}
	put := func(name string, n int) {
		in.Levels = slices.DeleteFunc(in.Levels, func(l plane.Level) bool { return l.Own && l.Name == name })
		if n > 0 {
			in.Levels = append(in.Levels, plane.Level{Name: name, Shares: n, Own: true})
		}
	}
	for _, s := range d.plan.Steps {
		switch {
		case !s.Apply:
		case s.Kind == plane.ProtectSelf:
			put(seats.SelfName, seats.SelfShares)
		case s.Kind == plane.SetBallast:
			put(seats.BallastName, s.Level.Shares)
		case s.Kind == plane.RemoveBallast:
			put(seats.BallastName, 0)
		}
	}
	for _, r := range d.seen.Replicas {
		if !r.Ready {
			continue
		}
		if in.Ceiling == 0 || r.Ceiling < in.Ceiling {
			in.Ceiling = r.Ceiling
		}
		for _, l := range r.Levels {
			in.Demand[l.Name] = max(in.Demand[l.Name], l.Demand)
		}
	}
	return in
}

// followed is the division after a move towards demand, where one is due. Nothing is
// weighed while somebody suffers or is jailed: that demand is not the tenant's usual.
func (d *pass) followed(in shares.Input, division []plane.LevelShares) []plane.LevelShares {
	m := &d.memory.Division
	if d.harm.Found() || d.active() > 0 || !m.Evaluated.IsZero() && d.now.Sub(m.Evaluated) < evaluateEvery {
		return division
	}
	target := shares.Target(in, division)
	leaning := shares.Leaning(in, division, target)
	if maps.Equal(leaning, m.Leaning) {
		m.Agreeing++
	} else {
		m.Agreeing = 1
	}
	m.Evaluated, m.Leaning = d.now, leaning
	if len(leaning) == 0 || m.Agreeing < agreeing {
		return division
	}
	m.Agreeing = 0
	return shares.Toward(division, target)
}

// place puts a division before a ballast that gets deeper, which is to find the floors
// in place. One for a ballast that gets less deep comes after it: what it takes from
// the protected levels they need until then.
func (d *pass) place(step plane.Step) {
	before := len(d.plan.Steps)
	d.step(step)
	if len(d.plan.Steps) == before {
		return
	}
	have := ballast(d.seen.Config)
	at := slices.IndexFunc(d.plan.Steps, func(s plane.Step) bool { return s.Kind == plane.SetBallast && s.Level.Shares > have })
	if at >= 0 {
		d.plan.Steps = slices.Insert(d.plan.Steps[:before], at, step)
	}
}

func (d *pass) divisionStep(in shares.Input, division []plane.LevelShares, code string) plane.Step {
	step := plane.Step{Kind: plane.SetShares, Apply: d.enforcing(d.profile.Shares), Shares: division}
	verb := "would divide"
	if step.Apply {
		verb = "divides"
	}
	step.Reason.Code = code
	if code == v1alpha1.ReasonSharesProtected {
		step.Reason.Message = verb + " the seats so that leases, leader elections and the system keep theirs, and no low level takes what is idle"
		step.Reason.Rejected = []string{"to wait for a storm: then this write is one of the requests that wait, and seats that are lent are not back yet"}
	} else {
		step.Reason.Message = verb + " the seats by what the levels have asked for"
		step.Reason.Rejected = []string{"all of it at once: demand that lasts half an hour may not last"}
	}
	total := 0
	for _, l := range in.Levels {
		total += l.Shares
	}
	for _, l := range division {
		if l.Portion == l.Had {
			continue
		}
		words := []string{fmt.Sprintf("%d shares", l.Had.Shares)}
		if l.Portion.Shares != l.Had.Shares {
			words[0] = fmt.Sprintf("%d shares instead of %d (%d seats instead of %d, asks for %.0f)", l.Portion.Shares, l.Had.Shares,
				seats.Nominal(in.Ceiling, l.Portion.Shares, total), seats.Nominal(in.Ceiling, l.Had.Shares, total), in.Demand[l.Name])
		}
		if l.Portion.LendablePercent != l.Had.LendablePercent {
			words = append(words, fmt.Sprintf("lends %d %% instead of %d %%", l.Portion.LendablePercent, l.Had.LendablePercent))
		}
		if l.Portion.BorrowingPercent != l.Had.BorrowingPercent {
			words = append(words, fmt.Sprintf("borrows %s instead of %s", percent(l.Portion.BorrowingPercent), percent(l.Had.BorrowingPercent)))
		}
		step.Reason.Evidence = append(step.Reason.Evidence, l.Name+": "+strings.Join(words, ", ")+": "+l.Reason)
	}
	for _, l := range in.Levels {
		if l.Held != nil {
			step.Reason.Evidence = append(step.Reason.Evidence, "left alone: "+l.Held.Message)
		}
	}
	return step
}

func percent(n int) string {
	if n == plane.NoLimit {
		return "without a limit"
	}
	return fmt.Sprintf("%d %%", n)
}

// changes tells whether a division is not what the tenant has.
func changes(division []plane.LevelShares) bool {
	return slices.ContainsFunc(division, func(l plane.LevelShares) bool { return l.Portion != l.Had })
}
