// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
)

// ledger is what the node has set aside for its pods.
type ledger struct {
	mu       sync.Mutex
	capacity corev1.ResourceList
	held     map[types.UID]corev1.ResourceList
}

func newLedger(capacity corev1.ResourceList) *ledger {
	return &ledger{capacity: capacity, held: map[types.UID]corev1.ResourceList{}}
}

// shortage says why a request does not fit.
type shortage struct {
	resource                  corev1.ResourceName
	requested, used, capacity resource.Quantity
	// never: an empty node would be too small as well.
	never bool
}

// The messages are a kubelet's, with CPU in thousandths and memory in bytes.
func (s *shortage) String() string {
	if s.never {
		return fmt.Sprintf("Node didn't have enough capacity: %s, requested: %d, capacity: %d",
			s.resource, s.number(s.requested), s.number(s.capacity))
	}
	return fmt.Sprintf("Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d",
		s.resource, s.number(s.requested), s.number(s.used), s.number(s.capacity))
}

func (s *shortage) number(q resource.Quantity) int64 {
	if s.resource == corev1.ResourceCPU {
		return q.MilliValue()
	}
	return q.Value()
}

// take sets aside what a pod wants in place of what it has, or says what is
// missing and changes nothing.
func (l *ledger) take(uid types.UID, want corev1.ResourceList) *shortage {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.held[uid]
	if pods := l.capacity.Pods().Value(); !known && int64(len(l.held)) >= pods {
		return &shortage{
			resource: corev1.ResourcePods, requested: resource.MustParse("1"),
			used: *resource.NewQuantity(pods, resource.DecimalSI), capacity: *l.capacity.Pods(),
		}
	}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		requested, capacity := want[name], l.capacity[name]
		var used resource.Quantity
		for other, held := range l.held {
			if other != uid {
				used.Add(held[name])
			}
		}
		after := used.DeepCopy()
		after.Add(requested)
		if !requested.IsZero() && after.Cmp(capacity) > 0 {
			return &shortage{
				resource: name, requested: requested, used: used, capacity: capacity,
				never: requested.Cmp(capacity) > 0,
			}
		}
	}
	l.held[uid] = want
	return nil
}

// back returns what a pod has.
func (l *ledger) back(uid types.UID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, uid)
}

// requests are what a pod needs at once: its app containers together, or the
// largest of its init containers where that is more.
func requests(spec *corev1.PodSpec) corev1.ResourceList {
	total := corev1.ResourceList{}
	for i := range spec.Containers {
		for name, q := range spec.Containers[i].Resources.Requests {
			sum := total[name]
			sum.Add(q)
			total[name] = sum
		}
	}
	for i := range spec.InitContainers {
		for name, q := range spec.InitContainers[i].Resources.Requests {
			if is := total[name]; q.Cmp(is) > 0 {
				total[name] = q
			}
		}
	}
	return total
}
