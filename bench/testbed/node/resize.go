// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
)

// resizeRetry is how often a resize that could not be carried out is tried again.
const resizeRetry = 5 * time.Second

// resizeAll carries out what pods/resize has asked for. First the node sets the
// new requests aside, for the whole pod or not at all; then each container's
// cgroup follows. Conditions say what is not done yet, and why, and of which
// generation of the pod they speak, as a kubelet's do from 1.34 on: a pending one of
// the pod's own, one in progress of that whose requests were set aside.
func (w *worker) resizeAll(ctx context.Context, pod *corev1.Pod) time.Duration {
	w.resize = nil
	wait := never
	if pending := w.allocate(pod); pending != nil {
		w.resize = append(w.resize, *pending)
		if pending.Reason == corev1.PodReasonDeferred {
			wait = resizeRetry
		}
	}
	var failed error
	busy := false
	for i, c := range w.app {
		if equality.Semantic.DeepEqual(c.allocated, c.actual) || c.life == nil {
			continue
		}
		if err := w.actuate(ctx, pod, c, &pod.Spec.Containers[i]); err != nil {
			failed = err
		}
		busy = busy || !equality.Semantic.DeepEqual(c.allocated, c.actual)
	}
	if busy {
		progress := corev1.PodCondition{Type: corev1.PodResizeInProgress, Status: corev1.ConditionTrue, ObservedGeneration: w.allocated}
		if failed != nil {
			progress.Reason, progress.Message, wait = corev1.PodReasonError, failed.Error(), resizeRetry
		}
		w.resize = append(w.resize, progress)
	}
	return wait
}

// allocate sets aside what the spec wants now, or says why that is not possible.
func (w *worker) allocate(pod *corev1.Pod) *corev1.PodCondition {
	same := true
	for i, c := range w.app {
		same = same && equality.Semantic.DeepEqual(c.allocated, pod.Spec.Containers[i].Resources)
	}
	if same {
		return nil
	}
	if s := w.agent.ledger.take(pod.UID, requests(&pod.Spec)); s != nil {
		reason := corev1.PodReasonDeferred
		if s.never {
			reason = corev1.PodReasonInfeasible
		}
		return &corev1.PodCondition{
			Type: corev1.PodResizePending, Status: corev1.ConditionTrue, ObservedGeneration: pod.Generation,
			Reason: reason, Message: s.String(),
		}
	}
	for i, c := range w.app {
		c.allocated = *pod.Spec.Containers[i].Resources.DeepCopy()
	}
	w.allocated = pod.Generation
	w.agent.pokeAll() // others may fit now
	return nil
}

// actuate brings what is allocated in force: in place, or by a restart where the
// container's resize policy wants one.
func (w *worker) actuate(ctx context.Context, pod *corev1.Pod, c *container, spec *corev1.Container) error {
	if needsRestart(spec, c.actual, c.allocated) {
		if !c.life.stopping {
			c.afresh = true
			w.stop(ctx, pod, c, gracePeriod(pod), fmt.Sprintf("Container %s resize requires restart", c.name))
		}
		return nil
	}
	if err := notBelowUsage(c.life.group, c.name, c.actual, c.allocated); err != nil {
		return fmt.Errorf("cannot decrease memory limits: %w", err)
	}
	if err := setLimits(c.life.group, c.allocated); err != nil {
		return err
	}
	c.actual = *c.allocated.DeepCopy()
	w.event(pod, corev1.EventTypeNormal, "ResizeCompleted", "Pod resize completed: container %s", c.name)
	return nil
}

func needsRestart(spec *corev1.Container, is, want corev1.ResourceRequirements) bool {
	for _, policy := range spec.ResizePolicy {
		name := policy.ResourceName
		if policy.RestartPolicy != corev1.RestartContainer {
			continue
		}
		if !equality.Semantic.DeepEqual(is.Limits[name], want.Limits[name]) || !equality.Semantic.DeepEqual(is.Requests[name], want.Requests[name]) {
			return true
		}
	}
	return false
}

// notBelowUsage refuses a lower memory limit than what is in use, page cache
// included, as a kubelet does and in its words (k8s.io/kubernetes
// pkg/kubelet/kuberuntime, validateMemoryResizeAction). A kubelet looks at the pod's
// sum besides where every container has a limit.
func notBelowUsage(g *cgroup.Group, name string, is, want corev1.ResourceRequirements) error {
	limit, set := want.Limits[corev1.ResourceMemory]
	old, was := is.Limits[corev1.ResourceMemory]
	if !set || was && limit.Cmp(old) >= 0 {
		return nil
	}
	u, err := g.Usage()
	if err != nil {
		return fmt.Errorf("reading the container's memory usage: %w", err)
	}
	if u.MemoryBytes > 0 && u.MemoryBytes >= uint64(max(limit.Value(), 0)) {
		return fmt.Errorf("attempting to set container %q memory limit (%d) below current usage (%d)", name, limit.Value(), u.MemoryBytes)
	}
	return nil
}

func setLimits(g *cgroup.Group, r corev1.ResourceRequirements) error {
	if err := g.SetCPU(r.Requests.Cpu().MilliValue(), r.Limits.Cpu().MilliValue()); err != nil {
		return fmt.Errorf("setting the container's CPU limits: %w", err)
	}
	if err := g.SetMemory(r.Limits.Memory().Value()); err != nil {
		return fmt.Errorf("setting the container's memory limit: %w", err)
	}
	return nil
}

// groupPath is the cgroup of a container, or of the pod when the name is empty.
func groupPath(uid types.UID, container string) string {
	if container == "" {
		return "pods/" + string(uid)
	}
	return "pods/" + string(uid) + "/" + container
}
