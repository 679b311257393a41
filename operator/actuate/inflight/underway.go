// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// UnderWay tells whether the pods of a workload are being replaced by those of another
// template, whoever has changed that. It needs no template, and is false of what is neither
// a Deployment nor a StatefulSet. What a partition keeps back is not about to follow.
func UnderWay(o client.Object) bool {
	r, known := rolloutOf(o)
	if !known || !r.rolling {
		return false
	}
	s, is := o.(*appsv1.StatefulSet)
	if !is || !r.held || s.Status.ObservedGeneration < s.Generation {
		return true
	}
	kept := ptr.Deref(s.Spec.UpdateStrategy.RollingUpdate.Partition, 0) - firstOf(s)
	return s.Status.UpdatedReplicas < ptr.Deref(s.Spec.Replicas, 1)-kept
}

// ofBefore tells whether a StatefulSet has pods of a template before that are to follow.
// Where its owner ends them one by one, nothing is under way until the first is; its
// controller never tells the end of that by the revisions.
func ofBefore(s *appsv1.StatefulSet) bool {
	now := s.Status
	if s.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		return now.UpdatedReplicas > 0 && now.UpdatedReplicas < now.Replicas
	}
	return now.UpdatedReplicas < now.Replicas || now.UpdateRevision != now.CurrentRevision
}

// firstOf is the number of a StatefulSet's first pod.
func firstOf(s *appsv1.StatefulSet) int32 {
	if s.Spec.Ordinals == nil {
		return 0
	}
	return s.Spec.Ordinals.Start
}
