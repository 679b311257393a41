// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
)

// Process is a process that was started.
type Process struct {
	name    string
	command *exec.Cmd
	group   *cgroup.Group
	done    chan struct{}
	err     error
}

// PID is the process's id.
func (p *Process) PID() int { return p.command.Process.Pid }

// Done closes when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit tells how the process ended: its status, or the signal that ended it.
// Call it after Done.
func (p *Process) Exit() (code int, signal string, err error) {
	state := p.command.ProcessState
	if state == nil {
		return -1, "", fmt.Errorf("waiting for %s: %w", p.name, p.err)
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), status.Signal().String(), nil
	}
	return state.ExitCode(), "", nil
}

// Signal sends a signal to the process alone.
func (p *Process) Signal(s syscall.Signal) error {
	if err := p.command.Process.Signal(s); err != nil {
		return fmt.Errorf("sending %s to %s: %w", s, p.name, err)
	}
	return nil
}

// Stop asks the process to end and kills its group when it has not after grace,
// or when ctx ends. It returns when the process has ended.
func (p *Process) Stop(ctx context.Context, grace time.Duration) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	_ = p.command.Process.Signal(syscall.SIGTERM) // it may have ended just now
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	err := p.kill()
	<-p.done
	return err
}

// kill ends the whole process group.
func (p *Process) kill() error {
	err := syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("killing %s: %w", p.name, err)
	}
	return nil
}

func (p *Process) wait() {
	p.err = p.command.Wait()
	close(p.done)
}

// Usage is what the process has used: of its group where there is one, else of
// the process alone, from /proc.
func (p *Process) Usage() (cgroup.Usage, error) {
	if len(p.group.ProcsFiles()) > 0 {
		return p.group.Usage()
	}
	return usageFromProc(p.PID())
}
