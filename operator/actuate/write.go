// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// listFresh is how long a list of the flow control spares a look at each object
// before it is written: in a storm every request takes its time. Apply without
// force stays the last word.
const listFresh = 10 * time.Second

// apply writes objects at once, each by server-side apply without force. Nothing is
// written when one of them is somebody else's. A schema that comes before its level
// is not used until the level is there, so their order does not matter.
func (a *Actuator) apply(ctx context.Context, objects ...client.Object) *plane.Fault {
	if fault := each(objects, func(o client.Object) *plane.Fault { return a.mayTouch(ctx, o) }); fault != nil {
		return fault
	}
	return each(objects, func(o client.Object) *plane.Fault {
		err := a.patch(ctx, o)
		if apierrors.IsConflict(err) {
			// It may have become somebody else's since it was last looked at.
			a.remember(nil, time.Time{})
			if fault := a.mayTouch(ctx, o); fault != nil {
				return fault
			}
		}
		if err != nil {
			return writeFault("writing "+nameOf(o), err)
		}
		return nil
	})
}

// each does something with all objects at once and returns the first one's fault
// that has one.
func each(objects []client.Object, do func(client.Object) *plane.Fault) *plane.Fault {
	faults := make([]*plane.Fault, len(objects))
	var all sync.WaitGroup
	for i, o := range objects {
		all.Go(func() { faults[i] = do(o) })
	}
	all.Wait()
	for _, f := range faults {
		if f != nil {
			return f
		}
	}
	return nil
}

func (a *Actuator) patch(ctx context.Context, o client.Object) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	applied, err := asApplied(o)
	if err != nil {
		return err
	}
	return a.client.Apply(ctx, applied, client.FieldOwner(v1alpha1.FieldManager))
}

// mayTouch is a fault when an object of this name is somebody else's.
func (a *Actuator) mayTouch(ctx context.Context, o client.Object) *plane.Fault {
	if a.knownFree(o) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	there := o.DeepCopyObject().(client.Object) //nolint:forcetypeassert // the copy of a client.Object is one
	err := a.client.Get(ctx, client.ObjectKeyFromObject(o), there)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return readFault("reading "+nameOf(o), err)
	case err == nil && !a.owns(there):
		return &plane.Fault{
			Reason: v1alpha1.ReasonNameTaken,
			Message: fmt.Sprintf("%s exists and this profile did not write it (its %s is %q): rename or delete it; nothing was written",
				nameOf(o), v1alpha1.OwnerAnnotation, there.GetAnnotations()[v1alpha1.OwnerAnnotation]),
		}
	default:
		return nil
	}
}

// knownFree tells whether the flow control was read only just and had no object of
// somebody else's under this name.
func (a *Actuator) knownFree(o client.Object) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Since(a.listed) < listFresh && !a.taken[nameOf(o)]
}

// remember keeps which objects are somebody else's.
func (a *Actuator) remember(objects []client.Object, listed time.Time) {
	taken := map[string]bool{}
	for _, o := range objects {
		if !a.owns(o) {
			taken[nameOf(o)] = true
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.taken, a.listed = taken, listed
}

func (a *Actuator) owns(o client.Object) bool {
	return o.GetAnnotations()[v1alpha1.OwnerAnnotation] == a.owner.String()
}
