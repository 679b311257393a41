// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package process starts the testbed's processes so that none outlives it.
//
// Three things see to that. Each process is told by the kernel to die with the
// thread that forked it (Pdeathsig), and that thread lives as long as the
// Runner's process, even if that is killed with SIGKILL. Each is written to a
// journal with its start time before anybody waits for it, so that Clean can end
// what is left without ever hitting a stranger that has got the same id. And a
// Stop has a deadline, after which the whole process group is killed.
//
// A process gets its host name and joins its cgroups in a small shim: the same
// binary, started under a marker, sets these up and then becomes the target.
package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
)

// Spec is a process to start.
type Spec struct {
	// Name is for people.
	Name string
	// Argv is the command; Argv[0] is a path. Env is its whole environment, Dir
	// its folder.
	Argv []string
	Env  []string
	Dir  string
	// LogPath gets what it prints, appended; empty throws it away.
	LogPath string
	// Hostname is set in a UTS namespace of its own where root allows it.
	Hostname string
	// Group is the cgroup to join; nil is none.
	Group *cgroup.Group
}

// Runner starts processes.
type Runner struct {
	journal *journal
	shim    string
	// forks are done by one thread that never ends: Pdeathsig is by thread.
	forks chan func()
}

// NewRunner starts processes that are journalled under runDir.
func NewRunner(runDir string) (*Runner, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this binary, which is the processes' shim: %w", err)
	}
	j, err := openJournal(runDir)
	if err != nil {
		return nil, err
	}
	r := &Runner{journal: j, shim: self, forks: make(chan func())}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the process
		for fork := range r.forks {
			fork()
		}
	}()
	return r, nil
}

// Start starts a process. It is running, or has failed to become its target and
// will exit with status 126, when Start returns.
func (r *Runner) Start(spec Spec) (*Process, error) {
	if len(spec.Argv) == 0 {
		return nil, fmt.Errorf("starting %s: no command", spec.Name)
	}
	if _, err := os.Stat(spec.Argv[0]); err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	log, err := openLog(spec.LogPath)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	defer func() { _ = log.Close() }()
	command := exec.Command(r.shim, shimArgs(spec)...) //nolint:gosec,noctx // it is the testbed's purpose to run what it is given; its life is managed by Process
	command.Env, command.Dir = spec.Env, spec.Dir
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if spec.Hostname != "" && os.Geteuid() == 0 {
		command.SysProcAttr.Cloneflags = syscall.CLONE_NEWUTS
	}
	if err := r.fork(command); err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	p := &Process{name: spec.Name, command: command, group: spec.Group, done: make(chan struct{})}
	if err := r.journal.add(command.Process.Pid); err != nil {
		_ = p.kill()
		_ = command.Wait()
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	go p.wait()
	return p, nil
}

func (r *Runner) fork(command *exec.Cmd) error {
	var err error
	var forked sync.WaitGroup
	forked.Add(1)
	r.forks <- func() {
		defer forked.Done()
		err = command.Start()
	}
	forked.Wait()
	return err
}

func openLog(path string) (*os.File, error) {
	if path == "" {
		return os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the log's folder: %w", err)
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // a path of the testbed's own
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	return log, nil
}

// Tail is the end of a log, at most so many bytes, for errors.
func Tail(path string, most int64) string {
	file, err := os.Open(path) //nolint:gosec // a path of the testbed's own
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	tail := make([]byte, min(most, info.Size()))
	if _, err := file.ReadAt(tail, info.Size()-int64(len(tail))); err != nil && !errors.Is(err, os.ErrClosed) {
		return ""
	}
	return strings.TrimSpace(string(tail))
}
