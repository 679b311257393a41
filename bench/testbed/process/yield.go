// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// GiveWay has this process give way to those it starts: woken up, it waits for a
// core to be free or for its turn, and does not take one from a server. It is for
// the side of the testbed that makes and carries load.
//
// Where all share a few cores, a client that takes the core with each piece of four
// kilobytes that a server writes has the server stop for it five thousand times a
// list, and what is measured is that: in one storm the servers got half of the CPU
// that their limits allowed and served a thirtieth of the lists.
func GiveWay() error {
	// Threads are made by threads and are as those were: when a round finds nobody
	// to change, nobody is left.
	for {
		changed, err := giveWayOnce()
		if err != nil || changed == 0 {
			return err
		}
	}
}

func giveWayOnce() (changed int, err error) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0, fmt.Errorf("listing this process's threads: %w", err)
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		had, err := unix.SchedGetAttr(id, 0)
		if err != nil || had.Policy == unix.SCHED_BATCH {
			continue // it has ended, or been changed
		}
		had.Policy = unix.SCHED_BATCH
		if err := unix.SchedSetAttr(id, had, 0); err != nil && !errors.Is(err, unix.ESRCH) {
			return changed, fmt.Errorf("setting the scheduling policy of this process: %w", err)
		}
		changed++
	}
	return changed, nil
}

// takeTurns undoes GiveWay for the calling thread, for good, and for what is run in
// its place.
func takeTurns() error {
	runtime.LockOSThread()
	had, err := unix.SchedGetAttr(0, 0)
	if err != nil || had.Policy != unix.SCHED_BATCH {
		return nil //nolint:nilerr // where it cannot be asked for, it could not be set
	}
	had.Policy = unix.SCHED_NORMAL
	if err := unix.SchedSetAttr(0, had, 0); err != nil {
		return fmt.Errorf("setting the scheduling policy: %w", err)
	}
	return nil
}
