// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"math"

	"k8s.io/apimachinery/pkg/api/resource"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// mostMemberStatuses is the CRD's bound.
const mostMemberStatuses = 16

// members are etcd's members as the status has them.
func (p *pass) members() (out []v1alpha1.MemberStatus) {
	for _, m := range p.snapshot.Members[:min(mostMemberStatuses, len(p.snapshot.Members))] {
		s := v1alpha1.MemberStatus{Name: m.Name, Zone: m.Zone, Role: role(m), Database: mebibytes(m.DBSize), InUse: mebibytes(m.DBInUse)}
		if m.Quota > 0 {
			s.QuotaPercent = int32(math.Min(math.Round(100*float64(m.DBSize)/float64(m.Quota)), 1000))
		}
		out = append(out, s)
	}
	return out
}

// role is what a member is; empty while it does not answer or knows no leader.
func role(m plane.Member) string {
	switch {
	case m.Fault != nil || m.Observed.IsZero():
		return ""
	case m.Learner:
		return "Learner"
	case m.IsLeader:
		return "Leader"
	case m.HasLeader:
		return "Follower"
	}
	return ""
}

// mebibytes is a size in whole mebibytes, at least one; nil while it is not known.
func mebibytes(bytes int64) *resource.Quantity {
	if bytes <= 0 {
		return nil
	}
	const mebi = 1 << 20
	return resource.NewQuantity(max(mebi, bytes/mebi*mebi), resource.BinarySI)
}

// stillMembers are members as they were written where nothing of them has moved by much:
// their sizes never stand still.
func stillMembers(now, was []v1alpha1.MemberStatus) (out []v1alpha1.MemberStatus) {
	for _, n := range now {
		for _, w := range was {
			if w.Name == n.Name && w.Zone == n.Zone && w.Role == n.Role && alike(n.Database, w.Database) && alike(n.InUse, w.InUse) {
				n = w
				break
			}
		}
		out = append(out, n)
	}
	return out
}
