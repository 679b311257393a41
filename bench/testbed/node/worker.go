// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/evenkeel/bench/testbed/node/podstatus"
	"evenkeel.dev/evenkeel/bench/testbed/node/volume"
)

// never is how long a worker sleeps that waits for nothing but a wake-up.
const never = time.Hour

// worker runs one pod. Everything below "loop" belongs to its goroutine.
type worker struct {
	agent    *Agent
	reporter *reporter

	mu  sync.Mutex
	pod *corev1.Pod
	// gone: the object is no longer there. halting: the node is being stopped.
	gone, halting bool
	// spent is the CPU time of lives that have ended.
	spent float64

	wake  chan struct{}
	inbox chan func()
	done  chan struct{}
	// shown is what the server shows of the pod.
	shown atomic.Pointer[shown]

	// loop
	started   metav1.Time
	address   string
	volumes   volume.Volumes
	refreshed time.Time
	retry     time.Time
	tries     int
	init, app []*container
	refused   *podstatus.Refusal
	admitted  bool
	// over: the pod has succeeded or failed and waits to be deleted.
	over   bool
	ending *ending
	resize []corev1.PodCondition
	// allocated is the generation of the pod whose requests were last set aside.
	allocated int64
}

func newWorker(a *Agent, pod *corev1.Pod) *worker {
	w := &worker{
		agent: a, pod: pod,
		wake: make(chan struct{}, 1), inbox: make(chan func()), done: make(chan struct{}),
		started: metav1.NewTime(a.clock.Now()),
	}
	w.reporter = newReporter(a, w.current)
	w.over = pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	for i := range pod.Spec.InitContainers {
		w.init = append(w.init, w.container(&pod.Spec.InitContainers[i], nil))
	}
	for i := range pod.Spec.Containers {
		spec := &pod.Spec.Containers[i]
		at := slices.IndexFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool { return s.Name == spec.Name })
		if at < 0 {
			w.app = append(w.app, w.container(spec, nil))
			continue
		}
		w.app = append(w.app, w.container(spec, &pod.Status.ContainerStatuses[at]))
	}
	return w
}

func (w *worker) container(spec *corev1.Container, old *corev1.ContainerStatus) *container {
	c := &container{name: spec.Name, allocated: *spec.Resources.DeepCopy(), actual: *spec.Resources.DeepCopy()}
	if old != nil {
		c.restore(old, w.agent.clock.Now())
	}
	return c
}

// run takes the pod's next step whenever something has happened, until the pod is
// no more or ctx ends.
func (w *worker) run(ctx context.Context) {
	defer close(w.done)
	reporting, stopReporting := context.WithCancel(ctx)
	defer stopReporting()
	w.agent.tasks.Go(func() { w.reporter.run(reporting) })
	for ctx.Err() == nil {
		wait, finished := w.sync(ctx)
		if finished {
			return
		}
		timer := w.agent.clock.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-w.wake:
		case f := <-w.inbox:
			f()
		case <-timer.C():
		}
		timer.Stop()
	}
}

// post has f run by the worker's goroutine.
func (w *worker) post(f func()) {
	select {
	case w.inbox <- f:
	case <-w.done:
	}
}

// poke makes the worker look again.
func (w *worker) poke() {
	select {
	case w.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// update gives the worker the pod's latest object.
func (w *worker) update(pod *corev1.Pod) {
	w.mu.Lock()
	w.pod = pod
	w.mu.Unlock()
	w.poke()
}

// vanish tells that the pod's object is gone.
func (w *worker) vanish() {
	w.mu.Lock()
	w.gone = true
	w.mu.Unlock()
	w.poke()
}

// halt tells that the node is being stopped.
func (w *worker) halt() {
	w.mu.Lock()
	w.halting = true
	w.mu.Unlock()
	w.poke()
}

func (w *worker) current() *corev1.Pod {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pod
}

func (w *worker) fate() (gone, halting bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gone, w.halting
}

func (w *worker) finished() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

func (w *worker) event(pod *corev1.Pod, kind, reason, format string, args ...any) {
	w.agent.recorder.Eventf(pod, kind, reason, "%s", fmt.Sprintf(format, args...))
}

// all are the init and the app containers.
func (w *worker) all() []*container { return slices.Concat(w.init, w.app) }

func specOf(pod *corev1.Pod, name string) *corev1.Container {
	for _, list := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return &corev1.Container{Name: name} // a pod's containers cannot change
}
