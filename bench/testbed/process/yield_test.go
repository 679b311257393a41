// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package process_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evenkeel.dev/evenkeel/bench/testbed/process"
)

// The load gives way to the servers; the servers do not give way to each other.
func TestGiveWay(t *testing.T) {
	r := runner(t, t.TempDir())
	if err := process.GiveWay(); err != nil {
		t.Fatal(err)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			t.Fatal(err)
		}
		if attr, err := unix.SchedGetAttr(id, 0); err == nil && attr.Policy != unix.SCHED_BATCH {
			t.Errorf("thread %d has the policy %d", id, attr.Policy)
		}
	}
	child := start(t, r, process.Spec{Name: "sleep", Argv: []string{"/bin/sleep", "300"}})
	deadline := time.Now().Add(10 * time.Second)
	for name := ""; name != "sleep\n"; { // until then it is the shim
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", child.PID()))
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the child never ran: %q, %v", raw, err)
		}
		name = string(raw)
	}
	attr, err := unix.SchedGetAttr(child.PID(), 0)
	if err != nil || attr.Policy != unix.SCHED_NORMAL {
		t.Errorf("the child has the policy %+v, %v", attr, err)
	}
}
