// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// missingFor is how long a member must be missing for its replacement to be advised: pods
// restart and nodes reboot within that.
const missingFor = 10 * time.Minute

// aboutVoters and aboutMembership are what advice on the membership is remembered by.
const aboutVoters, aboutMembership = "voters", "membership/"

// adviseMembers says what a person should do about the membership. Evenkeel never adds or
// removes a member: whoever does must know why one is gone, and whether its data are.
func (d *pass) adviseMembers() {
	if d.seen.MembersFault != nil || len(d.seen.Members) == 0 {
		return
	}
	d.adviseVoters()
	d.adviseMissing()
	d.adviseLearners()
}

// adviseVoters is about how many members have a vote. Members that have never been seen may
// be learners.
func (d *pass) adviseVoters() {
	for _, m := range d.seen.Members {
		if m.Observed.IsZero() {
			return
		}
	}
	voters := d.voters()
	about := strconv.Itoa(voters)
	switch {
	case voters == 1:
		d.advise(aboutVoters, about, plane.Reason{
			Code:     v1alpha1.ReasonMembership,
			Message:  "etcd has a single member: writes stop whenever it does, and what its disk loses is lost; have three, each in a zone of its own",
			Evidence: []string{"one at a time: etcdctl member add NAME --learner --peer-urls=URL, start it, and etcdctl member promote ID when it has caught up"},
			Rejected: []string{"to defragment it: writes would stop meanwhile; in a quiet hour a person may"},
		})
	case voters%2 == 0:
		d.advise(aboutVoters, about, plane.Reason{
			Code: v1alpha1.ReasonEvenMembers,
			Message: fmt.Sprintf("etcd has %d members with a vote: it survives the loss of %d, as with %d, and writes wait for one more; have %d or %d",
				voters, (voters-1)/2, voters-1, voters-1, voters+1),
			Evidence: []string{"the one that is too many: etcdctl member remove ID, never the leader and only while all are well"},
		})
	default:
		d.memory.Care.Forget(aboutVoters)
	}
}

// adviseMissing is about members that are gone for long. Which voters there are is not
// touched while one is.
func (d *pass) adviseMissing() {
	missing := d.memory.Care.Missing
	known := map[string]bool{}
	for _, m := range d.seen.Members {
		known[m.Name] = true
		about := aboutMembership + m.Name
		gone := !d.fresh(m) && m.Fault != nil
		if !gone {
			delete(missing, m.Name)
			if !m.Learner {
				d.memory.Care.Forget(about)
			}
			continue
		}
		if missing[m.Name].IsZero() {
			missing[m.Name] = d.now
		}
		if d.now.Sub(missing[m.Name]) < missingFor {
			continue
		}
		d.advise(about, "missing", plane.Reason{
			Code:    v1alpha1.ReasonMembership,
			Message: fmt.Sprintf("etcd's member %s is missing since %s: bring it back, or replace it when its data are lost", m.Name, clock(missing[m.Name])),
			Evidence: []string{
				m.Fault.Message,
				"with its data it comes back by itself: look at its pod, its volume and its node first",
				"without: etcdctl member remove ID, delete its volume claim, etcdctl member add NAME --learner --peer-urls=URL, start it with --initial-cluster-state=existing, and promote it when it has caught up",
			},
			Rejected: []string{"to add a member before the lost one is removed: with four the quorum is three, and no other may fail"},
		})
	}
	for name := range missing {
		if !known[name] {
			delete(missing, name)
		}
	}
}

// adviseLearners is about members without a vote.
func (d *pass) adviseLearners() {
	lead := d.leader()
	for _, m := range d.seen.Members {
		if !m.Learner || !d.fresh(m) || lead == nil {
			continue
		}
		behind, known := lag(*lead, m)
		if !known {
			continue
		}
		about, r := "lags", plane.Reason{
			Code:     v1alpha1.ReasonMembership,
			Message:  fmt.Sprintf("%s is a learner and more than %d entries behind: it is no member with a vote until it has caught up", m.Name, mostBehind),
			Evidence: []string{"look at its disk and its network; a learner that never catches up is removed with etcdctl member remove ID"},
		}
		if behind <= mostBehind {
			about = "caught up"
			r.Message = m.Name + " is a learner and has caught up: give it a vote"
			r.Evidence = []string{"etcdctl member promote ID, with the ID of " + m.Name + " of etcdctl member list"}
		}
		d.advise(aboutMembership+m.Name, about, r)
	}
}

// advise tells once what is for a person to do.
func (d *pass) advise(about, words string, r plane.Reason) {
	member, _ := strings.CutPrefix(about, aboutMembership)
	if member == about {
		member = ""
	}
	d.adviseOnce(about, words, plane.Step{Kind: plane.Advise, Etcd: &plane.EtcdStep{Member: member}, Reason: r})
}
