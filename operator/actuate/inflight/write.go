// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// writeWithin bounds one write, the read before it included.
const writeWithin = 5 * time.Second

// Target is where the flags stand.
type Target struct {
	// Object is an empty Deployment or StatefulSet with namespace and name, Kind the
	// word for it.
	Object client.Object
	Kind   string
	// Container is the name of the kube-apiserver's.
	Container string
}

// Write carries out a step SetFlags or ReturnFlags and says what went wrong; nil when
// nothing did. The workload is read anew, and all that makes a write unsafe is looked
// for again: a step was decided by an earlier look. The patch holds the container's
// arguments and the annotation alone, and is refused when the workload has changed
// since it was read.
func Write(ctx context.Context, reader client.Reader, writer client.Writer, t Target, step plane.Step, now time.Time) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	o := t.Object
	if err := reader.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
		return faultOf(fmt.Sprintf("reading %s %s", t.Kind, o.GetName()), t, err)
	}
	if fault := t.refuse(step); fault != nil {
		return fault
	}
	before := o.DeepCopyObject().(client.Object) //nolint:forcetypeassert // the copy of a client.Object is one
	attempted := fmt.Sprintf("writing the flags of %s %s", t.Kind, o.GetName())
	if err := t.put(step, now); err != nil {
		return faultOf(attempted, t, err)
	}
	patch := client.StrategicMergeFrom(before, client.MergeFromWithOptimisticLock{})
	if err := writer.Patch(ctx, o, patch, client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return faultOf(attempted, t, err)
	}
	// What came back is what the API holds: an admission webhook may have had its way.
	if got := Look(o, t.Kind, t.Container); got.Flags != step.Flags.To || got.Written == nil {
		return &plane.Fault{Reason: v1alpha1.ReasonFieldContested, Message: fmt.Sprintf(
			"%s: written, but it holds %s: an admission webhook of the host cluster has changed it", attempted, got.Flags)}
	}
	return nil
}

// refuse says why a step is not carried out on the workload as it is now; nil when it
// is.
func (t Target) refuse(step plane.Step) *plane.Fault {
	w := Look(t.Object, t.Kind, t.Container)
	switch {
	case w.Fault != nil:
		return w.Fault
	case step.Kind == plane.SetFlags && w.Unsafe != nil: // to take a rollout back makes it safer
		return w.Unsafe
	}
	unfit := ""
	switch {
	case step.Flags == nil:
		unfit = "the step has no flags"
	case w.Flags != step.Flags.From:
		unfit = fmt.Sprintf("they are %s, and were %s when the step was decided", w.Flags, step.Flags.From)
	case w.Written != nil && w.Written.Flags != w.Flags:
		unfit = "somebody else has written them since"
	case step.Kind == plane.SetFlags:
		unfit = unfitUp(step.Flags.To, w)
	case step.Kind == plane.ReturnFlags:
		unfit = unfitBack(step.Flags.To, w)
	default:
		unfit = fmt.Sprintf("%s is no step that writes flags", step.Kind)
	}
	if unfit == "" {
		return nil
	}
	return &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: fmt.Sprintf("the flags of %s are not written: %s", w.Name, unfit)}
}

func unfitUp(to plane.Flags, w *plane.Workload) string {
	switch {
	case w.Rolling || w.Short:
		return "a rollout is under way, or not every replica is available"
	case to.Reading < 1 || to.Mutating < 1 || to.Ceiling() <= w.Flags.Ceiling():
		return fmt.Sprintf("%s is not higher than %s", to, w.Flags)
	default:
		return ""
	}
}

// unfitBack lets a rollout be taken back that hangs, if it is Evenkeel's, and once.
func unfitBack(to plane.Flags, w *plane.Workload) string {
	switch {
	case w.Written == nil || w.Written.Back || w.Written.Before != to:
		return "what they are to be again is not what they were before"
	case !w.Ours:
		return "the template is no longer as Evenkeel left it"
	default:
		return ""
	}
}

// put makes the change in the object.
func (t Target) put(step plane.Step, now time.Time) error {
	r, _ := rolloutOf(t.Object)
	c := containerOf(r.template, t.Container)
	had, _, err := read(c)
	if err != nil {
		return err
	}
	rec, err := recordOf(t.Object)
	if err != nil {
		return err
	}
	to := textsFor(step.Flags.To)
	if rec == nil {
		rec = &record{Original: had}
	}
	if step.Kind == plane.ReturnFlags {
		to = rec.Before // as it stood there, so that the pods of before are those of after
	}
	to.put(c)
	if step.Kind == plane.SetFlags {
		rec.Held = stage(t.Object)
	} else if rec.Held {
		release(t.Object)
		rec.Held = false
	}
	rec.Before, rec.Written, rec.At, rec.Back = had, to, now.UTC().Truncate(time.Second), step.Kind == plane.ReturnFlags
	if rec.Template, err = hashOf(r.template); err != nil {
		return err
	}
	return rec.put(t.Object)
}

// faultOf names an error of the host's API and what to do about it.
func faultOf(attempted string, t Target, err error) *plane.Fault {
	f := &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: fmt.Sprintf("%s: %v", attempted, err)}
	switch {
	case apierrors.IsForbidden(err):
		f.Reason = v1alpha1.ReasonAccessDenied
		f.Message = fmt.Sprintf("%s: Evenkeel may not patch it: apply manifests/tenant-namespace-flags in namespace %s with this workload's name, or set apiServer.flags to Observe",
			attempted, t.Object.GetNamespace())
	case apierrors.IsNotFound(err):
		f.Reason = v1alpha1.ReasonTargetNotFound
	case apierrors.IsConflict(err):
		f.Message += "; it has changed meanwhile, and is tried again"
	}
	return f
}
