// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package resize

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// classOf is the pod's class of service as it was admitted.
func classOf(pod *corev1.Pod) corev1.PodQOSClass {
	if pod.Status.QOSClass != "" {
		return pod.Status.QOSClass
	}
	return classBySpec(&pod.Spec)
}

// classBySpec is what the API computes of a spec (k8s.io/kubernetes
// pkg/apis/core/helper/qos): BestEffort with no request and no limit of CPU or memory,
// Guaranteed with a limit of both in every container and requests equal to them, else
// Burstable. Resources of the pod as a whole stand before those of its containers.
func classBySpec(spec *corev1.PodSpec) corev1.PodQOSClass {
	var all []*corev1.ResourceRequirements
	for _, list := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for i := range list {
			all = append(all, &list[i].Resources)
		}
	}
	if r := spec.Resources; r != nil && len(r.Requests)+len(r.Limits) > 0 {
		all = []*corev1.ResourceRequirements{r}
	}
	some, whole := false, true
	for _, r := range all {
		for _, name := range resources {
			request, limit := r.Requests[name], r.Limits[name]
			some = some || positive(request) || positive(limit)
			whole = whole && positive(limit) && (request.Cmp(limit) == 0 || !positive(request))
		}
	}
	switch {
	case !some:
		return corev1.PodQOSBestEffort
	case whole:
		return corev1.PodQOSGuaranteed
	default:
		return corev1.PodQOSBurstable
	}
}

func positive(q resource.Quantity) bool { return q.Sign() > 0 }
