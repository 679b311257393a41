// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
	"evenkeel.dev/evenkeel/bench/testbed/node/expand"
	"evenkeel.dev/evenkeel/bench/testbed/node/podstatus"
	"evenkeel.dev/evenkeel/bench/testbed/process"
)

// container is what a pod's worker knows of one container.
type container struct {
	name string
	// life is the process that runs; nil when none does.
	life *life
	// exited is how the latest life ended, before how the one before that did.
	exited, before *corev1.ContainerStateTerminated
	// waiting is why it does not run, where that is not the pod's fault; it is
	// tried again at retry.
	waiting *corev1.ContainerStateWaiting
	retry   time.Time
	tries   int
	// ran: it has been started before, so the next start is a restart.
	ran      bool
	restarts int32
	backoff  backoff
	// afresh: the latest life was ended to start again with other resources.
	afresh bool

	id, imageID string
	log         string
	// allocated is what the node has set aside, actual what is in force.
	allocated, actual corev1.ResourceRequirements
}

// life is one life of a container.
type life struct {
	process *process.Process
	group   *cgroup.Group
	started time.Time
	env     []string
	paths   expand.Paths
	dir     string
	// ooms and cpu are the group's counts when the life began; the group outlives
	// it.
	ooms uint64
	cpu  float64
	// passed and ready are the verdicts of the startup and the readiness probe.
	passed, ready bool
	stopping      bool
	// endProbes ends those that must not outlive the wish that it runs, endAll all.
	endProbes, endAll func()

	mu   sync.Mutex
	seen float64
}

// usage is what the life has used. What was seen before does not shrink, so that
// the CPU time stays a counter when the process is gone.
func (l *life) usage() (cgroup.Usage, error) {
	u, err := l.process.Usage()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = max(l.seen, u.CPUSeconds-l.cpu)
	u.CPUSeconds = l.seen
	return u, err
}

// restore takes over what the API says of a container that ran before this agent
// did: it has ended, nobody knows how, and counts as restarted when it starts.
func (c *container) restore(s *corev1.ContainerStatus, now time.Time) {
	c.restarts, c.before = s.RestartCount, s.LastTerminationState.Terminated
	switch {
	case s.State.Running != nil:
		c.ran = true
		c.exited = &corev1.ContainerStateTerminated{
			ExitCode: 255, Reason: "Unknown", Message: "The node stopped while the container was running",
			StartedAt: s.State.Running.StartedAt, FinishedAt: metav1.NewTime(now), ContainerID: s.ContainerID,
		}
	case s.State.Terminated != nil:
		c.ran, c.exited = true, s.State.Terminated
	case c.before != nil:
		c.ran, c.exited, c.before = true, c.before, nil
	}
}

// ended takes over how a life ended.
func (c *container) ended(now time.Time) {
	l := c.life
	c.life = nil
	t := &corev1.ContainerStateTerminated{
		Reason: "Completed", StartedAt: metav1.NewTime(l.started), FinishedAt: metav1.NewTime(now), ContainerID: c.id,
	}
	code, signal, err := l.process.Exit()
	t.ExitCode = int32(code) //nolint:gosec // an exit status
	if err != nil {
		t.ExitCode, t.Message = 255, err.Error()
	}
	if t.ExitCode != 0 {
		t.Reason = "Error"
	}
	if u, err := l.group.Usage(); err == nil && u.OOMKills > l.ooms && signal != "" {
		t.Reason = "OOMKilled"
	}
	c.exited = t
}

// wait notes why the container does not start, and when to try again: after a
// second, doubled each time up to half a minute.
func (c *container) wait(reason, message string, now time.Time) {
	c.waiting = &corev1.ContainerStateWaiting{Reason: reason, Message: message}
	c.retry = now.Add(min(time.Second<<min(c.tries, 5), 30*time.Second))
	c.tries++
}

func (c *container) view(image string) podstatus.Container {
	v := podstatus.Container{
		Name: c.name, Image: image, ImageID: c.imageID, ID: c.id, Restarts: c.restarts,
		Waiting: c.waiting, Exited: c.exited, Before: c.before,
		Allocated: c.allocated.Requests, Actual: c.actual.DeepCopy(),
	}
	if c.life != nil {
		v.Running = &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(c.life.started)}
		v.Waiting = nil
		v.Started, v.Ready = c.life.passed, c.life.passed && c.life.ready
	}
	return v
}

// containerID is unlike that of any other life of any container.
func containerID(uid types.UID, name string, restarts int32, started time.Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d/%d", uid, name, restarts, started.UnixNano()))
	return "local://" + hex.EncodeToString(sum[:])
}

// previousLog is the log of the life before the latest one.
func (c *container) previousLog(folder string) string {
	if c.restarts == 0 {
		return ""
	}
	return filepath.Join(folder, c.name, strconv.Itoa(int(c.restarts)-1)+".log")
}
