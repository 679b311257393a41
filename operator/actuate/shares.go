// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

const (
	// suggestedManager is the field manager under which the apiserver keeps its own
	// levels (k8s.io/apiserver pkg/registry: the ensurer of flow control). What is
	// given back is given back to it.
	suggestedManager = "api-priority-and-fairness-config-producer-v1"
	// giveBackTries is how often a level is read again that changes while it is given
	// back.
	giveBackTries = 5
)

// unfit says what a division has that must not be written; empty when nothing.
func unfit(division []plane.LevelShares) string {
	if len(division) == 0 {
		return "it has no levels"
	}
	for _, l := range division {
		switch p := l.Portion; {
		case !suggested(l.Name):
			return fmt.Sprintf("%q is no level of the suggested configuration", l.Name)
		case p.Shares < 1 || p.Shares > math.MaxInt32:
			return fmt.Sprintf("a level cannot have the number %d", p.Shares)
		case p.LendablePercent < 0 || p.LendablePercent > 100:
			return fmt.Sprintf("a level cannot lend %d %%", p.LendablePercent)
		case p.BorrowingPercent < plane.NoLimit || p.BorrowingPercent > math.MaxInt32:
			return fmt.Sprintf("a level cannot borrow %d %%", p.BorrowingPercent)
		}
	}
	return ""
}

// divide writes a division in two rounds: limits of lending and borrowing on all
// levels first, because they are what protects, then the shares. Those that give
// shares come before those that take them: a division that breaks off leaves fewer
// seats beside the ballast, never more.
func (a *Actuator) divide(ctx context.Context, division []plane.LevelShares) *plane.Fault {
	for _, l := range division {
		if fault := a.rewrite(ctx, l.Name, func(n numbers) numbers {
			to := numbersFor(l.Portion)
			to.Shares = n.Shares
			return to
		}); fault != nil {
			return fault
		}
	}
	givers := func(x, y plane.LevelShares) int {
		return (x.Portion.Shares - x.Had.Shares) - (y.Portion.Shares - y.Had.Shares)
	}
	for _, l := range slices.SortedStableFunc(slices.Values(division), givers) {
		if fault := a.rewrite(ctx, l.Name, func(numbers) numbers { return numbersFor(l.Portion) }); fault != nil {
			return fault
		}
	}
	return nil
}

// rewrite changes the numbers of one level. What the level had, what is written and
// the annotation that keeps the apiserver from writing its own numbers back go into
// the same patch, so that no moment exists in which they are not known.
func (a *Actuator) rewrite(ctx context.Context, name string, to func(numbers) numbers) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	l := newLevel(name)
	if err := a.client.Get(ctx, client.ObjectKeyFromObject(l), l); err != nil {
		return readFault("reading "+nameOf(l), err)
	}
	if l.Spec.Limited == nil {
		return &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: nameOf(l) + " is not limited: there are no shares to write"}
	}
	if _, held := a.standing(l); held != nil {
		return held
	}
	had, err := originalOf(l)
	if err != nil {
		return writeFault("writing "+nameOf(l), err)
	}
	if had == nil {
		had = &original{numbers: numbersOf(l)}
		if value, there := l.Annotations[flowcontrolv1.AutoUpdateAnnotationKey]; there {
			had.Autoupdate = &value
		}
	}
	before := l.DeepCopy()
	had.Written = to(numbersOf(l))
	if equality.Semantic.DeepEqual(had.Written, numbersOf(l)) {
		return nil
	}
	text, err := json.Marshal(had)
	if err != nil {
		return writeFault("writing "+nameOf(l), err)
	}
	had.Written.put(l)
	if l.Annotations == nil {
		l.Annotations = map[string]string{}
	}
	maps.Copy(l.Annotations, map[string]string{
		v1alpha1.OwnerAnnotation: a.owner.String(), v1alpha1.OriginalAnnotation: string(text), flowcontrolv1.AutoUpdateAnnotationKey: autoupdateFalse,
	})
	if err := a.client.Patch(ctx, l, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return writeFault("writing "+nameOf(l), err)
	}
	return nil
}

// returnShares gives back what this profile's suggested levels had.
func (a *Actuator) returnShares(ctx context.Context) *plane.Fault {
	own, err := a.written(ctx)
	if err != nil {
		return readFault("finding the levels that this profile has changed", err)
	}
	for _, o := range own {
		if !suggested(o.GetName()) {
			continue
		}
		if err := a.takeBack(ctx, o); err != nil {
			return writeFault("giving back what "+nameOf(o)+" had", err)
		}
	}
	return nil
}

// giveBack makes a level what it was before this profile changed it.
//
// Numbers that somebody else has changed since are theirs: they stay, and so does the
// annotation that keeps the apiserver from changing them. Where it can no longer be
// read what the level had, the apiserver is asked to write its own numbers.
func (a *Actuator) giveBack(ctx context.Context, name string) error {
	var err error
	for range giveBackTries {
		if err = a.giveBackOnce(ctx, name); !apierrors.IsConflict(err) {
			return err
		}
	}
	return err
}

func (a *Actuator) giveBackOnce(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	l := newLevel(name)
	err := a.client.Get(ctx, client.ObjectKeyFromObject(l), l)
	if client.IgnoreNotFound(err) != nil || err != nil || !a.owns(l) {
		return client.IgnoreNotFound(err)
	}
	before := l.DeepCopy()
	had, err := originalOf(l)
	_, contested := a.standing(l)
	switch {
	case err != nil:
		l.Annotations[flowcontrolv1.AutoUpdateAnnotationKey] = "true"
	case had != nil && contested == nil:
		had.put(l)
		delete(l.Annotations, flowcontrolv1.AutoUpdateAnnotationKey)
		if had.Autoupdate != nil {
			l.Annotations[flowcontrolv1.AutoUpdateAnnotationKey] = *had.Autoupdate
		}
	}
	delete(l.Annotations, v1alpha1.OwnerAnnotation)
	delete(l.Annotations, v1alpha1.OriginalAnnotation)
	l.ManagedFields = slices.DeleteFunc(l.ManagedFields, func(m metav1.ManagedFieldsEntry) bool { return m.Manager == v1alpha1.FieldManager })
	return a.client.Patch(ctx, l, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(suggestedManager))
}

// readBackShares waits until every ready replica shows the limits of all levels of a
// division.
func (a *Actuator) readBackShares(ctx context.Context, division []plane.LevelShares, replicas []plane.Replica, now func() time.Time) (time.Time, *plane.Fault) {
	const done = "the division of the seats was written"
	_, levels, err := a.list(ctx)
	if err != nil {
		return time.Time{}, readFault(done+", but it cannot be read back", err)
	}
	_, total := witness(levels.Items, "")
	obeys := check{atOnce: 1, passes: func(ctx context.Context, r plane.Replica) string {
		if r.Ceiling == 0 {
			return "has inflight flags that are not known, and so is what it should give"
		}
		limits, err := a.limits.NominalLimits(ctx, r.Name)
		if err != nil {
			return shortened(err.Error())
		}
		var wrong []string
		for _, l := range division {
			if want := seats.Nominal(r.Ceiling, l.Portion.Shares, total); limits[l.Name] != want {
				wrong = append(wrong, fmt.Sprintf("gives %s %d seats instead of %d", l.Name, limits[l.Name], want))
			}
		}
		return strings.Join(wrong, ", ")
	}}
	return a.readBack(ctx, done, replicas, obeys, now)
}
