// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// mostPages bounds how far a tenant's objects are searched for those of this
// profile, in pages of mostObjects.
const mostPages = 20

// remove deletes objects in their order; those that are gone already are fine.
func (a *Actuator) remove(ctx context.Context, objects ...client.Object) *plane.Fault {
	for _, o := range objects {
		if err := a.removeOne(ctx, o); err != nil {
			return writeFault("deleting "+nameOf(o), err)
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

// LeaveAsFound takes back what this profile has written, and touches nothing that
// does not carry its owner annotation: sentences first, each schema before its level,
// then the ballast, then what the suggested levels had, and last the schema and the
// level that let it act. It returns nil only when the tenant's API no longer has
// anything of this profile's.
//
// The levels are given back after the ballast is gone, not before: without it their
// floors and limits only protect, while beside a deep ballast the tenant's own shares
// would leave leases and elections without a seat.
func (a *Actuator) LeaveAsFound(ctx context.Context) error {
	own, err := a.written(ctx)
	if err != nil {
		return fmt.Errorf("finding what this profile has written: %w", err)
	}
	for _, o := range own {
		if err := a.takeBack(ctx, o); err != nil {
			return fmt.Errorf("taking back %s: %w", nameOf(o), err)
		}
	}
	if own, err = a.written(ctx); err != nil {
		return fmt.Errorf("making sure that what this profile has written is gone: %w", err)
	}
	if len(own) == 0 {
		return nil
	}
	left := make([]string, len(own))
	for i, o := range own {
		left[i] = nameOf(o)
		if f := o.GetFinalizers(); len(f) > 0 {
			left[i] += fmt.Sprintf(" (kept by the finalizers %s)", strings.Join(f, ", "))
		}
	}
	return fmt.Errorf("%w: %s", errKept, strings.Join(left, "; "))
}

// takeBack deletes what this profile made, and gives back what it changed.
func (a *Actuator) takeBack(ctx context.Context, o client.Object) error {
	if l, ok := o.(*flowcontrolv1.PriorityLevelConfiguration); ok && suggested(l.Name) {
		return a.giveBack(ctx, l.Name)
	}
	return a.removeOne(ctx, o)
}

// written finds the objects of this profile, in the order in which they are to be
// taken back. Unlike a decision, it does not give up where a tenant has too many
// objects for one page: whoever made them must not keep Evenkeel in place.
func (a *Actuator) written(ctx context.Context) ([]client.Object, error) {
	schemas, err := a.ownOf(ctx, func() client.ObjectList { return &flowcontrolv1.FlowSchemaList{} })
	if err != nil {
		return nil, fmt.Errorf("listing flow schemas: %w", err)
	}
	levels, err := a.ownOf(ctx, func() client.ObjectList { return &flowcontrolv1.PriorityLevelConfigurationList{} })
	if err != nil {
		return nil, fmt.Errorf("listing priority levels: %w", err)
	}
	own := slices.Concat(schemas, levels)
	// Stable: schemas stay before levels.
	slices.SortStableFunc(own, func(x, y client.Object) int { return cmp.Compare(turn(x), turn(y)) })
	return own, nil
}

// ownOf reads the objects of one kind page by page and keeps this profile's.
func (a *Actuator) ownOf(ctx context.Context, newList func() client.ObjectList) ([]client.Object, error) {
	var own []client.Object
	next := ""
	for range mostPages {
		list := newList()
		if err := a.page(ctx, list, next); err != nil {
			return nil, err
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			if o, ok := item.(client.Object); ok && a.owns(o) {
				own = append(own, o)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if next = list.GetContinue(); next == "" {
			return own, nil
		}
	}
	return nil, fmt.Errorf("%w, and more than %d", errTooMany, mostPages*mostObjects)
}

func (a *Actuator) page(ctx context.Context, list client.ObjectList, from string) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	return a.client.List(ctx, list, client.Limit(mostObjects), client.Continue(from))
}

// turn is when an object is to be taken back.
func turn(o client.Object) int {
	switch name := o.GetName(); {
	case name == SelfName:
		return 3
	case suggested(name):
		return 2
	case name == BallastName:
		return 1
	default:
		return 0
	}
}
