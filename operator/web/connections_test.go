// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/operator/web"
)

// Connections that say nothing take no more than a bounded piece of memory: the next one
// waits until one of them ends.
func TestConnectionsAreBounded(t *testing.T) {
	s, err := web.New(config(&reader{profiles: fleet(1)}, nil))
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	var all []net.Conn
	dial := func() net.Conn {
		t.Helper()
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
		return c
	}
	for range 512 {
		dial()
	}
	last := dial()
	answered := func(within time.Duration) bool {
		t.Helper()
		if err := last.SetReadDeadline(time.Now().Add(within)); err != nil {
			t.Fatal(err)
		}
		n, err := last.Read(make([]byte, 1))
		return err == nil && n == 1
	}
	if _, err := io.WriteString(last, "GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if answered(500 * time.Millisecond) {
		t.Error("one more than is bounded is answered")
	}
	if err := all[0].Close(); err != nil {
		t.Fatal(err)
	}
	if !answered(3 * time.Second) {
		t.Error("once another has ended the next is not answered")
	}
	for _, c := range all[1:] {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	end()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
