// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/care"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// fullest is the member whose file is the nearest to its quota, in words.
func (d *pass) fullest() []string {
	var most *plane.Member
	for i, m := range d.seen.Members {
		if room(m).Used() > 0 && (most == nil || room(m).Used() > room(*most).Used()) {
			most = &d.seen.Members[i]
		}
	}
	if most == nil {
		return nil
	}
	return []string{fmt.Sprintf("the fullest member, %s, has %s of its quota of %s", most.Name, gibibytes(most.DBSize), gibibytes(most.Quota))}
}

// notEnough says that compacting and defragmenting did not bring enough, and what would.
func (d *pass) notEnough() {
	d.careWaits = "a person, as what is in use does not fit: " + d.raiseQuota()
	d.adviseOnce(aboutQuota, "short", plane.Step{Kind: plane.Advise, Etcd: &plane.EtcdStep{}, Reason: plane.Reason{
		Code:     v1alpha1.ReasonNoSpace,
		Message:  "etcd has no space, and what is in use does not fit after its history was compacted and its members defragmented: " + d.raiseQuota() + "; the alarm is taken back when there is room",
		Evidence: append(d.fullest(), d.takesRoom()...),
		Rejected: []string{"to take the alarm back: the next writes would raise it again"},
	}})
}

// raiseQuota is the advice to raise the quota, with the flag, or where it is at the most
// that etcd's documentation suggests, what else there is.
func (d *pass) raiseQuota() string {
	var quota int64
	for _, m := range d.seen.Members {
		quota = max(quota, m.Quota)
	}
	if quota <= 0 || quota >= care.SuggestedQuota {
		return "its quota is at the most that etcd's documentation suggests, 8 GiB: store less, or move events to an etcd of their own (--etcd-servers-overrides)"
	}
	return fmt.Sprintf("raise --quota-backend-bytes from %d to %d on one member after the other (disk and memory follow)",
		quota, min(2*quota, care.SuggestedQuota))
}

// takesRoom is what is stored, as far as the replicas tell.
func (d *pass) takesRoom() []string {
	var most plane.Stored
	for _, r := range d.seen.Replicas {
		if s := r.Stored; s.Nodes+s.Pods+s.Objects > most.Nodes+most.Pods+most.Objects {
			most = s
		}
	}
	if most == (plane.Stored{}) {
		return nil
	}
	line := fmt.Sprintf("stored are %.0f nodes, %.0f pods and %.0f other objects", most.Nodes, most.Pods, most.Objects)
	if most.Bytes > 0 {
		line += ", together about " + gibibytes(most.Bytes)
	}
	return []string{line}
}

// showRoom tells a person once what leads out of the alarm, in the order that counts.
func (d *pass) showRoom() {
	commands := []string{
		"1. etcdctl compact --physical REVISION, with the revision that etcdctl endpoint status -w json has shown five minutes ago",
		"2. on each member, the leader last: etcdctl --endpoints=ADDRESS --command-timeout=5m defrag",
		"3. when every member's file is below 90 % of its quota: etcdctl alarm disarm",
	}
	r := plane.Reason{
		Code:     v1alpha1.ReasonNoSpace,
		Message:  fmt.Sprintf("would lead etcd out of its alarm of no space, which is seen since %s: compact, defragment every member, take the alarm back", clock(d.memory.Care.Alarmed)),
		Evidence: append(append(d.fullest(), d.takesRoom()...), commands...),
		Rejected: []string{"to take the alarm back before there is room: the next writes would raise it again"},
	}
	about := "recommended"
	if d.enforcing(d.profile.Care.Mode) {
		about = "held"
		r.Message = "cannot lead etcd out of its alarm of no space now: " + d.careWaits
	}
	d.adviseOnce(aboutRoom, about, plane.Step{Kind: plane.Advise, Etcd: &plane.EtcdStep{}, Reason: r})
}

// names are those of some members.
func names(members []plane.Member) string {
	all := make([]string, 0, len(members))
	for _, m := range members {
		all = append(all, m.Name)
	}
	return strings.Join(all, ", ")
}
