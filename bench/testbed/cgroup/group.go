// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	// period is the scheduler's accounting period, in microseconds.
	period = 100_000
	// leastQuota and leastShares are the kernel's lower bounds.
	leastQuota, leastShares = 1_000, 2
)

// Group is one group of processes.
type Group struct {
	mode string
	// dirs are the group's folders, by controller in v1, under "" in v2.
	dirs map[string]string
}

// Group makes a group, or finds it, below the run's root. In mode none the group
// does nothing.
func (m *Manager) Group(path string) (*Group, error) {
	if m == nil {
		return nil, nil // a nil Group accepts every call and does nothing
	}
	g := &Group{mode: m.mode, dirs: map[string]string{}}
	for controller, root := range m.roots {
		dir := filepath.Join(root, filepath.Clean("/"+path))
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the kernel decides the rights of cgroup folders
			return nil, fmt.Errorf("making the group %s: %w", path, err)
		}
		g.dirs[controller] = dir
	}
	if m.mode == V2 {
		for _, dir := range above(m.roots[""], g.dirs[""]) {
			if err := delegate(dir); err != nil {
				return nil, fmt.Errorf("making the group %s: %w", path, err)
			}
		}
	}
	return g, nil
}

// above lists the folders that must hand the controllers down for a group to have
// them (v2): from the root's parent to the group's, in this order, as a folder can
// only hand down what its own parent has handed to it.
func above(root, dir string) []string {
	var dirs []string
	for dir = filepath.Dir(dir); len(dir) >= len(root); dir = filepath.Dir(dir) {
		dirs = append(dirs, dir)
	}
	dirs = append(dirs, filepath.Dir(root))
	slices.Reverse(dirs)
	return dirs
}

// delegate lets the groups below a folder use the controllers (v2).
func delegate(dir string) error {
	return write(dir, "cgroup.subtree_control", "+cpu +memory")
}

// SetCPU sets the weight from the request and the quota from the limit, both in
// thousandths of a core, as a kubelet does: 1,024 shares a core. A limit of 0 is
// none.
func (g *Group) SetCPU(requestMilli, limitMilli int64) error {
	if g == nil {
		return nil
	}
	quota := int64(-1)
	if limitMilli > 0 {
		quota = max(limitMilli*period/1000, leastQuota)
	}
	shares := max(requestMilli*1024/1000, leastShares)
	switch g.mode {
	case V1:
		return errors.Join(
			write(g.dirs["cpu"], "cpu.shares", strconv.FormatInt(shares, 10)),
			write(g.dirs["cpu"], "cpu.cfs_period_us", strconv.Itoa(period)),
			write(g.dirs["cpu"], "cpu.cfs_quota_us", strconv.FormatInt(quota, 10)),
		)
	case V2:
		limit := "max"
		if quota > 0 {
			limit = strconv.FormatInt(quota, 10)
		}
		// The kubelet's map of 2..262144 shares to 1..10000 weight (KEP-2254).
		weight := 1 + (min(shares, 262144)-2)*9999/262142
		return errors.Join(
			write(g.dirs[""], "cpu.weight", strconv.FormatInt(weight, 10)),
			write(g.dirs[""], "cpu.max", fmt.Sprintf("%s %d", limit, period)),
		)
	default:
		return nil
	}
}

// SetMemory sets the memory limit in bytes; 0 is none. The kernel refuses a limit
// below what is in use and cannot be reclaimed.
func (g *Group) SetMemory(limitBytes int64) error {
	if g == nil {
		return nil
	}
	switch g.mode {
	case V1:
		limit := int64(-1)
		if limitBytes > 0 {
			limit = limitBytes
		}
		return write(g.dirs["memory"], "memory.limit_in_bytes", strconv.FormatInt(limit, 10))
	case V2:
		limit := "max"
		if limitBytes > 0 {
			limit = strconv.FormatInt(limitBytes, 10)
		}
		return write(g.dirs[""], "memory.max", limit)
	default:
		return nil
	}
}

// ProcsFiles are the files into which a process writes its id to join.
func (g *Group) ProcsFiles() []string {
	if g == nil {
		return nil
	}
	var files []string
	seen := map[string]bool{}
	for _, dir := range g.dirs {
		// cpu and cpuacct may be one mount.
		if !seen[dir] {
			seen[dir] = true
			files = append(files, filepath.Join(dir, "cgroup.procs"))
		}
	}
	return files
}

// Remove removes the group; it must be empty of processes.
func (g *Group) Remove() error {
	if g == nil {
		return nil
	}
	var problems []error
	for _, dir := range g.dirs {
		if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			problems = append(problems, fmt.Errorf("removing a group: %w", err))
		}
	}
	return errors.Join(problems...)
}

func write(dir, file, value string) error {
	if err := os.WriteFile(filepath.Join(dir, file), []byte(value), 0o644); err != nil { //nolint:gosec // the kernel decides the rights of cgroup files
		return fmt.Errorf("writing %q to %s: %w", value, file, err)
	}
	return nil
}

func read(dir, file string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, file)) //nolint:gosec // a file of the kernel's
	return strings.TrimSpace(string(raw)), err
}
