// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Hold carries out a step HoldRollout or GoOnRollout and says what went wrong; nil when
// nothing did. A Deployment is paused and resumed; of a StatefulSet, which is written with
// a partition from the first, the partition goes down by one. Only a rollout of Evenkeel's
// own is held, and only what Evenkeel holds goes on: a workload that somebody else has
// paused stays so.
func Hold(ctx context.Context, reader client.Reader, writer client.Writer, t Target, step plane.Step) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	o := t.Object
	if err := reader.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
		return faultOf(fmt.Sprintf("reading %s %s", t.Kind, o.GetName()), t, err)
	}
	hold := step.Kind == plane.HoldRollout
	attempted := fmt.Sprintf("holding the rollout of %s %s", t.Kind, o.GetName())
	if !hold {
		attempted = fmt.Sprintf("going on with the rollout of %s %s", t.Kind, o.GetName())
	}
	w := Look(o, t.Kind, t.Container)
	switch {
	case w.Held == hold:
		return nil // done already
	case hold && w.Fault != nil:
		return w.Fault
	case hold && (w.Written == nil || !w.Ours):
		return &plane.Fault{Reason: v1alpha1.ReasonFieldContested, Message: attempted + ": the template is no longer as Evenkeel left it"}
	}
	before := o.DeepCopyObject().(client.Object) //nolint:forcetypeassert // the copy of a client.Object is one
	if err := t.setHeld(hold); err != nil {
		return faultOf(attempted, t, err)
	}
	patch := client.StrategicMergeFrom(before, client.MergeFromWithOptimisticLock{})
	if err := writer.Patch(ctx, o, patch, client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return faultOf(attempted, t, err)
	}
	if r, _ := rolloutOf(o); hold && !r.held {
		return &plane.Fault{Reason: v1alpha1.ReasonFieldContested, Message: attempted + ": written, but it goes on: an admission webhook of the host cluster has changed it"}
	}
	return nil
}

// setHeld changes the object so that its rollout is held, or goes on by one replica.
func (t Target) setHeld(hold bool) error {
	rec, err := recordOf(t.Object)
	if err != nil {
		return err
	}
	switch w := t.Object.(type) {
	case *appsv1.Deployment:
		w.Spec.Paused = hold
	case *appsv1.StatefulSet:
		hold = lower(w, hold)
	}
	if rec == nil {
		return nil
	}
	rec.Held = hold
	return rec.put(t.Object)
}

// lower lowers a StatefulSet's partition by one and tells whether one is left. Its pods are
// replaced from the highest ordinal down.
func lower(s *appsv1.StatefulSet, hold bool) (left bool) {
	first := int32(0)
	if s.Spec.Ordinals != nil {
		first = s.Spec.Ordinals.Start
	}
	u := s.Spec.UpdateStrategy.RollingUpdate
	if u == nil || hold {
		return u != nil && ptr.Deref(u.Partition, 0) > first
	}
	next := max(ptr.Deref(u.Partition, 0)-1, first)
	if next == first {
		next = 0
	}
	u.Partition = &next
	return next > 0
}

// release lets a rollout that was held run on by itself, and stage has that of a
// StatefulSet begin with one pod alone. A Deployment is held when its first has appeared.
func release(o client.Object) {
	switch w := o.(type) {
	case *appsv1.Deployment:
		w.Spec.Paused = false
	case *appsv1.StatefulSet:
		if u := w.Spec.UpdateStrategy.RollingUpdate; u != nil {
			u.Partition = nil
		}
	}
}

func stage(o client.Object) (held bool) {
	s, is := o.(*appsv1.StatefulSet)
	if !is {
		return false
	}
	first := int32(0)
	if s.Spec.Ordinals != nil {
		first = s.Spec.Ordinals.Start
	}
	last := first + ptr.Deref(s.Spec.Replicas, 1) - 1
	if last <= first {
		return false
	}
	if s.Spec.UpdateStrategy.RollingUpdate == nil {
		s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{}
	}
	s.Spec.UpdateStrategy.RollingUpdate.Partition = &last
	return true
}
