// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
	"evenkeel.dev/evenkeel/recommender/sizing"
	"evenkeel.dev/evenkeel/recommender/zones"
)

const (
	// zonesSettle is how long what is wrong with a spread must last for anything to be
	// made of it: a rollout, or a node that starts, is none of it.
	zonesSettle = 2 * time.Minute
	// movedFor is how long a place from which a pod was evicted in vain is left alone.
	movedFor = 8 * time.Hour
	// shortUntil is how much of what the others carry must be left over without a zone for
	// its loss to be carried again, once it was not.
	shortUntil = 0.1
)

// spreadZones judges where the pods run: what the control plane survives, what is wrong
// with it, and which pod should run elsewhere.
func (d *pass) spreadZones() {
	if !d.judgesZones() {
		d.memory.Zones = plane.ZonesMemory{}
		return
	}
	seen := d.zonesSeen()
	d.plan.Availability = zones.Survives(seen, d.profile.Class, d.zoneLoad())
	d.followMoves(seen)
	if seen.Unseen() != nil {
		d.notDue()
		return
	}
	d.zoneProblems = zones.Problems(seen)
	d.followLoss()
	d.adviseZones(seen)
	d.moveMisplaced(seen)
}

// judgesZones tells whether the profile says anything of zones.
func (d *pass) judgesZones() bool { return d.profile.Zones > 0 || d.profile.Spread != "" }

func (d *pass) zonesSeen() zones.Seen {
	return zones.Seen{Host: d.seen.Host, Pods: d.seen.Sizes.Pods, Members: d.seen.Members, Asked: d.profile.Zones}
}

// zoneLoad is what the apiservers are used for, all together. A level's demand is the
// apiserver's own, smoothed; what is in use counts where it is more.
func (d *pass) zoneLoad() zones.Load {
	l := zones.Load{
		Line: float64(d.plan.LoadLine.Seats), SeatsKnown: !d.sight.blind() && d.plan.LoadLine.Seats > 0, CPUKnown: !d.usageUnseen(),
	}
	for _, r := range d.seen.Replicas {
		for _, level := range r.Levels {
			if r.Ready && level.Name != "exempt" && level.Name != seats.BallastName {
				l.Seats += max(float64(level.Executing), level.Demand)
			}
		}
	}
	for _, p := range d.seen.Sizes.Pods {
		if p.Component == sizing.APIServer && p.Ready {
			l.CPU += p.Used.CPU
			l.CPUKnown = l.CPUKnown && !p.Used.At.IsZero() && d.now.Sub(p.Used.At) < usageStale
		}
	}
	return l
}

// followLoss keeps which zone's loss the others would not carry.
func (d *pass) followLoss() {
	m := &d.memory.Zones
	was := m.Short
	m.Short = ""
	for _, z := range d.plan.Availability.Zones {
		least := 0.0
		if z.Zone == was {
			least = shortUntil
		}
		switch {
		case z.Replicas == 0:
		case !z.Known && z.Zone == was, z.Known && z.Headroom < least && (m.Short == "" || z.Zone == was):
			m.Short = z.Zone
		}
	}
}

// adviseZones tells a person once what to do about the worst that is wrong.
func (d *pass) adviseZones(seen zones.Seen) {
	m := &d.memory.Zones
	found := ""
	if len(d.zoneProblems) > 0 {
		found = d.zoneProblems[0].Reason + ": " + d.zoneProblems[0].Words
	}
	if m.Found != found || m.FoundAt.IsZero() {
		m.Found, m.FoundAt = found, d.now
	}
	if m.Advised == found || d.now.Sub(m.FoundAt) < zonesSettle || d.profile.Spread == plane.Off {
		return
	}
	m.Advised = found
	if found == "" || d.profile.Zones == 0 {
		return
	}
	p := d.zoneProblems[0]
	advice, ok := zones.Advise(seen, p)
	if !ok {
		return
	}
	message := p.Words + ". To mend it, " + advice.Do
	if len(advice.Lines) > 0 {
		message += ", with the lines below"
	}
	d.step(plane.Step{Kind: plane.Advise, Reason: plane.Reason{
		Code: p.Reason, Message: message, Evidence: advice.Lines, Rejected: advice.Rejected,
	}})
}

// zonesSpread tells whether the pods are spread and guarded as they should be; none where
// the profile says nothing of it.
func (d *pass) zonesSpread() []plane.Finding {
	if !d.judgesZones() {
		return nil
	}
	f := plane.Finding{Condition: v1alpha1.ConditionZonesSpread}
	unseen, budgets, short := d.zonesSeen().Unseen(), d.seen.Host.BudgetsFault, d.memory.Zones.Short
	switch {
	case d.profile.Zones == 0 && d.profile.Spread == plane.Off:
		f.Reason, f.Message = v1alpha1.ReasonOff, "the profile asks for no zones, and has switched the spread off"
	case unseen != nil:
		f.Unknown, f.Reason, f.Message = true, unseen.Reason, unseen.Message
	case len(d.zoneProblems) > 0:
		f.Reason, f.Message = d.zoneProblems[0].Reason, d.problemWords()
	case budgets != nil:
		f.Unknown, f.Reason, f.Message = true, budgets.Reason, budgets.Message
	case short != "" && d.profile.Zones > 0:
		f.Reason = v1alpha1.ReasonZoneNotCarried
		f.Message = fmt.Sprintf("the other replicas would not carry the load without zone %s: raise the floor of replicas, their size or the load line", short)
	default:
		f.True, f.Reason, f.Message = true, v1alpha1.ReasonAsExpected, zones.Spread(d.zonesSeen())
	}
	return []plane.Finding{f}
}

// problemWords are all that is wrong, the worst first.
func (d *pass) problemWords() string {
	words := ""
	for _, p := range d.zoneProblems {
		if words != "" {
			words += "; "
		}
		words += p.Words
		if class := d.plan.Availability.Class; p.Reason == v1alpha1.ReasonTooFewZones && class != "" {
			words += fmt.Sprintf(" (%s %% can be promised)", class)
		}
	}
	if fault := d.seen.Host.BudgetsFault; fault != nil {
		words += "; " + fault.Message
	}
	return words
}
