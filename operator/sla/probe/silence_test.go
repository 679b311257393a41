// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// unanswered is an address at which the kernel answers nothing: of a listener whose queue is
// full a connection that is asked for is left without an answer.
func unanswered(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	in, is := name.(*syscall.SockaddrInet4)
	if !is {
		t.Fatalf("%T", name)
	}
	address := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: in.Port}).String()
	for range 16 {
		c, err := (&net.Dialer{Timeout: 300 * time.Millisecond}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return address // the queue is full
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Fatal("the queue of the listener never fills")
	return ""
}

// passing is a way to a server that can swallow what is on it: connections stay open, and
// nothing passes over those that were there.
type passing struct {
	address string

	mu    sync.Mutex
	conns []*atomic.Bool
}

func swallowing(t *testing.T, to string) *passing {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	p := &passing{address: l.Addr().String()}
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			there, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", to)
			if err != nil {
				_ = from.Close()
				continue
			}
			swallows := &atomic.Bool{}
			p.mu.Lock()
			p.conns = append(p.conns, swallows)
			p.mu.Unlock()
			go carry(there, from, swallows)
			go carry(from, there, swallows)
		}
	}()
	return p
}

// swallow has the connections that are there carry nothing any more.
func (p *passing) swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Store(true)
	}
}

func carry(to, from net.Conn, swallows *atomic.Bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			_ = to.Close()
			return
		}
		if swallows.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
