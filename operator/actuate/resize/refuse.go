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

// refuse says why an order is not carried out on the pod as it is now; nil when it is.
// to is what the container's resources would be.
func (o Order) refuse(pod *corev1.Pod, i int, to corev1.ResourceRequirements) *plane.Fault {
	unfit := unfitPod(pod)
	if unfit == "" {
		unfit = o.unfitContainer(&pod.Spec.Containers[i], to)
	}
	if unfit == "" {
		unfit = unfitClass(pod, i, to)
	}
	if unfit == "" {
		return nil
	}
	return o.fault(v1alpha1.ReasonResizeRefused, "not written: %s", unfit)
}

// unfitPod says why no container of a pod is resized.
func unfitPod(pod *corev1.Pod) string {
	_, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]
	switch {
	case mirror:
		return "it is a static pod, which no API resizes: change its file on the node"
	case pod.DeletionTimestamp != nil:
		return "the pod is being deleted"
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		return fmt.Sprintf("the pod is %s", pod.Status.Phase)
	case pod.Spec.Resources != nil && len(pod.Spec.Resources.Requests)+len(pod.Spec.Resources.Limits) > 0:
		return "the pod has resources of its own, of which its containers share: size it by hand"
	default:
		return ""
	}
}

func (o Order) unfitContainer(c *corev1.Container, to corev1.ResourceRequirements) string {
	for _, name := range resources {
		request, limit := to.Requests[name], to.Limits[name]
		if _, limited := to.Limits[name]; limited && limit.Cmp(request) < 0 {
			return fmt.Sprintf("its limit of %s %s is below the request of %s: raise the limit in its template", &limit, name, &request)
		}
		had, hadLimit := c.Resources.Requests[name], c.Resources.Limits[name]
		if had.Cmp(request) == 0 && hadLimit.Cmp(limit) == 0 {
			continue
		}
		if !o.Restarts && slices.Contains(c.ResizePolicy, corev1.ContainerResizePolicy{ResourceName: name, RestartPolicy: corev1.RestartContainer}) {
			return fmt.Sprintf("its resizePolicy restarts the container for other %s: set restartPolicy NotRequired for it in the template, or sizing.restarts to Planned in the profile", name)
		}
	}
	return ""
}

// unfitClass says that the class of service would change, which the API refuses.
func unfitClass(pod *corev1.Pod, i int, to corev1.ResourceRequirements) string {
	after := pod.Spec.DeepCopy()
	after.Containers[i].Resources = to
	is, will := classOf(pod), classBySpec(after)
	if is == will {
		return ""
	}
	remedy := "give its containers requests below their limits in the template, or resize requests and limits together"
	if is == corev1.PodQOSBestEffort {
		remedy = "give its containers a first request in the template"
	}
	return fmt.Sprintf("the pod would be %s and no longer %s, which no resize may change: %s", will, is, remedy)
}
