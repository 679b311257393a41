// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Only pods of a template before that are to go are a rollout, whoever has them go: not one
// too few, nor what a partition, or an owner who ends them by hand, keeps.
func TestWhatIsUnderWay(t *testing.T) {
	onDelete := func(s *appsv1.StatefulSet) {
		s.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}
		s.Status.UpdateRevision, s.Status.UpdatedReplicas = "b", 0 // as they stay in such a set
	}
	for _, c := range []struct {
		name  string
		given func(d *appsv1.Deployment, s *appsv1.StatefulSet)
		// deployment and set are whether a rollout of them is under way.
		deployment, set bool
	}{
		{"at rest", func(*appsv1.Deployment, *appsv1.StatefulSet) {}, false, false},
		{"not seen by its controller yet", func(d *appsv1.Deployment, s *appsv1.StatefulSet) { d.Generation, s.Generation = 5, 5 }, true, true},
		{"one of before is left", func(d *appsv1.Deployment, s *appsv1.StatefulSet) {
			d.Status.Replicas, d.Status.UpdatedReplicas = 4, 3
			s.Status.UpdatedReplicas, s.Status.UpdateRevision = 2, "b"
		}, true, true},
		{"between two pods", func(d *appsv1.Deployment, s *appsv1.StatefulSet) {
			d.Status.UpdatedReplicas = 1
			s.Status.UpdatedReplicas, s.Status.UpdateRevision = 1, "b"
		}, true, true},
		{"one more is wanted than there is", func(d *appsv1.Deployment, s *appsv1.StatefulSet) {
			d.Spec.Replicas, s.Spec.Replicas = new(int32(6)), new(int32(6))
		}, false, false},
		{"one is not available", func(d *appsv1.Deployment, s *appsv1.StatefulSet) {
			d.Status.AvailableReplicas, s.Status.AvailableReplicas = 2, 2
		}, false, false},
		{"a partition that is reached", func(_ *appsv1.Deployment, s *appsv1.StatefulSet) {
			s.Spec.UpdateStrategy.RollingUpdate.Partition = new(int32(2))
			s.Status.UpdatedReplicas, s.Status.UpdateRevision = 1, "b"
		}, false, false},
		{"a partition that is not", func(_ *appsv1.Deployment, s *appsv1.StatefulSet) {
			s.Spec.UpdateStrategy.RollingUpdate.Partition = new(int32(1))
			s.Status.UpdatedReplicas, s.Status.UpdateRevision = 1, "b"
		}, false, true},
		{"a partition that is reached, of a set that counts from four", func(_ *appsv1.Deployment, s *appsv1.StatefulSet) {
			s.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: 4}
			s.Spec.UpdateStrategy.RollingUpdate.Partition = new(int32(6))
			s.Status.UpdatedReplicas, s.Status.UpdateRevision = 1, "b"
		}, false, false},
		{"its owner has ended none yet", func(_ *appsv1.Deployment, s *appsv1.StatefulSet) { onDelete(s) }, false, false},
		{"its owner has ended one", func(_ *appsv1.Deployment, s *appsv1.StatefulSet) { onDelete(s); s.Status.UpdatedReplicas = 1 }, false, true},
		{"its owner has ended all", func(_ *appsv1.Deployment, s *appsv1.StatefulSet) { onDelete(s); s.Status.UpdatedReplicas = 3 }, false, false},
	} {
		d, s := settled()
		c.given(d, s)
		for _, o := range []struct {
			object client.Object
			want   bool
		}{{d, c.deployment}, {s, c.set}} {
			if got := UnderWay(o.object); got != o.want {
				t.Errorf("%s: a rollout of a %T is under way: %v, want %v", c.name, o.object, got, o.want)
			}
		}
	}
}
