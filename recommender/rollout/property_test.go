// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// For every sequence of failures and answers: one step at a time; never a second member
// while one is not healthy; never two zones at once; never blind; nothing while paused.
func TestNeverTwo(t *testing.T) {
	kinds := []rollout.Kind{rollout.MoveLeader, rollout.Defragment, rollout.Restart, rollout.Replace, rollout.Roll}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.run(30 * time.Second)
		for range rapid.IntRange(10, 120).Draw(t, "passes") {
			w.disorder(t, kinds)
			before, under, undoing := len(w.begun), w.state.Under, w.state.Undoing
			w.pass()
			if len(w.begun) > before {
				allowed(t, w, w.begun[before].step, under, w.looked)
				if undoing != nil && undoing.Written.IsZero() && w.now.Sub(undoing.Since) < 10*time.Minute {
					t.Fatalf("%+v began while %+v was taken back", w.begun[before].step, undoing.Step)
				}
			}
		}
	})
}

// allowed fails where a step has begun that must not.
func allowed(t *rapid.T, w *world, step rollout.Step, under *rollout.Under, was []rollout.Subject) {
	if under != nil {
		t.Fatalf("%+v began while %+v was under way", step, under.Step)
	}
	if w.seen.Paused {
		t.Fatalf("%+v began while paused", step)
	}
	voters := 0
	for _, one := range was {
		if one.Component == sizing.Etcd && one.Voter {
			voters++
		}
		if one.UID == step.UID {
			continue
		}
		mine := one.Component == step.Component
		healthy := one.Ready && one.Well && !one.Restarting || mine && w.seen.NoSpace && step.Urgent && (step.Kind == rollout.Defragment || step.Kind == rollout.MoveLeader)
		if (mine || !step.Urgent) && !healthy && !one.Ending {
			t.Fatalf("%+v began while %s in zone %s is not healthy", step, one.Pod, one.Zone)
		}
	}
	for c, n := range w.seen.Wanted {
		there := 0
		for _, one := range was {
			if one.Component == c && !one.Ending {
				there++
			}
		}
		if (c == step.Component || !step.Urgent) && there < n {
			t.Fatalf("%+v began while %d of %d of %s are there", step, there, n, c)
		}
	}
	for _, one := range was {
		if one.Ending {
			continue
		}
		if (one.Component == step.Component || !step.Urgent) && one.UID != step.UID && w.now.Sub(one.At) > rollout.Interval {
			t.Fatalf("%+v began while %s is not seen", step, one.Pod)
		}
	}
	if step.Component == sizing.Etcd && step.Kind != rollout.MoveLeader && voters < 3 {
		t.Fatalf("%+v began with %d voters", step, voters)
	}
	if step.Leader && step.Kind != rollout.MoveLeader {
		t.Fatalf("%+v began on the leader", step)
	}
}

// disorder lets anything happen.
func (w *world) disorder(t *rapid.T, kinds []rollout.Kind) {
	one := &w.seen.Subjects[rapid.IntRange(0, len(w.seen.Subjects)-1).Draw(t, "subject")]
	switch rapid.IntRange(0, 15).Draw(t, "event") {
	case 0:
		one.Ready = !one.Ready
	case 1:
		one.Well = !one.Well
	case 2:
		uid, at := one.UID, w.now
		w.hurt = func(_ *world, s *rollout.Subject) {
			if s.UID == uid {
				s.At = at
			}
		}
	case 3:
		w.hurt = nil
	case 4:
		one.Restarts++
	case 5, 6, 7:
		step := w.step(rapid.SampledFrom(kinds).Draw(t, "kind"), one.UID)
		if step.Kind == rollout.Roll {
			step.Component, step.UID, step.Pod, step.Node, step.Zone, step.Leader = sizing.APIServer, "kube-apiserver", "kube-apiserver", "", "", false
		}
		if step.Component == sizing.APIServer && (step.Kind == rollout.MoveLeader || step.Kind == rollout.Defragment) {
			step.Kind = rollout.Replace
		}
		step.Urgent = rapid.Bool().Draw(t, "urgent")
		w.due = append(w.due, step)
	case 8:
		w.seen.Paused = !w.seen.Paused
	case 9:
		w.seen.NoSpace = !w.seen.NoSpace
	case 10:
		w.state = w.state.Failed(w.now)
	case 11:
		w.state = w.state.Undone()
		for i := range w.seen.Subjects {
			w.seen.Subjects[i].Ready, w.seen.Subjects[i].Well = true, true
		}
	case 12:
		one.Restarting = !one.Restarting
	case 13:
		w.state = w.state.Doubted(w.now)
	case 14:
		w.state = w.state.Rewritten(w.now)
	case 15:
		w.noRoom = !w.noRoom
	}
}

// A thousand rollouts in which nothing goes wrong but for noise: at most ten are stopped.
func TestHealthyRolloutsGoOn(t *testing.T) {
	const rollouts = 1000
	var stopped []string
	for seed := range uint64(rollouts) {
		w := newWorld()
		w.noise = rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // noise is no secret
		w.run(3 * time.Minute)
		for _, uid := range []string{"mb", "ma", "rb", "mc", "ra", "rc"} {
			kind := rollout.Restart
			if uid[0] == 'r' {
				kind = rollout.Replace
			}
			w.due = append(w.due, w.step(kind, uid))
		}
		if seed%2 == 0 {
			w.due = append(w.due, rollout.Step{Kind: rollout.Roll, Component: sizing.APIServer, Pod: "kube-apiserver", UID: "kube-apiserver", Why: "seats"})
			w.takes, w.lingers = 25*time.Second, 40*time.Second
		}
		w.until(func() bool { return len(w.due) == 0 && w.state.Under == nil || len(w.stopped) > 0 }, time.Hour)
		if len(w.stopped) > 0 {
			stopped = append(stopped, fmt.Sprintf("%d: %s", seed, w.stopped[0].d.Why))
		} else if len(w.due) > 0 {
			t.Fatalf("rollout %d has not ended: %+v", seed, w.last)
		}
	}
	if len(stopped) > rollouts/100 {
		t.Errorf("%d of %d healthy rollouts were stopped: %v", len(stopped), rollouts, stopped)
	}
	t.Logf("%d of %d healthy rollouts were stopped", len(stopped), rollouts)
}

// A window opens at its time of the day in its own time zone, on its days, and may end on
// the next.
func TestWindows(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	w := []rollout.Window{{Days: []time.Weekday{time.Saturday}, From: 23 * time.Hour, Length: 3 * time.Hour, Zone: berlin}}
	for at, want := range map[string]bool{
		"2026-11-28T21:59:00Z": false, "2026-11-28T22:00:00Z": true, "2026-11-29T00:59:00Z": true, "2026-11-29T01:00:00Z": false,
		"2026-11-27T22:30:00Z": false,
	} {
		now, _ := time.Parse(time.RFC3339, at)
		if open, _ := rollout.Open(w, now); open != want {
			t.Errorf("at %s it is open: %v", at, open)
		}
	}
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	if _, next := rollout.Open(w, now); !next.Equal(time.Date(2026, 11, 28, 22, 0, 0, 0, time.UTC)) {
		t.Errorf("the next opens at %s", next)
	}
	if open, _ := rollout.Open(nil, now); !open {
		t.Errorf("without windows it is closed")
	}
}
