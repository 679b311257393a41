// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package etcdcare does to etcd's members what the care for them has decided: it compacts
// the history, defragments one member, and takes the alarm of no space back. Each looks at
// every member first and does nothing unless all are as they must be, is bounded in time,
// and is read back from the members themselves.
package etcdcare

import (
	"context"
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/etcdapi"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// lookWithin bounds one look at all members, readBackWithin how long what was done may
	// take to be seen, and lookEvery is how often it is looked for.
	lookWithin     = 3 * time.Second
	readBackWithin = 10 * time.Second
	lookEvery      = 200 * time.Millisecond
)

// Member is one member of etcd: its pod's name and UID, and where it serves its clients, a
// host with a port; no address for one that does not run. Quota is the size in bytes at
// which it raises the alarm NOSPACE, as its metrics tell; 0 while unknown.
type Member struct {
	Name, UID, Address string
	Quota              int64
}

// Done is what was done and read back.
type Done struct {
	// From and To are the size of the member's file before and after, in bytes, where that
	// is what was done.
	From, To int64
	// Took is how long it took until it was seen.
	Took time.Duration
}

// hands are the connections to all members for one thing that is done.
type hands struct {
	attempted string
	members   []Member
	calls     []*etcdapi.Client // as members
}

// open makes the clients. They dial when they are first used.
func open(a *access.Access, members []Member, attempted string) (*hands, *plane.Fault) {
	h := &hands{attempted: attempted, members: members}
	if len(members) == 0 {
		return nil, h.fault(v1alpha1.ReasonMembersUnseen, "no member is known")
	}
	for _, m := range members {
		if m.Address == "" {
			h.close()
			return nil, h.fault(v1alpha1.ReasonMembersUnseen, "not done: %s does not run", m.Name)
		}
		c, err := etcdapi.New(a, m.Address)
		if err != nil {
			h.close()
			return nil, h.fault(v1alpha1.ReasonAccessInvalid, "%v", err)
		}
		h.calls = append(h.calls, c)
	}
	return h, nil
}

func (h *hands) close() {
	for _, c := range h.calls {
		c.Close()
	}
}

func (h *hands) fault(reason, format string, args ...any) *plane.Fault {
	return &plane.Fault{Reason: reason, Message: h.attempted + ": " + fmt.Sprintf(format, args...)}
}

// refused is the fault of what was not done because of what was seen.
func (h *hands) refused(format string, args ...any) *plane.Fault {
	return h.fault(v1alpha1.ReasonWriteFailed, "not done: "+format, args...)
}

// commit is the context of what etcd does not give up once it is asked for: it is seen to its
// end, within its own bounds. What is given up before that is not done.
func (h *hands) commit(ctx context.Context) (context.Context, *plane.Fault) {
	if err := ctx.Err(); err != nil {
		return nil, h.refused("given up before it began: %v", err)
	}
	return context.WithoutCancel(ctx), nil
}

// await looks until something is seen, readBackWithin at the longest; else it is not.
func await(ctx context.Context, seen func(context.Context) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, readBackWithin)
	defer cancel()
	for {
		if seen(ctx) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(lookEvery):
		}
	}
}
