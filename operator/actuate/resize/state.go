// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package resize

import (
	corev1 "k8s.io/api/core/v1"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// stateOf tells how a resize of the pod goes on, by the conditions that the kubelet
// sets (k8s.io/kubernetes pkg/kubelet/status/status_manager.go): PodResizePending until
// it has allocated what the spec requests, PodResizeInProgress until that is in force.
// With both, a second resize waits behind a first.
func stateOf(pod *corev1.Pod, spec *corev1.Container, reported bool) plane.Resize {
	pending, progress := condition(pod, corev1.PodResizePending), condition(pod, corev1.PodResizeInProgress)
	behind := reported && !allocated(pod, spec)
	if pending != nil {
		return ofPending(pod, pending)
	}
	switch {
	case progress != nil && behind && outdated(pod, progress):
		// The node has yet to look at a newer request than the one this tells of.
		return plane.Resize{State: plane.ResizeInProgress}
	case progress != nil && progress.Reason == corev1.PodReasonError:
		return resizeOf(plane.ResizeFailed, progress)
	case progress != nil:
		return resizeOf(plane.ResizeInProgress, progress)
	case !reported:
		return plane.Resize{State: plane.ResizeUnknown}
	case behind:
		return plane.Resize{State: plane.ResizeInProgress}
	default:
		return plane.Resize{State: plane.ResizeSettled}
	}
}

func ofPending(pod *corev1.Pod, pending *corev1.PodCondition) plane.Resize {
	switch {
	case outdated(pod, pending):
		// What stands there is about an older request.
		return plane.Resize{State: plane.ResizeInProgress}
	case pending.Reason == corev1.PodReasonInfeasible:
		return resizeOf(plane.ResizeInfeasible, pending)
	default:
		return resizeOf(plane.ResizeDeferred, pending)
	}
}

// allocated tells whether the node has set aside what the spec requests.
func allocated(pod *corev1.Pod, spec *corev1.Container) bool {
	status := statusOf(pod, spec.Name)
	for _, name := range resources {
		want, has := spec.Resources.Requests[name], status.AllocatedResources[name]
		if want.Cmp(has) != 0 {
			return false
		}
	}
	return true
}

// outdated tells that a condition is about an older spec; kubelets before 1.34 do not
// say which they mean.
func outdated(pod *corev1.Pod, c *corev1.PodCondition) bool {
	return c.ObservedGeneration != 0 && c.ObservedGeneration < pod.Generation
}

func resizeOf(state plane.ResizeState, c *corev1.PodCondition) plane.Resize {
	return plane.Resize{State: state, Message: c.Message, Since: c.LastTransitionTime.Time}
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == kind && c.Status == corev1.ConditionTrue {
			return c
		}
	}
	return nil
}
