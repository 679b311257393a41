// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package leader moves etcd's leadership from one member to another, so that what
// disturbs the leader's pod disturbs no leader: an election that nobody ordered stops
// writes for a second or more, an ordered move for some milliseconds.
package leader

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
	// moveWithin bounds a move, all looks included, callWithin the call itself and
	// lookWithin one look at all members. etcd gives a move up after an election
	// timeout, a second by default (raft.go, tickHeartbeat), and leads on.
	moveWithin = 5 * time.Second
	callWithin = 2 * time.Second
	lookWithin = time.Second
	// lookEvery is how often the members are asked whether it has moved.
	lookEvery = 50 * time.Millisecond
	// mostBehind is how many entries a member may be behind the leader to take over: it
	// is sent them first, and meanwhile nobody's writes are taken.
	mostBehind = 1000
)

// Member is one etcd member and where it serves its clients, a host with a port.
type Member struct{ Name, Address string }

// Moved is a move that has been read back.
type Moved struct {
	// Term is raft's, of the new leader, and Took how long it took until it was seen.
	Term uint64
	Took time.Duration
}

// Move moves the leadership from the member named from to the one named to and says
// what went wrong; nil when to leads and a majority says so. members are all members of
// the cluster, those that are down as well: the majority is theirs. Nothing is moved
// unless from leads now, to is a voting member that keeps up, and a majority follows.
func Move(ctx context.Context, a *access.Access, members []Member, from, to string) (Moved, *plane.Fault) {
	ctx, cancel := context.WithTimeout(ctx, moveWithin)
	defer cancel()
	m := &move{members: members, from: from, to: to}
	defer m.close()
	if fault := m.dial(a); fault != nil {
		return Moved{}, fault
	}
	before := m.look(ctx)
	if fault := m.unfit(before); fault != nil {
		return Moved{}, fault
	}
	began := time.Now()
	if err := m.call(ctx, before[m.index(to)].id); err != nil {
		// It may have moved all the same, and its answer been lost.
		if seen := m.look(ctx); !m.moved(seen, before) {
			return Moved{}, m.failed(err, seen)
		}
	}
	for {
		seen := m.look(ctx)
		if m.moved(seen, before) {
			return Moved{Term: seen[m.index(to)].term, Took: time.Since(began)}, nil
		}
		select {
		case <-ctx.Done():
			return Moved{}, m.fault(v1alpha1.ReasonNotReadBack, "it was ordered, and not seen within %s: %s", moveWithin, m.words(seen))
		case <-time.After(lookEvery):
		}
	}
}

// move is one move.
type move struct {
	members  []Member
	from, to string
	calls    []*etcdapi.Client // as members
}

func (m *move) dial(a *access.Access) *plane.Fault {
	for _, name := range []string{m.from, m.to} {
		if m.index(name) < 0 {
			return m.fault(v1alpha1.ReasonLeaderNotMoved, "there is no member %q", name)
		}
	}
	for _, one := range m.members {
		c, err := etcdapi.New(a, one.Address)
		if err != nil {
			return m.fault(v1alpha1.ReasonAccessInvalid, "%v", err)
		}
		m.calls = append(m.calls, c)
	}
	return nil
}

func (m *move) close() {
	for _, c := range m.calls {
		c.Close()
	}
}

// call orders the move. Only the leader takes the order.
func (m *move) call(ctx context.Context, to uint64) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	_, err := m.calls[m.index(m.from)].MoveLeader(ctx, to)
	return err
}

// failed is the fault of a call that failed.
func (m *move) failed(err error, seen []member) *plane.Fault {
	f := etcdapi.FaultOf(m.attempted(), err, callWithin)
	if f.Reason != v1alpha1.ReasonAccessDenied {
		f.Reason = v1alpha1.ReasonLeaderNotMoved
		f.Message = fmt.Sprintf("%s: %.300v; %s", m.attempted(), err, m.words(seen))
	}
	return f
}

func (m *move) attempted() string {
	return fmt.Sprintf("moving etcd's leader from %s to %s", m.from, m.to)
}

func (m *move) fault(reason, format string, args ...any) *plane.Fault {
	return &plane.Fault{Reason: reason, Message: m.attempted() + ": " + fmt.Sprintf(format, args...)}
}
