// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// aboutLeader is what is told of a leader whose node goes is remembered by.
const aboutLeader = "leader"

// leaveNode wants another member to lead where the node of the leader is about to go: an
// election that nobody ordered stops writes for a second or more, an ordered move for some
// milliseconds.
func (d *pass) leaveNode() {
	lead := d.leader()
	if lead == nil {
		return
	}
	goes := d.nodeGoes(lead.Node)
	if goes == "" {
		d.memory.Care.Forget(aboutLeader)
		return
	}
	heir, why := d.heir(*lead)
	if heir == nil {
		d.adviseOnce(aboutLeader, lead.Name, plane.Step{Kind: plane.Advise, Etcd: &plane.EtcdStep{Member: lead.Name}, Reason: plane.Reason{
			Code:     v1alpha1.ReasonNodeGoes,
			Message:  fmt.Sprintf("cannot have another member lead instead of %s, whose node %s %s: %s", lead.Name, lead.Node, goes, why),
			Rejected: []string{"a member that is not fit: a move that fails stops writes for longer than the node's end"},
		}})
		return
	}
	do := plane.Step{
		Kind: plane.MoveLeader, Apply: d.enforcing(d.profile.Care.Mode),
		Size: &plane.SizeStep{Component: sizing.Etcd, Pod: lead.Name, UID: lead.UID, Leader: heir.Name},
		Reason: plane.Reason{
			Code:     v1alpha1.ReasonNodeGoes,
			Message:  fmt.Sprintf("has %s lead etcd instead of %s, whose node %s %s", heir.Name, lead.Name, lead.Node, goes),
			Evidence: []string{fmt.Sprintf("%s%s is well, votes and is at most %d entries behind; its node %s stays", heir.Name, inZone(heir.Zone), mostBehind, heir.Node)},
			Rejected: []string{"to wait for the node to go: an election that nobody ordered stops writes for a second or more"},
		},
	}
	if !do.Apply {
		do.Reason.Message = "would have" + do.Reason.Message[len("has"):]
		do.Reason.Evidence = append(do.Reason.Evidence, "by hand, at the leader's own address: etcdctl move-leader ID, with the ID of "+heir.Name+" of etcdctl member list")
		d.adviseOnce(aboutLeader, lead.Name+" to "+heir.Name, do)
		return
	}
	d.wants(rollout.Step{
		Kind: rollout.MoveLeader, Component: sizing.Etcd, Pod: lead.Name, UID: lead.UID, Node: lead.Node, Zone: lead.Zone,
		Leader: true, Urgent: true, Why: fmt.Sprintf("its node %s %s", lead.Node, goes),
	}, do, nil)
}

// nodeGoes says why a node is about to go, as in "is cordoned"; empty where it stays or is
// not known.
func (d *pass) nodeGoes(name string) string {
	i := slices.IndexFunc(d.seen.Host.Nodes, func(n plane.HostNode) bool { return n.Name == name })
	switch {
	case name == "" || i < 0 || !d.seen.Host.Looked:
		return ""
	case d.seen.Host.Nodes[i].Leaving != "":
		return d.seen.Host.Nodes[i].Leaving
	case !d.seen.Host.Nodes[i].Ready:
		return "is not ready"
	}
	return ""
}

// heir is the follower that is to lead instead: of those that are fit one in another zone,
// as what takes a node may take its zone; else why there is none.
func (d *pass) heir(lead plane.Member) (heir *plane.Member, why string) {
	if held := d.noHeir(); held != "" {
		return nil, held
	}
	why = "there is no other member"
	for i, m := range d.seen.Members {
		if m.Name == lead.Name {
			continue
		}
		if unfit := d.unfit(m, lead); unfit != "" {
			why = m.Name + " " + unfit
			continue
		}
		if heir == nil || heir.Zone == lead.Zone && m.Zone != lead.Zone {
			heir = &d.seen.Members[i]
		}
	}
	return heir, why
}

// noHeir says why no leader is moved at all; empty when one may be.
func (d *pass) noHeir() string {
	switch {
	case d.membersFault() != "":
		return d.membersFault()
	case slices.Contains(d.alarms(), corrupt):
		return "etcd has raised the alarm " + corrupt
	case d.voters() < 2:
		return "no other member has a vote"
	}
	return ""
}

// unfit says why a member cannot lead instead; empty when it can.
func (d *pass) unfit(m, lead plane.Member) string {
	behind, known := lag(lead, m)
	switch {
	case m.Learner:
		return "has no vote"
	case d.unwell(m) != "":
		return d.unwell(m)
	case m.Leader != lead.Leader || m.Term != lead.Term:
		return "does not follow " + lead.Name
	case !known || behind > mostBehind:
		return fmt.Sprintf("is more than %d entries behind, or it is not known", mostBehind)
	case !d.seen.Host.Looked:
		return "" // where it runs is not known of anybody
	case m.Node == "" || !slices.ContainsFunc(d.seen.Host.Nodes, func(n plane.HostNode) bool { return n.Name == m.Node }):
		return "runs on a node that is not seen"
	case d.nodeGoes(m.Node) != "":
		return "runs on the node " + m.Node + ", which " + d.nodeGoes(m.Node)
	}
	return ""
}
