// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/observe/dump"
	"evenkeel.dev/evenkeel/operator/observe/page"
)

// maxTargets bounds the replicas of one plane, which are all asked at once. More
// have a fault in their place.
const maxTargets = 64

// Target is a replica to look at.
type Target struct {
	// Name is the pod's name, Zone its node's zone, UID the pod's UID.
	Name, Zone, UID string
	// Node is the pod's node, where that is asked for.
	Node string
	// Address is a host and a port.
	Address string
	// Ready is the pod's readiness, Ending whether it is on its way out.
	Ready, Ending bool
	// Ceiling is the two inflight flags added, in seats, by the pod's arguments; 0 when
	// unknown. What the process itself tells counts more.
	Ceiling int
	// CPULimit and MemoryLimit are what the container may use, in cores and in bytes; 0
	// is no limit.
	CPULimit, MemoryLimit float64
}

// Options bound what looking may cost. A zero option has its default.
type Options struct {
	// PageTimeout, DumpTimeout, PulseTimeout and FlagsTimeout are from the request to
	// the end of the answer: 10 s, 5 s, 250 ms and 2 s. A look does not wait that long.
	PageTimeout, DumpTimeout, PulseTimeout, FlagsTimeout time.Duration
	// Ping, 4 s, is how long a connection may be silent before it is asked for a
	// sign of life. It is closed when there is none within that time again: the
	// next request dials instead of running into its deadline. A replica out of
	// breath takes a second or two, and a new connection would cost it more.
	Ping time.Duration
	// MaxPage and MaxDump bound the bodies, in bytes: 32 MiB and 16 MiB.
	MaxPage, MaxDump int64
	// PageFresh is the age, 2 s, below which a page is not read again together
	// with a dump: it costs the server some 30 ms.
	PageFresh time.Duration
	// MaxWindow is the longest window that deltas are told over: 1 min. After a
	// longer silence counting begins anew, as a mean over it would say nothing
	// about now.
	MaxWindow time.Duration
	// MemberTimeout bounds what is asked of an etcd member at once, 2 s, and
	// MemberEvery how often one is asked: every 2 s at the most.
	MemberTimeout, MemberEvery time.Duration
}

func (o Options) withDefaults() Options {
	o.PageTimeout = cmp.Or(o.PageTimeout, 10*time.Second)
	o.DumpTimeout = cmp.Or(o.DumpTimeout, 5*time.Second)
	o.PulseTimeout = cmp.Or(o.PulseTimeout, 250*time.Millisecond)
	o.FlagsTimeout = cmp.Or(o.FlagsTimeout, 2*time.Second)
	o.Ping = cmp.Or(o.Ping, 4*time.Second)
	o.MaxPage = cmp.Or(o.MaxPage, 32<<20)
	o.MaxDump = cmp.Or(o.MaxDump, 16<<20)
	o.PageFresh = cmp.Or(o.PageFresh, 2*time.Second)
	o.MaxWindow = cmp.Or(o.MaxWindow, time.Minute)
	o.MemberTimeout = cmp.Or(o.MemberTimeout, 2*time.Second)
	o.MemberEvery = cmp.Or(o.MemberEvery, 2*time.Second)
	return o
}

func (o Options) page() page.Bounds { return page.Bounds{Bytes: o.MaxPage} }

func (Options) dump() dump.Bounds { return dump.Bounds{} }

// Plane are the apiserver replicas of one tenant. Its methods may be called at
// the same time.
type Plane struct {
	access  *access.Access
	options Options

	mu       sync.Mutex
	replicas []*replica // sorted by name
	turn     int        // of Quickest
	closed   bool
}

// NewPlane is a plane without replicas: Retarget gives it some.
func NewPlane(a *access.Access, o Options) *Plane {
	return &Plane{access: a, options: o.withDefaults()}
}

// Retarget sets the replicas to look at. Those with a UID and an address that
// were there before keep their connection and their history.
func (p *Plane) Retarget(targets []Target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.replicas = aimed(p.replicas, targets, func(t Target) *replica { return newReplica(p.access, t, p.options) }, tooMany)
}

// looked is a replica or a member.
type looked interface {
	key() string
	retarget(t Target)
	close()
}

// aimed has one for each target: what was there before is kept, what is gone is
// closed, and past maxTargets stands over.
func aimed[L looked](before []L, targets []Target, anew, over func(Target) L) []L {
	was := map[string]L{}
	for _, l := range before {
		was[l.key()] = l
	}
	targets = slices.Clone(targets)
	slices.SortFunc(targets, func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.UID, b.UID))
	})
	after := make([]L, 0, len(targets))
	for i, t := range targets {
		l, ok := was[t.key()]
		switch {
		case ok:
			delete(was, t.key())
			l.retarget(t)
		case i < maxTargets:
			l = anew(t)
		default:
			l = over(t)
		}
		after = append(after, l)
	}
	for _, l := range was {
		l.close()
	}
	return after
}

// key tells targets apart for which nothing can be kept.
func (t Target) key() string { return cmp.Or(t.UID, t.Name) + "@" + t.Address }

// Close ends the connections. A closed plane sees nothing.
func (p *Plane) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.replicas {
		r.close()
	}
	p.replicas, p.closed = nil, true
}

// all are the replicas at this moment.
func (p *Plane) all() []*replica {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.replicas)
}
