// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strings"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
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

// divide writes a division in rounds: limits of lending and borrowing on all levels
// first, because they are what protects, then the shares. Levels that give shares come
// before those that take them: a division that breaks off leaves fewer seats beside the
// ballast, never more. Within a round all levels are written at once: in a storm every
// request takes its time.
func (a *Actuator) divide(ctx context.Context, division []plane.LevelShares) *plane.Fault {
	_, list, err := a.list(ctx)
	if err != nil {
		return readFault("reading the levels to be divided", err)
	}
	levels := map[string]*flowcontrolv1.PriorityLevelConfiguration{}
	for i := range list.Items {
		levels[list.Items[i].Name] = &list.Items[i]
	}
	portions := map[string]plane.Portion{}
	var all, givers, takers []client.Object
	for _, d := range division {
		l, there := levels[d.Name]
		if !there || l.Spec.Limited == nil {
			return &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: nameOf(newLevel(d.Name)) + " is not there, or not limited: it has no shares to be written"}
		}
		portions[d.Name] = d.Portion
		if all = append(all, l); d.Portion.Shares < shares(l) {
			givers = append(givers, l)
		} else {
			takers = append(takers, l)
		}
	}
	limits := func(o client.Object) *plane.Fault {
		to := numbersFor(portions[o.GetName()])
		to.Shares = numbersOf(levels[o.GetName()]).Shares
		return a.rewrite(ctx, levels[o.GetName()], to)
	}
	whole := func(o client.Object) *plane.Fault {
		return a.rewrite(ctx, levels[o.GetName()], numbersFor(portions[o.GetName()]))
	}
	if fault := each(all, limits); fault != nil {
		return fault
	}
	if fault := each(givers, whole); fault != nil {
		return fault
	}
	return each(takers, whole)
}

// rewrite changes the numbers of one level, as it was read or last written. What the
// level had, what is written and the annotation that keeps the apiserver from writing
// its own numbers back go into the same patch, so that no moment exists in which they
// are not known.
func (a *Actuator) rewrite(ctx context.Context, l *flowcontrolv1.PriorityLevelConfiguration, to numbers) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
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
	had.Written = to
	if equality.Semantic.DeepEqual(to, numbersOf(l)) {
		return nil
	}
	text, err := json.Marshal(had)
	if err != nil {
		return writeFault("writing "+nameOf(l), err)
	}
	to.put(l)
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
