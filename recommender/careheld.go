// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// mostBehind is how many entries a member may be behind the leader while another is
// disturbed, or to lead: what moves the leadership refuses more as well.
const mostBehind = 1000

// onlyNoSpace tells whether etcd has raised the alarm of no space and no other.
func (d *pass) onlyNoSpace() bool { return slices.Equal(d.alarms(), []string{noSpace}) }

// careHeld says why nothing is done to the members now; empty when all of them are there
// and well but for the alarm of no space, so that one may be missed.
func (d *pass) careHeld() string {
	switch voters := d.voters(); {
	case d.membersFault() != "":
		return d.membersFault()
	case slices.Contains(d.alarms(), corrupt):
		return "etcd has raised the alarm " + corrupt + ": " + alarmAdvice([]string{corrupt})
	case voters < quorumNeeds:
		return fmt.Sprintf("etcd has %d of the %d members with a vote that it takes to miss one: writes would stop meanwhile; in a quiet hour a person may", voters, quorumNeeds)
	}
	for _, m := range d.seen.Members {
		if why := d.unwell(m); why != "" {
			return m.Name + " " + why
		}
	}
	if why := d.behind(); why != "" {
		return why
	}
	for _, t := range d.memberTroubles() {
		if t.reason != v1alpha1.ReasonSlowDisk && t.reason != v1alpha1.ReasonEtcdRefuses {
			return t.words
		}
	}
	return ""
}

// unwell says what is wrong with a member; empty when nothing is but the alarm of no space.
// With that a member may answer its probes with no, and be none the worse.
func (d *pass) unwell(m plane.Member) string {
	switch {
	case m.Fault != nil:
		return "does not answer: " + m.Fault.Message
	case !d.fresh(m):
		return "is not seen"
	case !m.HasLeader:
		return "has no leader"
	case !m.Ready && !d.onlyNoSpace():
		return "is not ready"
	}
	return ""
}

// behind says which member is too far behind the leader; empty when none is, and that it is
// not known where it is not.
func (d *pass) behind() string {
	lead := d.leader()
	if lead == nil {
		return "not one member of etcd says that it leads"
	}
	var late []string
	for _, m := range d.seen.Members {
		lag, known := lag(*lead, m)
		if !known {
			return "how far " + m.Name + " is behind is not known"
		}
		if lag > mostBehind {
			late = append(late, m.Name)
		}
	}
	if len(late) > 0 {
		return fmt.Sprintf("%s: more than %d entries behind the leader", strings.Join(late, ", "), mostBehind)
	}
	return ""
}

// leader is the one member that says it leads; nil when it is not one.
func (d *pass) leader() (lead *plane.Member) {
	for i, m := range d.seen.Members {
		if !m.IsLeader || !d.fresh(m) {
			continue
		}
		if lead != nil {
			return nil
		}
		lead = &d.seen.Members[i]
	}
	return lead
}

// lag is how many of the leader's entries a member has not applied.
func lag(lead, m plane.Member) (entries uint64, known bool) {
	if lead.Index == 0 || m.Index == 0 {
		return 0, false
	}
	return lead.Index - min(m.Applied, lead.Index), true
}
