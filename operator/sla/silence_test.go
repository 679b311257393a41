// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla_test

import (
	"net"
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
