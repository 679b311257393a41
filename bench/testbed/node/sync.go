// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"evenkeel.dev/evenkeel/bench/testbed/node/podstatus"
)

// refreshEvery is how often the content of volumes is compared with its source.
const refreshEvery = 30 * time.Second

// sync takes the pod's next step and tells when to look again at the latest.
func (w *worker) sync(ctx context.Context) (wait time.Duration, finished bool) {
	pod := w.current()
	gone, halting := w.fate()
	switch {
	case w.ending != nil || gone || halting || pod.DeletionTimestamp != nil:
		return w.end(ctx, pod)
	case w.over:
		return never, false
	}
	wait = w.advance(ctx, pod)
	w.publish(pod)
	return wait, false
}

// advance brings the pod nearer to what its spec wants.
func (w *worker) advance(ctx context.Context, pod *corev1.Pod) time.Duration {
	if !w.admit(pod) {
		return never
	}
	if wait, ok := w.setUp(ctx, pod); !ok {
		return wait
	}
	for i, c := range w.init {
		wait, done := w.drive(ctx, pod, c, &pod.Spec.InitContainers[i], true)
		if !done {
			return wait
		}
	}
	wait := refreshEvery
	for i, c := range w.app {
		next, _ := w.drive(ctx, pod, c, &pod.Spec.Containers[i], false)
		wait = min(wait, next)
	}
	wait = min(wait, w.resizeAll(ctx, pod))
	w.refresh(ctx, pod)
	return wait
}

// admit sets the pod's requests aside; a pod that does not fit is refused, for
// good, as by a kubelet.
func (w *worker) admit(pod *corev1.Pod) bool {
	if w.admitted || w.refused != nil {
		return w.admitted
	}
	if s := w.agent.ledger.take(pod.UID, requests(&pod.Spec)); s != nil {
		reason := "OutOf" + string(s.resource)
		w.refused = &podstatus.Refusal{Reason: reason, Message: "Pod was rejected: " + s.String()}
		w.event(pod, corev1.EventTypeWarning, reason, "%s", s)
		return false
	}
	w.admitted = true
	return true
}

// setUp gives the pod its address and its volumes. What is missing may come: it
// is tried again.
func (w *worker) setUp(ctx context.Context, pod *corev1.Pod) (time.Duration, bool) {
	if w.volumes != nil {
		return 0, true
	}
	now := w.agent.clock.Now()
	if wait := w.retry.Sub(now); wait > 0 {
		return wait, false
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if w.address == "" {
		address, err := w.giveAddress(pod)
		if err != nil {
			w.event(pod, corev1.EventTypeWarning, "FailedCreatePodSandBox", "%v", err)
			return w.again(now), false
		}
		w.address = address
	}
	volumes, err := w.agent.mounter.SetUp(ctx, w.facts(pod))
	if err != nil {
		w.event(pod, corev1.EventTypeWarning, "FailedMount", "%v", err)
		return w.again(now), false
	}
	w.volumes, w.refreshed, w.tries = volumes, now, 0
	return 0, true
}

func (w *worker) giveAddress(pod *corev1.Pod) (string, error) {
	if pod.Spec.HostNetwork {
		return w.agent.o.Address.String(), nil
	}
	return w.agent.addresses.give(pod)
}

// again waits for half a second, doubled each time up to eight.
func (w *worker) again(now time.Time) time.Duration {
	wait := min(500*time.Millisecond<<min(w.tries, 4), 8*time.Second)
	w.tries++
	w.retry = now.Add(wait)
	return wait
}

func (w *worker) refresh(ctx context.Context, pod *corev1.Pod) {
	now := w.agent.clock.Now()
	if now.Sub(w.refreshed) < refreshEvery {
		return
	}
	w.refreshed = now
	facts := w.facts(pod)
	w.agent.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		if err := w.agent.mounter.Refresh(ctx, facts); err != nil && ctx.Err() == nil {
			w.event(pod, corev1.EventTypeWarning, "FailedMount", "%v", err)
		}
	})
}

// drive starts a container that is to run and does not. Done means that an init
// container has ended well.
func (w *worker) drive(ctx context.Context, pod *corev1.Pod, c *container, spec *corev1.Container, isInit bool) (wait time.Duration, done bool) {
	if c.life != nil {
		return never, false
	}
	now := w.agent.clock.Now()
	if c.exited != nil && !c.afresh {
		if isInit && c.exited.ExitCode == 0 {
			return never, true
		}
		if !podstatus.Again(restartPolicy(pod, isInit), c.exited.ExitCode) {
			return never, false
		}
		exited := c.exited.FinishedAt.Time
		if wait, delay := c.backoff.remaining(exited, now); wait > 0 {
			c.waiting = &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: fmt.Sprintf(
				"back-off %s restarting failed container=%s pod=%s_%s(%s)", delay, c.name, pod.Name, pod.Namespace, pod.UID)}
			return wait, false
		}
	}
	if wait := c.retry.Sub(now); wait > 0 {
		return wait, false
	}
	return w.startNow(ctx, pod, c, spec, now), false
}

func (w *worker) startNow(ctx context.Context, pod *corev1.Pod, c *container, spec *corev1.Container, now time.Time) time.Duration {
	previous := c.exited
	if err := w.start(ctx, pod, c, spec); err != nil {
		reason := "CreateContainerError"
		if s, ok := errors.AsType[*startError](err); ok {
			reason = s.reason
		}
		if reason == reasonNoImage && c.tries > 0 {
			reason = "ImagePullBackOff"
		}
		c.wait(reason, err.Error(), now)
		w.event(pod, corev1.EventTypeWarning, "Failed", "Error: %v", err)
		return c.retry.Sub(now)
	}
	if previous != nil && !c.afresh {
		c.backoff.restart(previous.FinishedAt.Time, now)
	}
	c.afresh = false
	w.watch(ctx, pod, c, spec)
	w.event(pod, corev1.EventTypeNormal, "Started", "Container started: %s, process %d", c.name, c.life.process.PID())
	return never
}

// restartPolicy of an init container is that of the pod, but Always means until
// it has ended well.
func restartPolicy(pod *corev1.Pod, isInit bool) corev1.RestartPolicy {
	if isInit && pod.Spec.RestartPolicy == corev1.RestartPolicyAlways {
		return corev1.RestartPolicyOnFailure
	}
	return pod.Spec.RestartPolicy
}
