// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

const (
	// readBackWithin is how long replicas are given to obey; readBackEvery the
	// time between two looks at one of them.
	readBackWithin = 4 * time.Second
	readBackEvery  = 100 * time.Millisecond
)

// check looks at one replica and says what is wrong there; empty when it obeys.
type check func(ctx context.Context, r plane.Replica) (problem string)

// readBackLimit waits until every ready replica shows the limit that a level must
// have by its shares, and says when the last of them did.
func (a *Actuator) readBackLimit(ctx context.Context, level plane.LevelSpec, replicas []plane.Replica, now func() time.Time) (time.Time, *plane.Fault) {
	_, levels, err := a.list(ctx)
	if err != nil {
		return time.Time{}, faultOf("reading back", err)
	}
	total := 0
	for i := range levels.Items {
		total += shares(&levels.Items[i])
	}
	return a.readBack(ctx, level.Name, replicas, func(ctx context.Context, r plane.Replica) string {
		limits, err := a.limits.NominalLimits(ctx, r.Name)
		want := seats.Nominal(r.Ceiling, level.Shares, total)
		switch got, there := limits[level.Name]; {
		case err != nil:
			return err.Error()
		case !there:
			return "does not know the level yet"
		case got != want:
			return fmt.Sprintf("shows %d seats instead of %d", got, want)
		default:
			return ""
		}
	}, now)
}

// knows is the check that a replica has the level at all.
func (a *Actuator) knows(level string) check {
	return func(ctx context.Context, r plane.Replica) string {
		switch live, err := a.limits.LiveLevels(ctx, r.Name); {
		case err != nil:
			return err.Error()
		case !live[level]:
			return "does not know the level yet"
		default:
			return ""
		}
	}
}

// readBack waits until every ready replica passes a check of a level, and says when
// the last of them did.
func (a *Actuator) readBack(ctx context.Context, level string, replicas []plane.Replica, passes check, now func() time.Time) (time.Time, *plane.Fault) {
	ctx, cancel := context.WithTimeout(ctx, readBackWithin)
	defer cancel()
	var mu sync.Mutex
	var last time.Time
	var problems []string
	var looks sync.WaitGroup
	for _, r := range replicas {
		if !r.Ready {
			continue
		}
		looks.Go(func() {
			problem := await(ctx, r, passes)
			mu.Lock()
			defer mu.Unlock()
			if problem != "" {
				problems = append(problems, problem)
			}
			if at := now(); at.After(last) {
				last = at
			}
		})
	}
	looks.Wait()
	if len(problems) > 0 {
		sort.Strings(problems)
		return time.Time{}, &plane.Fault{
			Reason:  v1alpha1.ReasonNotReadBack,
			Message: fmt.Sprintf("%s was written, but not every replica obeys: %s", level, strings.Join(problems, "; ")),
		}
	}
	return last, nil
}

// await looks at one replica until it passes; it returns what is wrong when it does
// not in time.
func await(ctx context.Context, r plane.Replica, passes check) string {
	tick := time.NewTicker(readBackEvery)
	defer tick.Stop()
	problem := "not read in time"
	for {
		said := passes(ctx, r)
		if said == "" {
			return ""
		}
		if ctx.Err() == nil {
			problem = said
		}
		select {
		case <-ctx.Done():
			return r.Name + " " + problem
		case <-tick.C:
		}
	}
}
