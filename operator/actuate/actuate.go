// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package actuate turns the steps of a plan into writes to a tenant's flow
// control, and reads back on every replica that they took effect.
//
// Everything is written by server-side apply under a field manager of its own and
// without force: a field that somebody else has taken is a conflict to be told,
// not a fight to be won. An object that does not carry this profile's owner
// annotation is never touched, whatever its name.
package actuate

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

const (
	// BallastName is the ballast's priority level.
	BallastName = seats.BallastName
	// SelfName is the schema and the level of Evenkeel's own requests.
	SelfName = "evenkeel-self"

	// callWithin bounds one call to the tenant's API.
	callWithin = 5 * time.Second
	// listFresh is how long a list of the flow control spares a look at each object
	// before it is written: in a storm every request takes its time. Apply without
	// force stays the last word.
	listFresh = 10 * time.Second
)

// Limits reads the limits that a replica works with.
type Limits interface {
	// NominalLimits are the nominal seats by priority level on one replica.
	NominalLimits(ctx context.Context, replica string) (map[string]int, error)
	// LiveLevels are the priority levels that one replica knows now; it costs the
	// replica a small part of what NominalLimits does.
	LiveLevels(ctx context.Context, replica string) (map[string]bool, error)
}

// Owner is the profile that writes.
type Owner struct {
	Namespace, Name, UID string
	// Self is Evenkeel's user name in the tenant.
	Self string
}

// String is the value of the owner annotation.
func (o Owner) String() string { return o.Namespace + "/" + o.Name + "/" + o.UID }

// Actuator writes to one tenant.
type Actuator struct {
	client client.Client
	limits Limits
	owner  Owner

	mu sync.Mutex
	// taken are the objects that were somebody else's when the flow control was
	// last read, at listed.
	taken  map[string]bool
	listed time.Time
}

// New returns an Actuator. The client is the tenant's and must not be cached.
func New(c client.Client, l Limits, owner Owner) *Actuator {
	return &Actuator{client: c, limits: l, owner: owner}
}

// Apply carries one step out and says what became of it. A step that is only
// shown is left alone.
func (a *Actuator) Apply(ctx context.Context, step plane.Step, replicas []plane.Replica, now func() time.Time) plane.Outcome {
	out := plane.Outcome{Kind: step.Kind}
	if step.Sentence != nil {
		out.Name = step.Sentence.Name
	}
	if !step.Apply {
		return out
	}
	if out.Fault = a.write(ctx, step); out.Fault != nil {
		return out
	}
	out.Written = now()
	if step.Level == nil {
		// What was deleted is gone when the API says so: the gauges of a deleted
		// level stay on a replica's page for as long as it runs.
		out.InForce = out.Written
		return out
	}
	if step.Kind == plane.PassSentence && step.Level.Shares == 0 {
		// A new level without shares has no seats on whichever replica knows it:
		// there is no number to compare, and every moment counts.
		out.InForce, out.Fault = a.readBack(ctx, step.Level.Name, replicas, a.knows(step.Level.Name), now)
		return out
	}
	out.InForce, out.Fault = a.readBackLimit(ctx, *step.Level, replicas, now)
	return out
}

func (a *Actuator) write(ctx context.Context, step plane.Step) *plane.Fault {
	switch step.Kind {
	case plane.ProtectSelf:
		return a.apply(ctx, a.selfLevel(), a.selfSchema())
	case plane.SetBallast:
		return a.apply(ctx, a.level(*step.Level))
	case plane.RemoveBallast:
		return a.remove(ctx, newLevel(BallastName))
	case plane.PassSentence, plane.ChangeGrade:
		schema, err := a.schema(*step.Sentence)
		if err != nil {
			return &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: err.Error()}
		}
		return a.apply(ctx, a.level(*step.Level), schema)
	case plane.EndSentence:
		return a.remove(ctx, newSchema(step.Sentence.Name), newLevel(step.Sentence.Name))
	case plane.Withdraw:
		if err := a.LeaveAsFound(ctx); err != nil {
			return faultOf("leaving the tenant as found", err)
		}
		return nil
	case plane.NameOffender:
		return nil
	default:
		return &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: fmt.Sprintf("no way is known to carry out %q", step.Kind)}
	}
}

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
			return faultOf("writing "+nameOf(o), err)
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

// remove deletes objects in their order; those that are gone already are fine.
func (a *Actuator) remove(ctx context.Context, objects ...client.Object) *plane.Fault {
	for _, o := range objects {
		if err := a.removeOne(ctx, o); err != nil {
			return faultOf("deleting "+nameOf(o), err)
		}
	}
	return nil
}

// removeOne deletes an object if it is there and this profile's own. What it was
// when it was looked at is a precondition, so that a stranger's object of the same
// name that takes its place meanwhile is safe.
func (a *Actuator) removeOne(ctx context.Context, o client.Object) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	err := a.client.Get(ctx, client.ObjectKeyFromObject(o), o)
	if client.IgnoreNotFound(err) != nil || !a.owns(o) {
		return client.IgnoreNotFound(err)
	}
	uid := o.GetUID()
	return client.IgnoreNotFound(a.client.Delete(ctx, o, client.Preconditions{UID: &uid}))
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
		return faultOf("reading "+nameOf(o), err)
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

// LeaveAsFound deletes what this profile has written: sentences first, each
// schema before its level, then the ballast, and last the level that lets it act.
func (a *Actuator) LeaveAsFound(ctx context.Context) error {
	schemas, levels, err := a.list(ctx)
	if err != nil {
		return fmt.Errorf("finding what this profile has written: %w", err)
	}
	own := slices.DeleteFunc(objectsOf(schemas, levels), func(o client.Object) bool { return !a.owns(o) })
	// Stable: schemas stay before levels.
	slices.SortStableFunc(own, func(x, y client.Object) int { return last(x) - last(y) })
	for _, o := range own {
		if err := a.removeOne(ctx, o); err != nil {
			return fmt.Errorf("deleting %s: %w", nameOf(o), err)
		}
	}
	return nil
}

// last orders Evenkeel's own schema and level behind all others.
func last(o client.Object) int {
	if o.GetName() == SelfName {
		return 1
	}
	return 0
}
