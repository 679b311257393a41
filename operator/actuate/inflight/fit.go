// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// rollout is how a workload replaces its pods.
type rollout struct {
	template *corev1.PodTemplateSpec
	// unsafe says why a write of the template would do harm, and what to do; empty when
	// it would not.
	unsafe string
	// held is true where no further pod is replaced: a Deployment that is paused, a
	// StatefulSet with a partition. Whose doing that is, held.go tells.
	held bool
	// rolling is true while there are pods of a template before, short while fewer are
	// available than there are to be: one that finds no node is no rollout.
	rolling, short bool
}

// rolloutOf looks at a Deployment or a StatefulSet. Others have none.
func rolloutOf(o client.Object) (rollout, bool) {
	switch w := o.(type) {
	case *appsv1.Deployment:
		return ofDeployment(w), true
	case *appsv1.StatefulSet:
		return ofStatefulSet(w), true
	default:
		return rollout{}, false
	}
}

func ofDeployment(d *appsv1.Deployment) rollout {
	replicas, s := ptr.Deref(d.Spec.Replicas, 1), d.Status
	r := rollout{
		template: &d.Spec.Template, held: d.Spec.Paused,
		rolling: s.ObservedGeneration < d.Generation || s.Replicas > s.UpdatedReplicas,
		short:   s.AvailableReplicas < replicas,
	}
	var most *intstr.IntOrString
	if d.Spec.Strategy.RollingUpdate != nil {
		most = d.Spec.Strategy.RollingUpdate.MaxUnavailable
	}
	switch {
	case d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType:
		r.unsafe = "its strategy is Recreate, which ends all replicas at once: set strategy.type to RollingUpdate"
	case d.Spec.Paused:
		r.unsafe = "its rollouts are paused: resume it"
	default:
		r.unsafe = tooFew(replicas, most, "strategy.rollingUpdate.maxUnavailable")
	}
	return r
}

func ofStatefulSet(s *appsv1.StatefulSet) rollout {
	replicas := ptr.Deref(s.Spec.Replicas, 1)
	u := ptr.Deref(s.Spec.UpdateStrategy.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
	r := rollout{
		template: &s.Spec.Template, held: ptr.Deref(u.Partition, 0) > 0,
		rolling: s.Status.ObservedGeneration < s.Generation || ofBefore(s),
		short:   s.Status.AvailableReplicas < replicas,
	}
	switch {
	case s.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType:
		r.unsafe = "its update strategy is OnDelete, so that no replica would follow: set updateStrategy.type to RollingUpdate"
	case r.held:
		r.unsafe = "its update strategy has a partition, so that not every replica would follow: set updateStrategy.rollingUpdate.partition to 0"
	default:
		r.unsafe = tooFew(replicas, u.MaxUnavailable, "updateStrategy.rollingUpdate.maxUnavailable")
	}
	return r
}

// tooFew says why a rollout would leave too few replicas; empty when it would not.
func tooFew(replicas int32, maxUnavailable *intstr.IntOrString, field string) string {
	if replicas < 2 {
		return fmt.Sprintf("it is to have %d replicas, and while that one restarts the tenant would have none: set two or more", replicas)
	}
	if maxUnavailable == nil {
		return ""
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(maxUnavailable, int(replicas), false)
	if err != nil || n > 1 {
		return fmt.Sprintf("a rollout may take %s of its %d replicas at once: set %s to 1 or 0", maxUnavailable, replicas, field)
	}
	return ""
}
