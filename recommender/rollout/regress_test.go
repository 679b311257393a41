// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout_test

import (
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// regression is something that gets worse when a step has been done.
type regression struct {
	kind   rollout.Kind
	uid    string
	hurt   func(w *world, one *rollout.Subject)
	signal rollout.Signal
	words  string
}

// touched tells whether a subject is the one that the step has touched, or its successor.
func touched(uid string, one *rollout.Subject) bool { return strings.HasPrefix(one.UID, uid) }

var regressions = map[string]regression{
	"slow member": {rollout.Restart, "mb", func(_ *world, one *rollout.Subject) {
		if touched("mb", one) {
			one.Fsyncs, one.Fsync = 60, 0.18
		}
	}, rollout.Fsync, "(99th percentile), 6 ms before"},
	"failing readiness": {rollout.Replace, "rb", func(_ *world, one *rollout.Subject) {
		if touched("rb", one) {
			one.Ready = false
		}
	}, rollout.Readiness, "kube-apiserver-b was ready, and is not"},
	"bad flag": {rollout.Restart, "rb", func(_ *world, one *rollout.Subject) {
		if touched("rb", one) {
			one.Restarts++
		}
	}, rollout.Restarted, "kube-apiserver-b has restarted"},
	"memory leak": {rollout.Restart, "rb", func(_ *world, one *rollout.Subject) {
		if touched("rb", one) {
			one.Memory += 20 * 5 << 20
		}
	}, rollout.Leak, "no other took more than 400 before"},
	"5xx on one": {rollout.Restart, "rb", func(_ *world, one *rollout.Subject) {
		if touched("rb", one) {
			one.Errors = 0.3 * one.Requests
		}
	}, rollout.Errors, "% of its requests with 5xx"},
	"5xx on all": {rollout.Restart, "rb", func(_ *world, one *rollout.Subject) {
		if one.Component == sizing.APIServer {
			one.Errors = 0.05 * one.Requests
		}
	}, rollout.Errors, "all together answers"},
	"429 wave": {rollout.Restart, "mb", func(_ *world, one *rollout.Subject) {
		if one.Component == sizing.APIServer {
			one.Refused = 0.2 * one.Requests
		}
	}, rollout.Refused, "with 429"},
	"watch drops": {rollout.Replace, "rb", func(_ *world, one *rollout.Subject) {
		if touched("rb", one) {
			one.Ends = 8
		}
	}, rollout.WatchEnds, "watches in an interval"},
	"lost metrics": {rollout.Restart, "rb", func(w *world, one *rollout.Subject) {
		if touched("rb", one) {
			one.At = w.stoppedTelling
		}
	}, rollout.Unseen, "kube-apiserver-b tells nothing since"},
	"latency": {rollout.Restart, "rb", func(_ *world, one *rollout.Subject) {
		one.Delays[rollout.Resource].P99 = 1.8
	}, rollout.Slow, "single objects"},
	"an election": {rollout.Restart, "mb", func(_ *world, one *rollout.Subject) {
		if one.UID == "mc" {
			one.LeaderChanges = 1
		}
	}, rollout.LeaderLost, "nobody ordered"},
	"a kill": {rollout.Restart, "mb", func(w *world, one *rollout.Subject) {
		if one.UID == "mb" {
			one.Killed = w.now
		}
	}, rollout.Killed, "etcd-1 was killed for memory"},
}

// Whatever gets worse stops the plan within two intervals, and is named.
func TestRegressions(t *testing.T) {
	for name, c := range regressions {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.run(2 * time.Minute)
			w.due = []rollout.Step{w.step(c.kind, c.uid), w.step(rollout.Replace, "rc")}
			if !w.until(func() bool { return w.state.Under != nil && !w.state.Under.WasReady.IsZero() }, time.Minute) {
				t.Fatalf("the step did not begin: %s", w.last.Why)
			}
			from := w.now
			w.stoppedTelling, w.hurt = w.now, c.hurt
			if !w.until(func() bool { return len(w.stopped) > 0 }, 2*time.Minute) {
				t.Fatalf("it was not stopped: %+v", w.last)
			}
			stop := w.stopped[0]
			if took := stop.at.Sub(from); took > 2*rollout.Interval {
				t.Errorf("it was stopped after %s, later than two intervals", took)
			}
			if stop.d.Signal != c.signal || !strings.Contains(stop.d.Why, c.words) || stop.step.UID != c.uid {
				t.Errorf("%s of %s: %q, not %s: %q", stop.d.Signal, stop.step.UID, stop.d.Why, c.signal, c.words)
			}
			if len(w.begun) != 1 {
				t.Errorf("another step began meanwhile: %+v", w.begun)
			}
			w.hurt = nil
			w.state = w.state.Undone()
			for i := range w.seen.Subjects {
				w.seen.Subjects[i].Ready, w.seen.Subjects[i].Well = true, true
			}
			w.run(30 * time.Minute)
			if len(w.begun) != 1 {
				t.Errorf("the plan went on %s after it was stopped", w.begun[1].at.Sub(stop.at))
			}
		})
	}
}

// Where nothing is seen of anybody, nothing is put down to the step: the plan pauses, and
// goes on when it sees again.
func TestBlindPauses(t *testing.T) {
	w := newWorld()
	w.run(time.Minute)
	w.due = []rollout.Step{w.step(rollout.Restart, "rb"), w.step(rollout.Restart, "rc")}
	w.until(func() bool { return w.state.Under != nil && !w.state.Under.WasReady.IsZero() }, time.Minute)
	blind := w.now
	w.hurt = func(_ *world, one *rollout.Subject) { one.At = blind }
	w.run(20 * time.Minute)
	if len(w.begun) != 1 || len(w.stopped) > 0 || !w.last.Paused {
		t.Fatalf("blind: %d began, %d stopped, paused %v", len(w.begun), len(w.stopped), w.last.Paused)
	}
	w.hurt = nil
	if !w.until(func() bool { return len(w.done) == 2 }, 5*time.Minute) {
		t.Errorf("it did not go on: %+v", w.last)
	}
}

// What takes too long is stopped, and said.
func TestStuck(t *testing.T) {
	w := newWorld()
	w.takes = time.Hour
	w.run(time.Minute)
	w.due = []rollout.Step{w.step(rollout.Defragment, "mb")}
	if !w.until(func() bool { return len(w.stopped) > 0 }, 10*time.Minute) || w.stopped[0].d.Signal != rollout.Stuck {
		t.Fatalf("it was not stopped: %+v", w.last)
	}
	if took := w.stopped[0].at.Sub(w.begun[0].at); took > 6*time.Minute {
		t.Errorf("it was stopped after %s", took)
	}
}
