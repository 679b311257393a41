// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cgroup limits and measures the testbed's processes: cgroup v1 or v2
// where root allows it, and nothing, plainly said, where not.
//
// Every run has one root group named after its folder, so that the next run can
// find and remove what a killed one left. A Group of mode none accepts every
// call and does nothing: callers need not care.
package cgroup

import (
	"bufio"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
)

// The modes of a Manager.
const (
	V1   = "v1"
	V2   = "v2"
	None = "none"
)

// controllers are those that are used.
var controllers = []string{"cpu", "cpuacct", "memory"}

// Manager is the root of one run's groups.
type Manager struct {
	mode, why string
	// roots are the run's own root folders: by controller in v1, under "" in v2.
	roots map[string]string
}

// Detect finds out how groups can be made here. It never fails for lack of root
// or of cgroups: the Manager's mode is then none, and Why says why.
func Detect(name string) (*Manager, error) {
	own := rootName(name)
	at, err := readMounts("/proc/self/mountinfo")
	if err != nil {
		return &Manager{mode: None, why: err.Error()}, nil //nolint:nilerr // a machine without cgroups is not an error: Why tells of it
	}
	for _, try := range []func(mounts, string) (*Manager, error){detectV1, detectV2} {
		m, e := try(at, own)
		if e == nil {
			return m, nil
		}
		err = errors.Join(err, e)
	}
	return &Manager{mode: None, why: strings.ReplaceAll(err.Error(), "\n", "; ")}, nil
}

// Mode is v1, v2 or none.
func (m *Manager) Mode() string { return m.mode }

// Why says why the mode is none; empty when it is not.
func (m *Manager) Why() string { return m.why }

func rootName(name string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return fmt.Sprintf("evenkeel-%012x", h.Sum64()&0xffffffffffff)
}

// mounts are where cgroup file systems are mounted: v1 by controller, v2 under "".
type mounts map[string]string

// readMounts reads /proc/self/mountinfo (proc(5)): the mount point is the fifth
// field, and behind a lone dash come the type, the source and the super options.
func readMounts(path string) (mounts, error) {
	file, err := os.Open(path) //nolint:gosec // a file of the kernel's
	if err != nil {
		return nil, fmt.Errorf("reading where cgroups are mounted: %w", err)
	}
	defer func() { _ = file.Close() }()
	found := mounts{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 {
			continue
		}
		switch right[0] {
		case "cgroup2":
			found[""] = left[4]
		case "cgroup":
			for option := range strings.SplitSeq(right[2], ",") {
				found[option] = left[4]
			}
		}
	}
	return found, nil
}

func detectV1(at mounts, own string) (*Manager, error) {
	m := &Manager{mode: V1, roots: map[string]string{}}
	for _, c := range controllers {
		mount, ok := at[c]
		if !ok {
			return nil, fmt.Errorf("cgroup v1: no %s controller is mounted", c)
		}
		m.roots[c] = filepath.Join(mount, own)
	}
	for _, root := range m.roots {
		if err := writable(root); err != nil {
			return nil, fmt.Errorf("cgroup v1: %w", err)
		}
	}
	return m, nil
}

func detectV2(at mounts, own string) (*Manager, error) {
	mount, ok := at[""]
	if !ok {
		return nil, errors.New("cgroup v2: not mounted")
	}
	raw, err := os.ReadFile(filepath.Join(mount, "cgroup.controllers")) //nolint:gosec // a file of the kernel's
	if err != nil {
		return nil, fmt.Errorf("cgroup v2: %w", err)
	}
	for _, c := range []string{"cpu", "memory"} {
		if !strings.Contains(" "+strings.TrimSpace(string(raw))+" ", " "+c+" ") {
			return nil, fmt.Errorf("cgroup v2: no %s controller", c)
		}
	}
	m := &Manager{mode: V2, roots: map[string]string{"": filepath.Join(mount, own)}}
	if err := writable(m.roots[""]); err != nil {
		return nil, fmt.Errorf("cgroup v2: %w", err)
	}
	if err := delegate(mount); err != nil {
		return nil, fmt.Errorf("cgroup v2: %w", err)
	}
	return m, nil
}

// writable makes a root folder and takes it away again, unless it was there.
func writable(root string) error {
	err := os.Mkdir(root, 0o755) //nolint:gosec // the kernel decides the rights of cgroup folders
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("making groups is not allowed: %w", err)
	}
	if err := os.Remove(root); err != nil {
		return fmt.Errorf("removing a group is not allowed: %w", err)
	}
	return nil
}
