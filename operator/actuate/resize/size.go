// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package resize

import (
	"fmt"
	"math"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Size is what a container is to request. 0 leaves that resource as it is.
type Size struct {
	// CPU is in cores, Memory in bytes.
	CPU, Memory float64
}

// Values are which of a container's values a resize writes.
type Values string

const (
	// RequestsOnly leaves the limits alone: a request is capped at its limit.
	RequestsOnly Values = "RequestsOnly"
	// RequestsAndLimits scales an existing limit with its request, as the
	// VerticalPodAutoscaler does under that name; where there is no limit none is set.
	RequestsAndLimits Values = "RequestsAndLimits"
)

const (
	mebibyte = 1 << 20
	// mostCores and mostBytes are more than any node has: what is beyond is a mistake.
	mostCores, mostBytes = 1 << 16, 1 << 50
)

// fault says why a size is none.
func (s Size) fault() string {
	switch {
	case !(s.CPU >= 0 && s.CPU <= mostCores): // false for NaN as well
		return fmt.Sprintf("%v cores are no request", s.CPU)
	case !(s.Memory >= 0 && s.Memory <= mostBytes):
		return fmt.Sprintf("%v bytes are no request", s.Memory)
	case s.CPU == 0 && s.Memory == 0:
		return "it asks for nothing"
	default:
		return ""
	}
}

// list is the size as requests: whole millicores and whole mebibytes, rounded up. Less
// than a millionth of a core or a byte is the error of the arithmetic and no request.
func (s Size) list() corev1.ResourceList {
	l := corev1.ResourceList{}
	if s.CPU > 0 {
		l[corev1.ResourceCPU] = *resource.NewMilliQuantity(millis(s.CPU), resource.DecimalSI)
	}
	if s.Memory > 0 {
		l[corev1.ResourceMemory] = *resource.NewQuantity(mebibytes(s.Memory), resource.BinarySI)
	}
	return l
}

func millis(cores float64) int64 { return int64(max(1, math.Ceil(math.Round(cores*1e6)/1e3))) }

func mebibytes(bytes float64) int64 {
	return int64(max(1, math.Ceil(math.Round(bytes)/mebibyte))) * mebibyte
}

// resources are the two that are resized, in the order in which they are told.
var resources = []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory}

// target is what the container's resources are to be, and what of it was capped; both
// hold the written resources alone.
type target struct {
	requests, limits corev1.ResourceList
	capped           []string
}

func (s Size) target(is corev1.ResourceRequirements, values Values) target {
	t := target{requests: s.list(), limits: corev1.ResourceList{}}
	for _, name := range resources {
		want, asked := t.requests[name]
		limit, limited := is.Limits[name]
		switch {
		case !asked || !limited || limit.IsZero():
		case values == RequestsAndLimits:
			t.limits[name] = scaled(name, limit, is.Requests[name], want)
		case want.Cmp(limit) > 0:
			t.requests[name] = limit
			t.capped = append(t.capped, fmt.Sprintf("%s is capped at the container's limit: %s were asked for, the limit is %s", name, &want, &limit))
		}
	}
	return t
}

// scaled is a limit in its old proportion to the request, never below the request; a
// limit without a request stood for both.
func scaled(name corev1.ResourceName, limit, was, want resource.Quantity) resource.Quantity {
	switch {
	case was.Cmp(want) == 0:
		return limit
	case was.IsZero() || was.Cmp(limit) == 0:
		return want
	}
	to := want.AsApproximateFloat64() * limit.AsApproximateFloat64() / was.AsApproximateFloat64()
	q := Size{CPU: min(to, mostCores)}.list()[corev1.ResourceCPU]
	if name == corev1.ResourceMemory {
		q = Size{Memory: min(to, mostBytes)}.list()[corev1.ResourceMemory]
	}
	if q.Cmp(want) < 0 {
		return want
	}
	return q
}

// onto is what the container's resources will be; same tells that they are so already.
func (t target) onto(is corev1.ResourceRequirements) (to corev1.ResourceRequirements, same bool) {
	to, same = *is.DeepCopy(), true
	for _, pair := range []struct {
		into *corev1.ResourceList
		from corev1.ResourceList
	}{{&to.Requests, t.requests}, {&to.Limits, t.limits}} {
		for name, q := range pair.from {
			if had, has := (*pair.into)[name]; has && had.Cmp(q) == 0 {
				continue
			}
			if same = false; *pair.into == nil {
				*pair.into = corev1.ResourceList{}
			}
			(*pair.into)[name] = q
		}
	}
	return to, same
}
