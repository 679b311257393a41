// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	journalName = "processes"
	// goneWithin is how long killed processes are given to be gone.
	goneWithin = 10 * time.Second
)

// journal is the list of started processes, a line each: id and start time.
type journal struct {
	mu   sync.Mutex
	file *os.File
}

func openJournal(runDir string) (*journal, error) {
	if err := os.MkdirAll(runDir, 0o700); err != nil {
		return nil, fmt.Errorf("making the run's folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(runDir, journalName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the run's own folder
	if err != nil {
		return nil, fmt.Errorf("opening the journal of processes: %w", err)
	}
	return &journal{file: file}, nil
}

func (j *journal) add(pid int) error {
	s, err := readStat(pid)
	if errors.Is(err, os.ErrNotExist) {
		return nil // it has ended already
	}
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := fmt.Fprintf(j.file, "%d %d\n", pid, s.started); err != nil {
		return fmt.Errorf("writing the journal of processes: %w", err)
	}
	return nil
}

// Clean ends the processes that a run has journalled under runDir and that are
// still the same ones, with all of their process groups, and waits until they are
// gone.
func Clean(runDir string) error {
	raw, err := os.ReadFile(filepath.Join(runDir, journalName)) //nolint:gosec // the run's own folder
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the journal of processes: %w", err)
	}
	left := map[int]uint64{}
	for line := range strings.Lines(string(raw)) {
		var pid int
		var started uint64
		if _, err := fmt.Sscanf(line, "%d %d", &pid, &started); err == nil && pid > 1 && same(pid, started) {
			left[pid] = started
			_ = syscall.Kill(-pid, syscall.SIGKILL)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(goneWithin); len(left) > 0; <-tick.C {
		for pid, started := range left {
			if !same(pid, started) {
				delete(left, pid)
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("ending the processes that are left: %d are still there", len(left))
		}
	}
	return nil
}

// same tells whether a process is still the one that was journalled, and alive.
func same(pid int, started uint64) bool {
	s, err := readStat(pid)
	return err == nil && s.started == started && !s.zombie
}
