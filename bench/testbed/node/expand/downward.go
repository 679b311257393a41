// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package expand

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Facts are what a pod can learn of itself and its node.
type Facts struct {
	Pod         *corev1.Pod
	PodIP       string
	HostIP      string
	Allocatable corev1.ResourceList
}

// Field is the value of a fieldRef's path.
func (f Facts) Field(path string) (string, error) {
	if value, ok, err := f.keyed(path); ok || err != nil {
		return value, err
	}
	pod := f.Pod
	switch path {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "metadata.labels":
		return lines(pod.Labels), nil
	case "metadata.annotations":
		return lines(pod.Annotations), nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.podIP", "status.podIPs":
		return f.PodIP, nil
	case "status.hostIP", "status.hostIPs":
		return f.HostIP, nil
	}
	return "", fmt.Errorf("the downward API has no field %q", path)
}

// keyed reads metadata.labels['x'] and metadata.annotations['x']; a key that is
// not there is empty.
func (f Facts) keyed(path string) (value string, ok bool, err error) {
	head, rest, found := strings.Cut(path, "['")
	if !found {
		return "", false, nil
	}
	key, closed := strings.CutSuffix(rest, "']")
	if !closed {
		return "", false, fmt.Errorf("the downward API has no field %q", path)
	}
	switch head {
	case "metadata.labels":
		return f.Pod.Labels[key], true, nil
	case "metadata.annotations":
		return f.Pod.Annotations[key], true, nil
	}
	return "", false, fmt.Errorf("the downward API has no field %q", path)
}

// lines are sorted pairs, quoted, one a line.
func lines(m map[string]string) string {
	var out strings.Builder
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out.WriteString(key + "=" + strconv.Quote(m[key]) + "\n")
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// Resource is the value of a resourceFieldRef, in units of its divisor, rounded
// up. A limit that is not set is what the node has to give. Container is used
// where the reference names none.
func (f Facts) Resource(container string, ref *corev1.ResourceFieldSelector) (string, error) {
	if ref.ContainerName != "" {
		container = ref.ContainerName
	}
	spec := find(f.Pod, container)
	if spec == nil {
		return "", fmt.Errorf("the pod has no container %q", container)
	}
	kind, name, _ := strings.Cut(ref.Resource, ".")
	var quantity resource.Quantity
	switch kind {
	case "requests":
		quantity = spec.Resources.Requests[corev1.ResourceName(name)]
	case "limits":
		limit, set := spec.Resources.Limits[corev1.ResourceName(name)]
		if !set {
			limit = f.Allocatable[corev1.ResourceName(name)]
		}
		quantity = limit
	default:
		return "", fmt.Errorf("the downward API has no resource %q", ref.Resource)
	}
	return inUnits(quantity, ref.Divisor, name == string(corev1.ResourceCPU)), nil
}

// inUnits divides and rounds up, CPU in thousandths of a core.
func inUnits(q, divisor resource.Quantity, milli bool) string {
	if divisor.IsZero() {
		divisor = resource.MustParse("1")
	}
	value, unit := q.Value(), divisor.Value()
	if milli {
		value, unit = q.MilliValue(), divisor.MilliValue()
	}
	unit = max(unit, 1)
	units := value / unit
	if value%unit > 0 {
		units++
	}
	return strconv.FormatInt(units, 10)
}

func find(pod *corev1.Pod, name string) *corev1.Container {
	for _, list := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}
