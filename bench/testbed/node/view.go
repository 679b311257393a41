// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"evenkeel.dev/evenkeel/bench/testbed/node/podstatus"
	"evenkeel.dev/evenkeel/bench/testbed/node/serve"
)

// shown is what the server shows of a pod: a copy that nobody changes.
type shown struct {
	namespace, name string
	containers      []shownContainer
}

type shownContainer struct {
	name string
	life *life
	// log is of the latest life, previous of the one before.
	log, previous string
}

// publish hands what is known to the reporter and to the server. A pod that has
// succeeded or failed gives back its share of the node.
func (w *worker) publish(pod *corev1.Pod) {
	v := w.view(pod)
	w.reporter.set(v)
	s := &shown{namespace: pod.Namespace, name: pod.Name}
	for _, c := range w.all() {
		s.containers = append(s.containers, shownContainer{name: c.name, life: c.life, log: c.log, previous: c.previousLog(w.logs(pod))})
	}
	w.shown.Store(s)
	phase := podstatus.Compute(&pod.Spec, pod.Status, v, w.started).Phase
	if w.ending == nil && !w.over && (phase == corev1.PodSucceeded || phase == corev1.PodFailed) {
		w.over = true
		if err := w.release(pod, false); err != nil {
			w.agent.o.Logf("node %s: releasing pod %s/%s: %v", w.agent.o.Name, pod.Namespace, pod.Name, err)
		}
	}
}

func (w *worker) view(pod *corev1.Pod) podstatus.View {
	v := podstatus.View{
		Generation: pod.Generation, HostIP: w.agent.o.Address.String(), PodIP: w.address, Started: &w.started,
		Prepared: w.volumes != nil, Refused: w.refused, Resize: slices.Clone(w.resize), Ending: w.ending != nil,
	}
	for i, c := range w.init {
		v.Init = append(v.Init, c.view(pod.Spec.InitContainers[i].Image))
		if last := &v.Init[i]; last.Exited != nil && last.Exited.ExitCode == 0 && last.Waiting == nil {
			last.Ready = true
		}
	}
	for i, c := range w.app {
		v.App = append(v.App, c.view(pod.Spec.Containers[i].Image))
	}
	return v
}

// spend adds the CPU time of a life that has ended.
func (w *worker) spend(seconds float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spent += seconds
}

// usage is what the server shows of the pod's use.
func (w *worker) usage() serve.Pod {
	s := w.shown.Load()
	if s == nil {
		return serve.Pod{}
	}
	w.mu.Lock()
	p := serve.Pod{Namespace: s.namespace, Name: s.name, CPUSeconds: w.spent}
	w.mu.Unlock()
	for _, c := range s.containers {
		if c.life == nil {
			continue
		}
		u, err := c.life.usage()
		p.CPUSeconds += u.CPUSeconds
		if err != nil {
			continue // it has just ended
		}
		p.WorkingSet += u.WorkingSetBytes
		p.Containers = append(p.Containers, serve.Container{
			Name: c.name, Started: c.life.started, CPUSeconds: u.CPUSeconds, WorkingSet: u.WorkingSetBytes,
		})
	}
	return p
}
