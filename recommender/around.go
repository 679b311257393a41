// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// around is what is going on that a bad minute may be put down to. It is told of what is
// seen and done, whatever the profile allows: a cause is one in Recommend as well.
func (d *pass) around() sla.Circumstances {
	return sla.Circumstances{Evenkeel: d.ownDoing(), Zone: d.zoneGone(), Etcd: d.etcdIll(), Offender: d.worstOffender(), Rollout: d.othersRollout()}
}

// ownDoing is what Evenkeel itself does that disturbs.
func (d *pass) ownDoing() string {
	m := d.memory.Disturb.State
	switch {
	case m.Under != nil:
		return fmt.Sprintf("the %s of %s is under way since %s", kindWords[m.Under.Step.Kind], m.Under.Step.Pod, clock(m.Under.Began))
	case m.Undoing != nil:
		return fmt.Sprintf("the %s of %s is taken back: %s", kindWords[m.Undoing.Step.Kind], m.Undoing.Step.Pod, m.Undoing.Why)
	case d.memory.Sizes.Resizing != nil && d.memory.Sizes.Resizing.To.Below(d.memory.Sizes.Resizing.From):
		r := d.memory.Sizes.Resizing // more of everything disturbs nobody
		return fmt.Sprintf("%s is resized from %s to %s since %s", r.Pod, r.From, r.To, clock(r.Began))
	}
	return ""
}

// zoneGone is the zone of which nodes that carry pods do not answer, or are gone.
func (d *pass) zoneGone() string {
	gone := map[string][]string{}
	for _, n := range d.seen.Host.Nodes {
		if !n.Ready {
			gone[n.Zone] = append(gone[n.Zone], n.Name)
		}
	}
	if len(gone) == 0 {
		return ""
	}
	zone := slices.Min(slices.Collect(maps.Keys(gone)))
	words := strings.Join(gone[zone], " and ")
	if zone != "" {
		words += " of zone " + zone
	}
	return words + ": not ready"
}

// etcdIll is what is wrong with etcd.
func (d *pass) etcdIll() string {
	if alarms := d.alarms(); len(alarms) > 0 {
		return "etcd has raised the alarm " + strings.Join(alarms, ", ")
	}
	if silent := d.silentMembers(); silent > 0 && silent > (len(d.seen.Members)-1)/2 {
		return fmt.Sprintf("%d of %d members of etcd give no answer", silent, len(d.seen.Members))
	}
	if all := d.memberTroubles(); len(all) > 0 {
		return all[0].words
	}
	return ""
}

// silentMembers counts those that give no answer.
func (d *pass) silentMembers() (n int) {
	for _, m := range d.seen.Members {
		if m.Fault != nil {
			n++
		}
	}
	return n
}

// worstOffender is a client that does harm, held or not. One that is held and under whom
// nobody suffers any more does none, and whoever a person has jailed does where harm is seen and
// it asks for something.
func (d *pass) worstOffender() string {
	for _, name := range slices.Sorted(maps.Keys(d.memory.Offenders)) {
		s := d.memory.Offenders[name]
		held := s.Active() && s.Relieved.IsZero() && (!s.Manual || d.harm.Found() && d.asks(name))
		if held || s.Phase == plane.PhaseRecommended || s.Phase == plane.PhaseCannotBeJailed {
			return fmt.Sprintf("%s does harm (%s)", s.Client, s.Phase)
		}
	}
	return ""
}

// asks tells whether anything came lately that a sentence is for.
func (d *pass) asks(sentence string) bool {
	return slices.ContainsFunc(d.seen.Replicas, func(r plane.Replica) bool {
		return slices.ContainsFunc(r.Flows, func(f plane.FlowLoad) bool {
			return f.Schema == sentence && (f.Requests > 0 || f.Rejected > 0 || f.Executing > 0 || f.Waiting > 0)
		})
	})
}

// othersRollout is a rollout that is not Evenkeel's.
func (d *pass) othersRollout() string {
	rolling := d.rolling()
	for _, c := range slices.Sorted(maps.Keys(rolling)) {
		return rolling[c]
	}
	return ""
}
