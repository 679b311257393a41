// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// emptyWithin is how long killed processes are given to leave their groups.
const emptyWithin = 10 * time.Second

// Clean ends every process in the run's groups and removes the groups, also those
// that a killed run of the same folder has left.
func (m *Manager) Clean() error {
	var problems []error
	for _, root := range m.roots {
		problems = append(problems, clean(root))
	}
	return errors.Join(problems...)
}

func clean(root string) error {
	var dirs []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("finding groups that are left: %w", err)
	}
	slices.Reverse(dirs) // children before their parents
	deadline := time.Now().Add(emptyWithin)
	for _, dir := range dirs {
		if err := removeEmptied(dir, deadline); err != nil {
			return err
		}
	}
	return nil
}

// removeEmptied kills what is in a group until the kernel lets it be removed.
func removeEmptied(dir string, deadline time.Time) error {
	wait := time.NewTicker(10 * time.Millisecond)
	defer wait.Stop()
	for {
		if raw, err := os.ReadFile(filepath.Join(dir, "cgroup.procs")); err == nil { //nolint:gosec // a file of the kernel's
			for id := range strings.FieldsSeq(string(raw)) {
				if pid, err := strconv.Atoi(id); err == nil && pid > 1 && pid != os.Getpid() {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		}
		err := os.Remove(dir)
		if err == nil || errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("removing a group that is left: %w", err)
		}
		<-wait.C
	}
}
