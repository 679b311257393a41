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

// Hold carries out a step HoldRollout, GoOnRollout or ReleaseRollout and says what went
// wrong; nil when nothing did. A Deployment is paused and resumed; of a StatefulSet, which
// is written with a partition from the first, the partition goes down by one, or is taken
// off. Only a rollout of Evenkeel's own is held, and only what Evenkeel holds goes on: a
// workload that somebody else has paused stays so.
func Hold(ctx context.Context, reader client.Reader, writer client.Writer, t Target, step plane.Step) *plane.Fault {
	_, fault := hold(ctx, reader, writer, t, step.Kind)
	return fault
}

// LetGo has a rollout that Evenkeel holds run on by itself, and gives the workload as it is
// then, nil when there is none, and whether it was held.
func LetGo(ctx context.Context, reader client.Reader, writer client.Writer, t Target) (w *plane.Workload, held bool, fault *plane.Fault) {
	held, fault = hold(ctx, reader, writer, t, plane.ReleaseRollout)
	if fault != nil && fault.Reason == v1alpha1.ReasonTargetNotFound {
		return nil, false, nil
	}
	if fault != nil {
		return nil, false, fault
	}
	return Look(t.Object, t.Kind, t.Container), held, nil
}

// hold carries a step out; done is false where there was nothing to do.
func hold(ctx context.Context, reader client.Reader, writer client.Writer, t Target, kind plane.StepKind) (done bool, fault *plane.Fault) {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	o := t.Object
	if err := reader.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
		return false, faultOf(fmt.Sprintf("reading %s %s", t.Kind, o.GetName()), t, err)
	}
	holds := kind == plane.HoldRollout
	attempted := fmt.Sprintf("going on with the rollout of %s %s", t.Kind, o.GetName())
	if holds {
		attempted = fmt.Sprintf("holding the rollout of %s %s", t.Kind, o.GetName())
	}
	w := Look(o, t.Kind, t.Container)
	switch {
	case w.Held == holds:
		return false, nil // done already
	case holds && w.Fault != nil:
		return false, w.Fault
	case holds && (w.Written == nil || !w.Ours):
		return false, &plane.Fault{Reason: v1alpha1.ReasonFieldContested, Message: attempted + ": the template is no longer as Evenkeel left it"}
	}
	before := o.DeepCopyObject().(client.Object) //nolint:forcetypeassert // the copy of a client.Object is one
	want, err := t.setHeld(kind)
	if err != nil {
		return false, faultOf(attempted, t, err)
	}
	patch := client.StrategicMergeFrom(before, client.MergeFromWithOptimisticLock{})
	if err := writer.Patch(ctx, o, patch, client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return false, faultOf(attempted, t, err)
	}
	if r, _ := rolloutOf(o); r.held != want {
		return false, &plane.Fault{Reason: v1alpha1.ReasonFieldContested, Message: attempted + ": written, but it is not so: an admission webhook of the host cluster has changed it"}
	}
	return true, nil
}

// setHeld changes the object so that its rollout is held, goes on by one replica or runs on
// by itself, and tells whether it is held then. An annotation that cannot be read stays.
func (t Target) setHeld(kind plane.StepKind) (held bool, err error) {
	rec, err := recordOf(t.Object)
	if err != nil && kind != plane.ReleaseRollout {
		return false, err
	}
	switch w := t.Object.(type) {
	case *appsv1.Deployment:
		held = kind == plane.HoldRollout
		w.Spec.Paused = held
	case *appsv1.StatefulSet:
		switch kind {
		case plane.HoldRollout:
			held = keep(w)
		case plane.GoOnRollout:
			held = lower(w)
		default:
			release(w)
		}
	}
	if rec == nil {
		return held, nil
	}
	rec.Held = held
	return held, rec.put(t.Object)
}

// lower lowers a StatefulSet's partition by one and tells whether one is left. Its pods are
// replaced from the highest number down.
func lower(s *appsv1.StatefulSet) (left bool) {
	first := firstOf(s)
	u := s.Spec.UpdateStrategy.RollingUpdate
	if u == nil {
		return false
	}
	next := max(ptr.Deref(u.Partition, 0)-1, first)
	if next == first {
		next = 0
	}
	u.Partition = &next
	return next > 0
}

// keep has a StatefulSet keep the pods that it has not replaced, and tells whether there
// are any.
func keep(s *appsv1.StatefulSet) (left bool) {
	first := firstOf(s)
	next := first + ptr.Deref(s.Spec.Replicas, 1) - s.Status.UpdatedReplicas
	if next <= first {
		return false
	}
	if s.Spec.UpdateStrategy.RollingUpdate == nil {
		s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{}
	}
	s.Spec.UpdateStrategy.RollingUpdate.Partition = &next
	return true
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
	first := firstOf(s)
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
