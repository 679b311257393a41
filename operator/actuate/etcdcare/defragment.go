// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package etcdcare

import (
	"context"
	"slices"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/etcdapi"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// defragmentsIn and defragmentsEach bound a defragmentation: so long, and so much longer
	// for each GiB of the file, which is read and written whole, but never longer than
	// defragmentsAtMost: as much as the 8 GiB take that etcd's documentation suggests at the
	// most, and less than the plan of disruptive steps gives one.
	defragmentsIn     = 10 * time.Second
	defragmentsEach   = 25 * time.Second
	defragmentsAtMost = 210 * time.Second
	// quorumNeeds is how few members with a vote there are at the least for one to be missed.
	quorumNeeds = 3
)

// Within bounds the defragmentation of a file of so many bytes.
func Within(size int64) time.Duration {
	gib := float64(min(max(0, size), 1<<40)) / (1 << 30)
	return min(defragmentsIn+time.Duration(gib*float64(defragmentsEach)), defragmentsAtMost)
}

// Defragment has one member, the pod of that name and UID, rewrite its database file, and
// says what went wrong; nil when the file is smaller than it was. members are all members of
// the cluster. Nothing is done unless all of them answer and keep up, three have a vote, and
// the member follows: the leader is not defragmented, unless it is the only one.
//
// The member answers nobody meanwhile, for up to Within its size. One that is still at it
// then goes on, as etcd does not give up what it has begun: NotReadBack, as of one whose file
// is no smaller.
func Defragment(ctx context.Context, a *access.Access, name, uid string, members []Member) (Done, *plane.Fault) {
	h, fault := open(a, members, "defragmenting etcd's member "+name)
	if fault != nil {
		return Done{}, fault
	}
	defer h.close()
	i := slices.IndexFunc(members, func(m Member) bool { return m.Name == name })
	if i < 0 || members[i].UID != uid {
		return Done{}, h.refused("there is no member %s with the UID %s: its pod is another one now", name, uid)
	}
	seen, fault := h.sound(ctx)
	if fault != nil {
		return Done{}, fault
	}
	if fault := h.unmissable(seen, i); fault != nil {
		return Done{}, fault
	}
	ctx, fault = h.commit(ctx)
	if fault != nil {
		return Done{}, fault
	}
	began, before := time.Now(), seen[i].size
	if err := h.defragment(ctx, i, Within(before)); err != nil {
		return Done{}, h.unended(err, Within(before))
	}
	var after told
	await(ctx, func(ctx context.Context) bool {
		after = h.ask(ctx, i)
		return after.fault == nil
	})
	switch {
	case after.fault != nil:
		return Done{}, h.fault(after.fault.Reason, "it was done, and then: %s", after.fault.Message)
	case after.size <= 0 || after.size >= before:
		return Done{}, h.fault(v1alpha1.ReasonNotReadBack, "it was done, and the file has %d bytes, as many as before or more: little of it was air", after.size)
	}
	return Done{From: before, To: after.size, Took: time.Since(began)}, nil
}

// unended is why a defragmentation that was asked for has not been answered.
func (h *hands) unended(err error, within time.Duration) *plane.Fault {
	f := etcdapi.FaultOf(h.attempted, err, within)
	if f.Reason == v1alpha1.ReasonReplicaTimeout {
		return h.fault(v1alpha1.ReasonNotReadBack, "it has begun and is not over within %s; etcd goes on with it", within)
	}
	return f
}

// unmissable says why a member cannot be missed for a while; nil when it can.
func (h *hands) unmissable(seen []told, i int) *plane.Fault {
	n, leads := voters(seen), seen[i].id == seen[i].leader
	switch {
	case n == 1 && leads:
		return nil
	case n < quorumNeeds:
		return h.refused("etcd has %d members with a vote: without one of them there is no quorum", n)
	case leads:
		return h.refused("%s leads: move the leadership first", h.members[i].Name)
	}
	return nil
}

func (h *hands) defragment(ctx context.Context, i int, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, err := h.calls[i].Defragment(ctx, h.members[i].Address)
	return err
}
