// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ground is what a run of the testbed stands on: a folder of its own, a
// runner whose processes are written down there, and cgroups of its name. With
// these, whatever a killed run has left can be found and ended.
package ground

import (
	"fmt"
	"os"
	"path/filepath"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
	"evenkeel.dev/evenkeel/bench/testbed/process"
)

// Ground is the ground of one run.
type Ground struct {
	Dir     string
	Runner  *process.Runner
	Cgroups *cgroup.Manager
}

// Clear clears what an earlier run has left in dir and returns the ground for a new
// one. One run at a time may stand on a folder; the caller sees to that.
func Clear(dir string) (*Ground, error) {
	if err := Clean(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the run's folder: %w", err)
	}
	runner, err := process.NewRunner(dir)
	if err != nil {
		return nil, fmt.Errorf("preparing to start processes: %w", err)
	}
	groups, err := cgroup.Detect(cgroupName(dir))
	if err != nil {
		return nil, fmt.Errorf("preparing cgroups: %w", err)
	}
	return &Ground{Dir: dir, Runner: runner, Cgroups: groups}, nil
}

// Clean ends the processes that a run in dir has left, and removes its cgroups and
// its files.
func Clean(dir string) error {
	if err := process.Clean(dir); err != nil {
		return fmt.Errorf("ending the processes of an earlier run: %w", err)
	}
	groups, err := cgroup.Detect(cgroupName(dir))
	if err != nil {
		return fmt.Errorf("finding the cgroups of an earlier run: %w", err)
	}
	if err := groups.Clean(); err != nil {
		return fmt.Errorf("removing the cgroups of an earlier run: %w", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing the files of an earlier run: %w", err)
	}
	return nil
}

func cgroupName(dir string) string {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	return absolute
}
