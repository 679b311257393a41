// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// shown is what a replica shows of each level, from its n-th look on.
type shown struct {
	seats map[string]int
	err   error
	// after is how many looks come before it shows this.
	after int
	// hangs until the look is given up.
	hangs bool
}

// told are limits that replicas show, whatever is written.
type told struct {
	mu       sync.Mutex
	replicas map[string]shown
	looks    map[string]int
}

func (l *told) NominalLimits(ctx context.Context, replica string) (map[string]int, error) {
	l.mu.Lock()
	s := l.replicas[replica]
	l.looks[replica]++
	n := l.looks[replica]
	l.mu.Unlock()
	if s.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if n <= s.after {
		return map[string]int{}, nil
	}
	return s.seats, s.err
}

func (l *told) LiveLevels(ctx context.Context, replica string) (map[string]bool, error) {
	seats, err := l.NominalLimits(ctx, replica)
	live := map[string]bool{}
	for level := range maps.Keys(seats) {
		live[level] = true
	}
	return live, err
}

// Queues are one for each level that has a number below nought.
func (l *told) Queues(ctx context.Context, replica string) (map[string]int, error) {
	seats, err := l.NominalLimits(ctx, replica)
	queues := map[string]int{}
	for level, n := range seats {
		if n < 0 {
			queues[level] = 1
		}
	}
	return queues, err
}

// TestReadBack: a write is in force when every ready replica shows it, each by its
// own ceiling, and a fault names each that does not and what it shows instead.
func TestReadBack(t *testing.T) {
	w := newTenant(t)
	leave(t, actuate.New(w, w, owner))
	passed := jail(plane.PassSentence, agent, one)
	name := passed.Sentence.Name
	harder := jail(plane.ChangeGrade, agent, none)
	harder.Had = one
	ready := func(name string, ceiling int) plane.Replica {
		return plane.Replica{Name: name, Ready: true, Ceiling: ceiling}
	}
	seats := func(n int) shown { return shown{seats: map[string]int{actuate.BallastName: n, name: 0}} }
	// 245 shares of 490: half of every replica's ceiling.
	for _, c := range []struct {
		name     string
		step     plane.Step
		replicas []plane.Replica
		shown    map[string]shown
		says     []string // nothing: in force
		atMost   time.Duration
	}{
		{"replicas of different ceilings", ballast(245), []plane.Replica{ready("a", 600), ready("b", 300)}, map[string]shown{"a": seats(300), "b": seats(150)}, nil, time.Second},
		{"a late replica", ballast(245), []plane.Replica{ready("a", 600), ready("b", 600)}, map[string]shown{"a": seats(300), "b": {seats: map[string]int{actuate.BallastName: 300}, after: 4}}, nil, 3 * time.Second},
		{"one that is not ready", ballast(245), []plane.Replica{ready("a", 600), {Name: "b", Ceiling: 600}}, map[string]shown{"a": seats(300), "b": {err: errors.New("refused")}}, nil, time.Second},
		{"two that do not obey", ballast(245), []plane.Replica{ready("a", 600), ready("c", 600), ready("b", 600), {Name: "d"}},
			map[string]shown{"a": seats(300), "b": seats(0), "c": {err: errors.New("connection refused")}},
			[]string{"evenkeel-ballast was written, but not every replica obeys: b gives evenkeel-ballast 0 seats instead of 300; c connection refused; not ready and not asked: d"}, 8 * time.Second},
		{"one that hangs", ballast(245), []plane.Replica{ready("a", 600), {Name: "b", Ready: true, Ceiling: 600, Fault: &plane.Fault{Message: "timed out before"}}},
			map[string]shown{"a": seats(300), "b": {hangs: true}}, []string{"b has not answered in time (timed out before)"}, 8 * time.Second},
		{"an unknown ceiling", ballast(245), []plane.Replica{ready("a", 0)}, map[string]shown{"a": seats(300)}, []string{"a has inflight flags that are not known"}, 8 * time.Second},
		{"none that is ready", ballast(245), []plane.Replica{{Name: "a"}, {Name: "b"}}, nil, []string{"not ready and not asked: a, b"}, time.Second},
		{"none at all", ballast(245), nil, nil, []string{"there is none"}, time.Second},
		{"a sentence that one does not know", passed, []plane.Replica{ready("a", 600), ready("b", 600)},
			map[string]shown{"a": seats(300), "b": {seats: map[string]int{}}}, []string{name + " was written, but not every replica obeys: b does not know " + name + " yet"}, 8 * time.Second},
		{"a sentence without shares, whatever the ceiling", passed, []plane.Replica{ready("a", 0)}, map[string]shown{"a": seats(300)}, nil, time.Second},
		{"the grade that leaves nothing", harder, []plane.Replica{ready("a", 600)}, map[string]shown{"a": {seats: map[string]int{name: -1}, after: 2}}, nil, time.Second},
		{"the grade before it", harder, []plane.Replica{ready("a", 600)}, map[string]shown{"a": seats(300)},
			[]string{"a gives " + name + " 0 queues instead of 1"}, 8 * time.Second},
		{"a ballast that is gone and still felt", plane.Step{Kind: plane.RemoveBallast, Apply: true}, []plane.Replica{ready("a", 600)},
			map[string]shown{"a": {seats: map[string]int{"workload-low": 123}}}, []string{"evenkeel-ballast was deleted, but not every replica obeys: a gives workload-low 123 seats instead of 245"}, 8 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &told{replicas: c.shown, looks: map[string]int{}}
			began := time.Now()
			o := actuate.New(w, l, owner).Apply(t.Context(), c.step, c.replicas, time.Now)
			if o.Written.IsZero() || o.Written.Before(began) {
				t.Errorf("written at %s, after the start at %s", o.Written, began)
			}
			if took := time.Since(began); took > c.atMost {
				t.Errorf("that took %s, want at most %s", took, c.atMost)
			}
			if len(c.says) > 0 {
				wantFault(t, o.Fault, v1alpha1.ReasonNotReadBack, c.says...)
				if !o.InForce.IsZero() {
					t.Errorf("in force since %s", o.InForce)
				}
				return
			}
			if o.Fault != nil || o.InForce.Before(o.Written) {
				t.Errorf("in force since %s, written %s, fault %+v", o.InForce, o.Written, o.Fault)
			}
		})
	}
}

// TestReadBackEnds: a pass that is given up does not wait for replicas.
func TestReadBackEnds(t *testing.T) {
	w := newTenant(t)
	leave(t, actuate.New(w, w, owner))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	l := &told{replicas: map[string]shown{"r": {hangs: true}}, looks: map[string]int{}}
	began := time.Now()
	o := actuate.New(w, l, owner).Apply(ctx, ballast(245), replicas, time.Now)
	wantFault(t, o.Fault, v1alpha1.ReasonNotReadBack, "r has not answered in time")
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("that took %s beyond a limit of 1s", took)
	}
}

// TestProtectSelfIsNotAwaited: the sentences that follow it in a plan are urgent.
func TestProtectSelfIsNotAwaited(t *testing.T) {
	w := newTenant(t)
	leave(t, actuate.New(w, w, owner))
	l := &told{looks: map[string]int{}}
	o := actuate.New(w, l, owner).Apply(t.Context(), plane.Step{Kind: plane.ProtectSelf, Apply: true}, replicas, time.Now)
	if o.Fault != nil || o.InForce != o.Written || len(slices.Collect(maps.Keys(l.looks))) > 0 {
		t.Errorf("%+v after the looks %v, want none", o, l.looks)
	}
}
