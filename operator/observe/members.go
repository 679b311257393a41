// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Members are the etcd members of one tenant. Its methods may be called at the same
// time.
type Members struct {
	access  *access.Access
	options Options

	mu      sync.Mutex
	members []*member // sorted by name
	closed  bool
}

// NewMembers are none: Retarget gives some. What looking at a member may cost is
// MemberTimeout and MemberEvery of the options; the other options are of replicas.
func NewMembers(a *access.Access, o Options) *Members {
	return &Members{access: a, options: o.withDefaults()}
}

// Retarget sets the members to look at, like Plane.Retarget.
func (m *Members) Retarget(targets []Target) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	m.members = aimed(m.members, targets, func(t Target) *member { return newMember(m.access, t, m.options) }, tooManyMembers)
}

// Look asks every member at once for its metrics and its status, unless it was asked
// within MemberEvery, and returns what is known once all are in or ctx ends, lookWithin
// at the latest: a slow etcd holds up nobody who does not want to wait for it. What is
// still on its way then is seen by a later look. The members are sorted by name.
//
// A member that fails has a Fault and what was last seen of it; it is left alone for
// a second, then for longer, up to half a minute.
func (m *Members) Look(ctx context.Context, now time.Time) []plane.Member {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	members := m.all()
	dones := make([]<-chan struct{}, len(members))
	for i, one := range members {
		dones[i] = one.fetch(now)
	}
	waitAll(ctx, dones)
	seen := make([]plane.Member, len(members))
	for i, one := range members {
		seen[i] = one.snapshot()
	}
	return seen
}

// Close ends the connections. Closed members are seen no more.
func (m *Members) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.members {
		one.close()
	}
	m.members, m.closed = nil, true
}

func (m *Members) all() []*member {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]*member(nil), m.members...)
}
