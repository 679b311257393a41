// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"

	"evenkeel.dev/evenkeel/bench/testbed/node/probe"
	"evenkeel.dev/evenkeel/bench/testbed/process"
)

const (
	// leastGrace is what a container is given between SIGTERM and SIGKILL even when
	// its preStop hook has used up the grace period, as by a kubelet.
	leastGrace = 2 * time.Second
	// mostOutput is how much of a command's output a message carries.
	mostOutput = 2 << 10
)

// execIn runs a command with a container's environment, for probes and hooks.
func (w *worker) execIn(pod *corev1.Pod, l *life) probe.Exec {
	return func(ctx context.Context, argv []string) (int, string, error) {
		if len(argv) == 0 {
			return 0, "", errors.New("the command is empty")
		}
		words := make([]string, len(argv))
		for i := range argv {
			words[i] = l.paths.Rewrite(argv[i])
		}
		output, err := os.CreateTemp(filepath.Join(w.agent.mounter.Pod(pod.UID), "tmp"), "exec-")
		if err != nil {
			return 0, "", fmt.Errorf("making a file for the command's output: %w", err)
		}
		defer func() { _ = os.Remove(output.Name()) }()
		if err := output.Close(); err != nil {
			return 0, "", fmt.Errorf("making a file for the command's output: %w", err)
		}
		if words[0], err = lookPath(words[0]); err != nil {
			return 0, "", err
		}
		p, err := w.agent.launch(process.Spec{
			Name: pod.Namespace + "/" + pod.Name + " exec", Argv: words, Env: l.env, Dir: l.dir,
			LogPath: output.Name(), Hostname: hostname(pod), Group: l.group,
		})
		if err != nil {
			return 0, "", err
		}
		select {
		case <-p.Done():
		case <-ctx.Done():
			err = p.Stop(ctx, 0)
		}
		code, _, exitErr := p.Exit()
		return code, process.Tail(output.Name(), mostOutput), errors.Join(err, exitErr)
	}
}

// hook runs a lifecycle handler.
func (w *worker) hook(ctx context.Context, pod *corev1.Pod, spec *corev1.Container, l *life, h *corev1.LifecycleHandler) error {
	if h.Sleep != nil {
		timer := w.agent.clock.NewTimer(time.Duration(h.Sleep.Seconds) * time.Second)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-l.process.Done():
		case <-timer.C():
		}
		return nil
	}
	check, err := probe.New(corev1.ProbeHandler{Exec: h.Exec, HTTPGet: h.HTTPGet, TCPSocket: h.TCPSocket}, w.target(pod, spec, l))
	if err != nil {
		return err
	}
	if answer := check(ctx); !answer.Healthy {
		return errors.New(answer.Message)
	}
	return nil
}

func (w *worker) target(pod *corev1.Pod, spec *corev1.Container, l *life) probe.Target {
	return probe.Target{Address: w.address, Ports: spec.Ports, Exec: w.execIn(pod, l)}
}

// stop ends a life: preStop hook, SIGTERM, and SIGKILL when the grace period is
// over. It does not wait; the exit wakes the worker. A second call with a shorter
// grace period hurries the first.
func (w *worker) stop(ctx context.Context, pod *corev1.Pod, c *container, grace time.Duration, why string) {
	l, spec := c.life, specOf(pod, c.name)
	first := !l.stopping
	l.stopping = true
	l.endProbes()
	if first {
		w.event(pod, corev1.EventTypeNormal, "Killing", "%s", why)
	}
	w.agent.tasks.Go(func() {
		began := w.agent.clock.Now()
		if first && spec.Lifecycle != nil && spec.Lifecycle.PreStop != nil && grace > 0 {
			bounded, cancel := context.WithTimeout(ctx, grace)
			if err := w.hook(bounded, pod, spec, l, spec.Lifecycle.PreStop); err != nil {
				w.event(pod, corev1.EventTypeWarning, "FailedPreStopHook", "PreStopHook failed: %v", err)
			}
			cancel()
			grace = max(grace-w.agent.clock.Since(began), leastGrace)
		}
		if err := l.process.Stop(ctx, grace); err != nil {
			w.agent.o.Logf("node %s: stopping %s/%s container %s: %v", w.agent.o.Name, pod.Namespace, pod.Name, c.name, err)
		}
	})
}
