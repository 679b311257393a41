// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

const (
	// readBackWithin is how long replicas are given to obey; readBackEvery the
	// time between two looks at one of them.
	readBackWithin = 6 * time.Second
	readBackEvery  = 100 * time.Millisecond
	// cheapLooks is how many looks may be on their way to one replica where one
	// costs it little. In a storm each takes a second by chance, and a look that
	// began before the replica had learnt of the write is of no use.
	cheapLooks = 3
)

// check looks at one replica.
type check struct {
	// passes says what is wrong there; empty when the replica obeys.
	passes func(ctx context.Context, r plane.Replica) (problem string)
	// atOnce is how many looks may be on their way.
	atOnce int
}

// readBackLimit waits until every ready replica shows the limit that a level must
// have by its shares, and says when the last of them did. Without a name it looks
// at the level with the most shares, which every change of the others moves.
//
// The sum of the shares is that of the levels that the API has now. A replica that
// still lets a deleted level's requests run to their end counts its shares as well,
// and obeys when they have ended.
func (a *Actuator) readBackLimit(ctx context.Context, done, name string, replicas []plane.Replica, now func() time.Time) (time.Time, *plane.Fault) {
	_, levels, err := a.list(ctx)
	if err != nil {
		return time.Time{}, readFault(done+", but it cannot be read back", err)
	}
	level, total := witness(levels.Items, name)
	if level == nil {
		return time.Time{}, &plane.Fault{
			Reason:  v1alpha1.ReasonNotReadBack,
			Message: done + ", but the tenant has no such level any more: somebody else has deleted it",
		}
	}
	return a.readBack(ctx, done, replicas, a.shows(level.Name, shares(level), total), now)
}

// witness is the level of a name, or without a name the one with the most shares,
// and the sum of all levels' shares; nil when there is none.
func witness(levels []flowcontrolv1.PriorityLevelConfiguration, name string) (level *flowcontrolv1.PriorityLevelConfiguration, total int) {
	for i := range levels {
		l := &levels[i]
		total += shares(l)
		switch {
		case name != "" && l.Name != name:
		case level == nil || shares(l) > shares(level):
			level = l
		}
	}
	return level, total
}

// shows is the check that a replica gives a level the seats of its shares.
func (a *Actuator) shows(level string, shares, total int) check {
	return check{atOnce: 1, passes: func(ctx context.Context, r plane.Replica) string {
		if r.Ceiling == 0 && shares > 0 {
			return "has inflight flags that are not known, and so is what it should give " + level
		}
		limits, err := a.limits.NominalLimits(ctx, r.Name)
		want := seats.Nominal(r.Ceiling, shares, total)
		switch got, there := limits[level]; {
		case err != nil:
			return shortened(err.Error())
		case !there:
			return "does not know " + level + " yet"
		case got != want:
			return fmt.Sprintf("gives %s %d seats instead of %d", level, got, want)
		default:
			return ""
		}
	}}
}

// knows is the check that a replica has the level at all.
func (a *Actuator) knows(level string) check {
	return check{atOnce: cheapLooks, passes: func(ctx context.Context, r plane.Replica) string {
		switch live, err := a.limits.LiveLevels(ctx, r.Name); {
		case err != nil:
			return shortened(err.Error())
		case !live[level]:
			return "does not know " + level + " yet"
		default:
			return ""
		}
	}}
}

// queues is the check that a replica gives a level so many queues.
func (a *Actuator) queues(level string, want int) check {
	return check{atOnce: cheapLooks, passes: func(ctx context.Context, r plane.Replica) string {
		switch queues, err := a.limits.Queues(ctx, r.Name); {
		case err != nil:
			return shortened(err.Error())
		case queues[level] != want:
			return fmt.Sprintf("gives %s %d queues instead of %d", level, queues[level], want)
		default:
			return ""
		}
	}}
}

// readBack waits until every ready replica passes a check of what was done, and
// says when the last of them did. Replicas that are not ready serve nobody: they
// are not waited for, and what they have been told they learn before they serve
// again. While none is ready, nothing is in force.
func (a *Actuator) readBack(ctx context.Context, done string, replicas []plane.Replica, obeys check, now func() time.Time) (time.Time, *plane.Fault) {
	ctx, cancel := context.WithTimeout(ctx, readBackWithin)
	defer cancel()
	var mu sync.Mutex
	var last time.Time
	var problems, idle []string
	var looks sync.WaitGroup
	for _, r := range replicas {
		if !r.Ready {
			idle = append(idle, r.Name)
			continue
		}
		looks.Go(func() {
			problem := await(ctx, r, obeys)
			at := now()
			mu.Lock()
			defer mu.Unlock()
			if problem != "" {
				problems = append(problems, problem)
			}
			if at.After(last) {
				last = at
			}
		})
	}
	looks.Wait()
	if len(problems) == 0 && len(idle) < len(replicas) {
		return last, nil
	}
	slices.Sort(problems)
	if len(idle) > 0 {
		problems = append(problems, "not ready and not asked: "+strings.Join(idle, ", "))
	}
	if len(replicas) == 0 {
		problems = append(problems, "there is none")
	}
	return time.Time{}, &plane.Fault{
		Reason:  v1alpha1.ReasonNotReadBack,
		Message: fmt.Sprintf("%s, but not every replica obeys: %s", done, strings.Join(problems, "; ")),
	}
}

// await looks at one replica until it obeys; it returns what is wrong when it does
// not in time. A fault of the look before is told only where the replica has not
// answered since.
func await(ctx context.Context, r plane.Replica, obeys check) string {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tick := time.NewTicker(readBackEvery)
	defer tick.Stop()
	problem := "has not answered in time"
	if r.Fault != nil {
		problem += " (" + shortened(r.Fault.Message) + ")"
	}
	said := make(chan string, obeys.atOnce)
	asking := 0
	ask := func() {
		if asking < obeys.atOnce {
			asking++
			go func() { said <- obeys.passes(ctx, r) }()
		}
	}
	for ask(); ; {
		select {
		case <-ctx.Done():
			return r.Name + " " + problem
		case p := <-said:
			if asking--; p == "" {
				return ""
			}
			if ctx.Err() == nil {
				problem = p
			}
		case <-tick.C:
			ask()
		}
	}
}
