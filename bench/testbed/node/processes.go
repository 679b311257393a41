// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
	"evenkeel.dev/evenkeel/bench/testbed/process"
)

// errDark: the node has been killed.
var errDark = errors.New("the node is off")

// emptyWithin is how long killed processes are given to leave a cgroup.
const emptyWithin = 5 * time.Second

// launch starts a process of the node, unless the node has been killed.
func (a *Agent) launch(spec process.Spec) (*process.Process, error) {
	a.launching.Lock()
	defer a.launching.Unlock()
	if a.dark {
		return nil, errDark
	}
	p, err := a.o.Runner.Start(spec)
	if err != nil {
		return nil, err
	}
	a.processes[p] = struct{}{}
	a.tasks.Go(func() {
		<-p.Done()
		// As when a container's first process ends, the others of its group go too;
		// mostly there is none.
		_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
		a.launching.Lock()
		defer a.launching.Unlock()
		delete(a.processes, p)
	})
	return p, nil
}

// killAll kills every process of the node with its group, and lets no other one
// start.
func (a *Agent) killAll() error {
	a.launching.Lock()
	a.dark = true
	var failed []error
	var left []*process.Process
	for p := range a.processes {
		left = append(left, p)
		if err := syscall.Kill(-p.PID(), syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			failed = append(failed, fmt.Errorf("killing process %d: %w", p.PID(), err))
		}
	}
	a.launching.Unlock()
	for _, p := range left {
		<-p.Done()
	}
	return errors.Join(failed...)
}

// lookPath finds a command that is not a path; a path must be there.
func lookPath(command string) (string, error) {
	if !strings.Contains(command, "/") {
		found, err := exec.LookPath(command)
		if err != nil {
			return "", fmt.Errorf("finding the command: %w", err)
		}
		return found, nil
	}
	if _, err := os.Stat(command); err != nil {
		return "", fmt.Errorf("finding the command: %w", err)
	}
	return command, nil
}

// removeGroup removes a cgroup, with whatever a container's process has left in
// it.
func (a *Agent) removeGroup(path string) error {
	g, err := a.o.Cgroups.Group(path)
	if err != nil {
		return fmt.Errorf("finding cgroup %s: %w", path, err)
	}
	for deadline := time.Now().Add(emptyWithin); ; {
		killed := killIn(g)
		if err = g.Remove(); err == nil {
			return nil
		}
		if killed == 0 || time.Now().After(deadline) {
			return fmt.Errorf("removing cgroup %s: %w", path, err)
		}
	}
}

// killIn kills every process in a cgroup and tells how many there were.
func killIn(g *cgroup.Group) int {
	killed := 0
	for _, file := range g.ProcsFiles() {
		raw, err := os.ReadFile(file) //nolint:gosec // a cgroup's own file
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(raw)) {
			if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil && pid > 1 {
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended just now
				killed++
			}
		}
	}
	return killed
}
