// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/observe/page"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// maxMemberPage bounds a member's page, in bytes. etcd 3.7's has about 150 KB.
const maxMemberPage = 4 << 20

// member is what is kept of one etcd member between looks.
type member struct {
	access  *access.Access
	options Options
	// door is nil when there is no way to the member; seen.Fault says why.
	door *door

	// These belong to whoever asks the member: one at a time.
	decoder *page.Decoder
	page    page.Page
	tally   memberTally // of the last page
	spare   memberTally // memory for the next
	alarmed alarmed
	// calls is nil until the member is first asked for its status, and after a failure.
	calls *maintenance

	// mu guards what follows, and is held for moments only.
	mu     sync.Mutex
	target Target
	seen   plane.Member
	// asked is when the member was last asked; asking closes when the answer is in,
	// and is nil while none is on its way.
	asked  time.Time
	asking chan struct{}
	fails  backoff
	closed bool
}

func newMember(a *access.Access, t Target, o Options) *member {
	m := &member{access: a, options: o, target: t}
	door, err := newDoor(a, t.Address, o)
	if err != nil {
		m.seen.Fault = &plane.Fault{Reason: v1alpha1.ReasonAccessInvalid, Message: fmt.Sprintf("%v: check the Secret with the client certificate", err)}
		return m
	}
	door.words = memberWords
	m.door = door
	m.decoder = page.NewDecoder(memberWanted(), page.Bounds{Bytes: maxMemberPage})
	return m
}

// tooManyMembers stands for a member past maxTargets.
func tooManyMembers(t Target) *member {
	m := &member{target: t}
	m.seen.Fault = &plane.Fault{Reason: v1alpha1.ReasonOversize, Message: fmt.Sprintf("Evenkeel looks at no more than %d members", maxTargets)}
	return m
}

func (m *member) key() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.target.key()
}

func (m *member) retarget(t Target) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.target = t
}

// close ends the connections, or has whoever asks the member end them.
func (m *member) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	if m.asking == nil {
		m.hangUp()
	}
}

// hangUp ends the connections. A client of etcd's that is kept dials a member that is
// gone again and again by itself.
func (m *member) hangUp() {
	if m.calls != nil {
		m.calls.Close()
		m.calls = nil
	}
	if m.door != nil {
		m.door.close()
	}
}

func (m *member) snapshot() plane.Member {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.seen
	out.Name, out.Zone, out.Ready = m.target.Name, m.target.Zone, m.target.Ready
	out.UID, out.Node, out.Ending = m.target.UID, m.target.Node, m.target.Ending
	out.Alarms = slices.Clone(m.seen.Alarms)
	return out
}

// fetch has the member asked, unless it is being asked already, and returns a channel
// that closes when its answer is in; nil when it is left alone.
func (m *member) fetch(now time.Time) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.door == nil || m.closed || m.asking != nil {
		return m.asking
	}
	if fault := m.fails.holds(now); fault != nil {
		m.seen.Fault = fault
		return nil
	}
	if since := now.Sub(m.asked); since >= 0 && since < m.options.MemberEvery {
		return nil
	}
	done := make(chan struct{})
	m.asked, m.asking = now, done
	go func() {
		defer close(done)
		fault := m.ask(context.Background(), now)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.seen.Fault, m.asking = fault, nil
		m.fails.settle(fault, now)
		if fault != nil || m.closed {
			m.hangUp()
		}
	}()
	return done
}

// ask reads the member's metrics, then its status, within MemberTimeout together.
func (m *member) ask(ctx context.Context, now time.Time) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, m.options.MemberTimeout)
	defer cancel()
	err := m.door.get(ctx, pagePath, acceptPage, m.options.MemberTimeout, func(response *http.Response) error {
		if err := pageForm(response.Header); err != nil {
			return err
		}
		if err := m.decoder.Decode(response.Body, &m.page); err != nil {
			return err
		}
		return memberMissing(&m.page)
	})
	if err != nil {
		return m.door.faultOf(pagePath, pagePath, m.options.MemberTimeout, err)
	}
	seen := m.compare(now)
	fault := m.status(ctx, now, &seen)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = seen
	return fault
}

// compare is what the page says by itself and beside the one before it.
func (m *member) compare(now time.Time) plane.Member {
	m.spare.take(&m.page)
	m.tally, m.spare = m.spare, m.tally
	seen := memberNow(&m.page)
	m.mu.Lock()
	defer m.mu.Unlock()
	seen.Observed, seen.Version, seen.Learner = now, m.seen.Version, m.seen.Learner
	window := now.Sub(m.seen.Observed)
	if !m.seen.Observed.IsZero() && window > 0 && window <= m.options.MaxWindow && m.tally.same(&m.spare) {
		seen.Window = window
		m.tally.over(&m.spare, &seen)
	}
	return seen
}

// status adds what etcd's own API says.
func (m *member) status(ctx context.Context, now time.Time, seen *plane.Member) *plane.Fault {
	if m.calls == nil {
		calls, err := newMaintenance(m.access, m.door.address)
		if err != nil {
			return &plane.Fault{Reason: v1alpha1.ReasonAccessInvalid, Message: err.Error()}
		}
		m.calls = calls
	}
	if err := m.calls.read(ctx, now, &m.alarmed, seen); err != nil {
		return m.calls.faultOf(err, m.options.MemberTimeout)
	}
	return nil
}
