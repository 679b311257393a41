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
	readBackWithin = 3 * time.Second
	readBackEvery  = 100 * time.Millisecond
)

// readBack waits until every ready replica shows the limit that a level must have
// by its shares, and says when the last of them did.
func (a *Actuator) readBack(ctx context.Context, level plane.LevelSpec, replicas []plane.Replica, now func() time.Time) (time.Time, *plane.Fault) {
	_, levels, err := a.list(ctx)
	if err != nil {
		return time.Time{}, faultOf("reading back", err)
	}
	total := 0
	for i := range levels.Items {
		total += shares(&levels.Items[i])
	}
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
			problem := a.awaitLimit(ctx, r, level.Name, seats.Nominal(r.Ceiling, level.Shares, total))
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
			Message: fmt.Sprintf("%s was written, but not every replica obeys: %s", level.Name, strings.Join(problems, "; ")),
		}
	}
	return last, nil
}

// awaitLimit looks at one replica until it shows the limit; it returns what is
// wrong when it does not in time.
func (a *Actuator) awaitLimit(ctx context.Context, r plane.Replica, level string, want int) string {
	tick := time.NewTicker(readBackEvery)
	defer tick.Stop()
	problem := "not read in time"
	for {
		limits, err := a.limits.NominalLimits(ctx, r.Name)
		got, there := limits[level]
		switch {
		case err == nil && there && got == want:
			return ""
		case err != nil && ctx.Err() == nil:
			problem = err.Error()
		case err == nil && there:
			problem = fmt.Sprintf("shows %d seats instead of %d", got, want)
		case err == nil:
			problem = "does not know the level yet"
		}
		select {
		case <-ctx.Done():
			return r.Name + " " + problem
		case <-tick.C:
		}
	}
}
