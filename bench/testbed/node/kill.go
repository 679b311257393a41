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
	killed := 0
	for _, l := range lives {
		if err := l.process.Signal(syscall.SIGKILL); err == nil {
			killed++
		}
	}
	if killed == 0 {
		return fmt.Errorf("killing pod %s/%s: nothing of it runs on node %s", namespace, name, a.o.Name)
	}
	return nil
}
