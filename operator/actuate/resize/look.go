// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package resize

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Look is one container of a pod, as the API holds it, in the recommender's terms. What
// the node has not told is 0, and Reported then false. A container that does not exist
// is a Fault.
func Look(pod *corev1.Pod, container string) plane.ContainerSize {
	s := plane.ContainerSize{Pod: pod.Name, UID: string(pod.UID), Container: container, QoS: string(classOf(pod))}
	i := find(pod, container)
	if i < 0 {
		s.Fault = absent(pod, container)
		s.Resize.State = plane.ResizeUnknown
		return s
	}
	spec := &pod.Spec.Containers[i]
	s.Requested, s.Limit = amounts(spec.Resources.Requests), amounts(spec.Resources.Limits)
	for _, policy := range spec.ResizePolicy {
		if policy.RestartPolicy == corev1.RestartContainer {
			s.CPURestarts = s.CPURestarts || policy.ResourceName == corev1.ResourceCPU
			s.MemoryRestarts = s.MemoryRestarts || policy.ResourceName == corev1.ResourceMemory
		}
	}
	for _, e := range spec.Env {
		switch e.Name {
		case "GOMAXPROCS":
			s.MaxProcs = valueOf(e)
		case "GOMEMLIMIT":
			s.MemLimit = valueOf(e)
		}
	}
	if status := statusOf(pod, container); status != nil {
		lookAtStatus(&s, status)
	}
	s.Resize = stateOf(pod, spec, s.Reported)
	return s
}

func lookAtStatus(s *plane.ContainerSize, status *corev1.ContainerStatus) {
	s.Allocated = amounts(status.AllocatedResources)
	if status.Resources != nil {
		s.InForce, s.LimitInForce = amounts(status.Resources.Requests), amounts(status.Resources.Limits)
		// A container that requests nothing has nothing allocated.
		s.Reported = status.AllocatedResources != nil || s.Requested == plane.Amounts{}
	}
	s.Restarts = int(status.RestartCount)
	ended := status.State.Terminated
	if ended == nil {
		ended = status.LastTerminationState.Terminated
	}
	if ended != nil {
		s.Ended, s.EndedAt = ended.Reason, ended.FinishedAt.Time
	}
}

func find(pod *corev1.Pod, container string) int {
	return slices.IndexFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == container })
}

func absent(pod *corev1.Pod, container string) *plane.Fault {
	return &plane.Fault{Reason: v1alpha1.ReasonTargetInvalid, Message: fmt.Sprintf(
		"pod %s has no container named %s: correct the profile's container", pod.Name, container)}
}

func statusOf(pod *corev1.Pod, container string) *corev1.ContainerStatus {
	for i := range pod.Status.ContainerStatuses {
		if pod.Status.ContainerStatuses[i].Name == container {
			return &pod.Status.ContainerStatuses[i]
		}
	}
	return nil
}

func amounts(l corev1.ResourceList) plane.Amounts {
	return plane.Amounts{CPU: l.Cpu().AsApproximateFloat64(), Memory: l.Memory().AsApproximateFloat64()}
}

func valueOf(e corev1.EnvVar) string {
	if e.ValueFrom != nil {
		return plane.FromElsewhere
	}
	return e.Value
}
