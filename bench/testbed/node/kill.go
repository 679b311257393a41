// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"syscall"
)

// KillPod kills what runs of a pod with SIGKILL, as a kernel that is out of memory or a
// fault of the program would: the containers start again as after any crash, behind a
// kubelet's back-off. It is an error when nothing of the pod runs here.
func (a *Agent) KillPod(namespace, name string) error {
	return a.SignalPod(namespace, name, syscall.SIGKILL)
}

// SignalPod sends a signal to what runs of a pod; with SIGSTOP it hangs until SIGCONT, as
// a program does that waits for a disk. It is an error when nothing of the pod runs here.
func (a *Agent) SignalPod(namespace, name string, signal syscall.Signal) error {
	a.mu.Lock()
	var lives []*life
	for _, w := range a.workers {
		s := w.shown.Load()
		if s == nil || s.namespace != namespace || s.name != name || w.finished() {
			continue
		}
		for _, c := range s.containers {
			if c.life != nil {
				lives = append(lives, c.life)
			}
		}
	}
	a.mu.Unlock()
	reached := 0
	for _, l := range lives {
		if err := l.process.Signal(signal); err == nil {
			reached++
		}
	}
	if reached == 0 {
		return fmt.Errorf("sending %s to pod %s/%s: nothing of it runs on node %s", signal, namespace, name, a.o.Name)
	}
	return nil
}
