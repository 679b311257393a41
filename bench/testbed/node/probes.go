// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"evenkeel.dev/evenkeel/bench/testbed/node/probe"
)

// watch follows a life that was just started: its exit, its postStart hook and
// its probes. Liveness and readiness wait for the startup probe.
func (w *worker) watch(ctx context.Context, pod *corev1.Pod, c *container, spec *corev1.Container) {
	l := c.life
	all, endAll := context.WithCancel(ctx)
	some, endSome := context.WithCancel(all)
	l.endAll, l.endProbes = endAll, endSome
	w.agent.tasks.Go(func() {
		select {
		case <-l.process.Done():
			w.post(func() { w.exited(pod, c, l) })
		case <-ctx.Done():
		}
	})
	if h := spec.Lifecycle; h != nil && h.PostStart != nil {
		w.agent.tasks.Go(func() { w.postStart(some, pod, c, spec, l) })
	}
	if spec.StartupProbe == nil {
		w.passed(all, some, pod, c, spec, l)
		return
	}
	w.probe(some, pod, c, spec, l, "Startup", spec.StartupProbe, func(a probe.Answer) bool {
		w.post(func() {
			if a.Healthy {
				w.passed(all, some, pod, c, spec, l)
			} else {
				w.unhealthy(ctx, pod, c, l, spec.StartupProbe, "startup")
			}
		})
		return false
	})
}

// passed starts what waits for the startup probe.
func (w *worker) passed(all, some context.Context, pod *corev1.Pod, c *container, spec *corev1.Container, l *life) {
	l.passed, l.ready = true, spec.ReadinessProbe == nil
	if spec.ReadinessProbe != nil {
		w.probe(all, pod, c, spec, l, "Readiness", spec.ReadinessProbe, func(a probe.Answer) bool {
			w.post(func() { l.ready = a.Healthy })
			return true
		})
	}
	if spec.LivenessProbe != nil {
		w.probe(some, pod, c, spec, l, "Liveness", spec.LivenessProbe, func(a probe.Answer) bool {
			if !a.Healthy {
				w.post(func() { w.unhealthy(all, pod, c, l, spec.LivenessProbe, "liveness") })
			}
			return a.Healthy
		})
	}
}

func (w *worker) probe(ctx context.Context, pod *corev1.Pod, c *container, spec *corev1.Container, l *life, kind string, p *corev1.Probe, verdict func(probe.Answer) bool) {
	check, err := probe.New(p.ProbeHandler, w.target(pod, spec, l))
	if err != nil {
		w.event(pod, corev1.EventTypeWarning, "ProbeError", "%s probe of container %s: %v", kind, c.name, err)
		return
	}
	loop := probe.Loop{
		Spec: p, Check: check, Clock: w.agent.clock, Verdict: verdict,
		Failed: func(a probe.Answer) {
			w.event(pod, corev1.EventTypeWarning, "Unhealthy", "%s probe failed: %s", kind, a.Message)
		},
	}
	w.agent.tasks.Go(func() { loop.Run(ctx) })
}

// unhealthy ends a life that its probe has given up; the restart policy decides
// what follows.
func (w *worker) unhealthy(ctx context.Context, pod *corev1.Pod, c *container, l *life, p *corev1.Probe, kind string) {
	if c.life != l || l.stopping {
		return
	}
	grace := gracePeriod(pod)
	if p.TerminationGracePeriodSeconds != nil {
		grace = time.Duration(*p.TerminationGracePeriodSeconds) * time.Second
	}
	l.ready = false
	w.stop(ctx, pod, c, grace, fmt.Sprintf("Container %s failed %s probe, will be restarted", c.name, kind))
}

func (w *worker) postStart(ctx context.Context, pod *corev1.Pod, c *container, spec *corev1.Container, l *life) {
	if err := w.hook(ctx, pod, spec, l, spec.Lifecycle.PostStart); err != nil && ctx.Err() == nil {
		w.event(pod, corev1.EventTypeWarning, "FailedPostStartHook", "PostStartHook failed: %v", err)
		w.post(func() {
			if c.life == l && !l.stopping {
				w.stop(ctx, pod, c, gracePeriod(pod), "FailedPostStartHook")
			}
		})
	}
}

// exited takes over how a life ended.
func (w *worker) exited(pod *corev1.Pod, c *container, l *life) {
	if c.life != l {
		return
	}
	l.endAll()
	u, _ := l.usage() // what was seen before counts, at least
	w.spend(u.CPUSeconds)
	c.ended(w.agent.clock.Now())
	if c.exited.ExitCode != 0 && !l.stopping {
		w.agent.o.Logf("node %s: %s/%s container %s ended: %s, status %d", w.agent.o.Name, pod.Namespace, pod.Name, c.name, c.exited.Reason, c.exited.ExitCode)
	}
}

// gracePeriod is what the spec gives a container to end.
func gracePeriod(pod *corev1.Pod) time.Duration {
	if s := pod.Spec.TerminationGracePeriodSeconds; s != nil {
		return time.Duration(*s) * time.Second
	}
	return corev1.DefaultTerminationGracePeriodSeconds * time.Second
}
