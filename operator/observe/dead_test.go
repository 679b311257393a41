// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// cable forwards connections to a server until it is cut: from then on those that
// are open stay so, and nothing comes through, as after a power failure.
type cable struct {
	net.Listener
	cut atomic.Bool
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a listener of a test
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{Listener: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to) //nolint:noctx // see above
			if err != nil {
				_ = near.Close()
				continue
			}
			dead := c.cut.Load
			if dead() { // a new connection finds the server well again
				dead = func() bool { return false }
			}
			go carry(near, far, dead)
			go carry(far, near, dead)
		}
	}()
	return c
}

func carry(to io.WriteCloser, from io.Reader, dead func() bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			_ = to.Close()
			return
		}
		if dead() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// A connection that died without a word is noticed and replaced.
func TestADeadConnectionIsReplaced(t *testing.T) {
	tenant := newTenant(t, wellThen(t))
	c := newCable(t, tenant.address)
	p := NewPlane(tenant.access(t), Options{PageTimeout: 300 * time.Millisecond, Ping: 200 * time.Millisecond})
	defer p.Close()
	target := tenant.target("r0")
	target.Address = c.Addr().String()
	p.Retarget([]Target{target})
	at := time.Now()
	if r := p.Look(t.Context(), at, false)[0]; r.Fault != nil {
		t.Fatalf("fault %+v", *r.Fault)
	}
	c.cut.Store(true)
	at = at.Add(time.Minute)
	if r := p.Look(t.Context(), at, false)[0]; r.Fault == nil || r.Fault.Reason != v1alpha1.ReasonReplicaTimeout && r.Fault.Reason != v1alpha1.ReasonReplicaUnreachable {
		t.Fatalf("fault %+v of a dead connection", r.Fault)
	}
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		at = at.Add(time.Minute)
		if r := p.Look(t.Context(), at, false)[0]; r.Fault == nil {
			if n := tenant.connections.Load(); n != 2 {
				t.Errorf("%d connections, want the dead one and another", n)
			}
			return
		}
	}
	t.Error("the dead connection was never replaced")
}
