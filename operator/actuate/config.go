// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// mostObjects bounds how many levels or schemas a tenant may have before nothing
// is decided about them: Kubernetes has about ten of each.
const mostObjects = 500

// ReadConfig reads the tenant's flow control. A name that Evenkeel needs is taken
// when an object of it is not this profile's own. Sentences are what own schemas
// carry, as far as they can be believed: see sentenceOf.
func (a *Actuator) ReadConfig(ctx context.Context) (*plane.FlowConfig, *plane.Fault) {
	schemas, levels, err := a.list(ctx)
	if err != nil {
		return nil, readFault("reading the tenant's flow control", err)
	}
	a.remember(objectsOf(schemas, levels), time.Now())
	c := &plane.FlowConfig{}
	own := map[string]*flowcontrolv1.PriorityLevelConfiguration{}
	for i := range levels.Items {
		l := &levels.Items[i]
		ours := a.owns(l)
		if ours {
			own[l.Name] = l
		} else if reserved(l.Name) {
			c.Taken = append(c.Taken, l.Name)
		}
		c.Levels = append(c.Levels, a.levelOf(l))
	}
	for i := range schemas.Items {
		s := &schemas.Items[i]
		switch ours := a.owns(s); {
		case !ours && reserved(s.Name):
			c.Taken = append(c.Taken, s.Name)
		case ours && s.Name == SelfName:
			c.SelfProtected = own[SelfName] != nil && a.protects(s)
		case ours && strings.HasPrefix(s.Name, plane.JailPrefix):
			c.Sentences = append(c.Sentences, sentenceOf(s, own[s.Name]))
		}
	}
	slices.Sort(c.Taken)
	c.Taken = slices.Compact(c.Taken)
	slices.SortFunc(c.Levels, func(x, y plane.Level) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(c.Sentences, func(x, y plane.Sentence) int { return cmp.Compare(x.Name, y.Name) })
	return c, nil
}

// levelOf is a level as decisions take it.
func (a *Actuator) levelOf(l *flowcontrolv1.PriorityLevelConfiguration) plane.Level {
	ours := a.owns(l)
	level := plane.Level{
		Name: l.Name, Exempt: l.Spec.Type == flowcontrolv1.PriorityLevelEnablementExempt, Shares: shares(l), Own: ours && !suggested(l.Name),
		Leaks: ours && l.Name == BallastName && !keepsItsSeats(l),
		Jail:  isJail(l, ours),
	}
	level.LendablePercent, level.BorrowingPercent = numbersOf(l).limits()
	if suggested(l.Name) && !level.Exempt {
		level.Suggested = true
		level.Original, level.Held = a.standing(l)
	}
	return level
}

// objectsOf are the schemas, then the levels, as one list.
func objectsOf(schemas *flowcontrolv1.FlowSchemaList, levels *flowcontrolv1.PriorityLevelConfigurationList) []client.Object {
	var objects []client.Object
	for i := range schemas.Items {
		objects = append(objects, &schemas.Items[i])
	}
	for i := range levels.Items {
		objects = append(objects, &levels.Items[i])
	}
	return objects
}

// list reads both kinds.
func (a *Actuator) list(ctx context.Context) (*flowcontrolv1.FlowSchemaList, *flowcontrolv1.PriorityLevelConfigurationList, error) {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	var schemas flowcontrolv1.FlowSchemaList
	var levels flowcontrolv1.PriorityLevelConfigurationList
	var lists errgroup.Group // at once: a storm makes each of them slow
	lists.Go(func() error {
		if err := a.client.List(ctx, &schemas, client.Limit(mostObjects)); err != nil {
			return fmt.Errorf("listing flow schemas: %w", err)
		}
		return nil
	})
	lists.Go(func() error {
		if err := a.client.List(ctx, &levels, client.Limit(mostObjects)); err != nil {
			return fmt.Errorf("listing priority levels: %w", err)
		}
		return nil
	})
	if err := lists.Wait(); err != nil {
		return nil, nil, err
	}
	if schemas.Continue != "" || levels.Continue != "" {
		return nil, nil, fmt.Errorf("listing flow schemas and priority levels: %w", errTooMany)
	}
	return &schemas, &levels, nil
}

// reserved tells whether Evenkeel needs a name for itself.
func reserved(name string) bool {
	return name == BallastName || name == SelfName || strings.HasPrefix(name, plane.JailPrefix)
}

// isJail tells whether a level of somebody else's has no seats of its own and borrows none.
func isJail(l *flowcontrolv1.PriorityLevelConfiguration, ours bool) bool {
	return !ours && shares(l) == 0 && keepsItsSeats(l)
}

// keepsItsSeats tells whether a level lends nothing, and borrows nothing to give back.
// Without a limit of borrowing it may borrow all there is.
func keepsItsSeats(l *flowcontrolv1.PriorityLevelConfiguration) bool {
	limited := l.Spec.Limited
	return limited != nil && ptr.Deref(limited.LendablePercent, 0) == 0 &&
		limited.BorrowingLimitPercent != nil && *limited.BorrowingLimitPercent == 0
}

// shares are a level's nominal shares; the defaults are the API's.
func shares(l *flowcontrolv1.PriorityLevelConfiguration) int {
	const defaultShares = 30
	switch {
	case l.Spec.Limited != nil && l.Spec.Limited.NominalConcurrencyShares != nil:
		return int(*l.Spec.Limited.NominalConcurrencyShares)
	case l.Spec.Limited != nil:
		return defaultShares
	case l.Spec.Exempt != nil && l.Spec.Exempt.NominalConcurrencyShares != nil:
		return int(*l.Spec.Exempt.NominalConcurrencyShares)
	default:
		return 0
	}
}
