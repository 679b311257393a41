// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout_test

import (
	"slices"
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
	}, rollout.Readiness, "kube-apiserver-b+1 was ready, and is not"},
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
			if !w.until(func() bool { return w.state.Under != nil && len(w.state.Under.WasReady) > 0 }, time.Minute) {
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
	w.until(func() bool { return w.state.Under != nil && len(w.state.Under.WasReady) > 0 }, time.Minute)
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
	// It made nothing worse: what is urgent is tried on another.
	w.state = w.state.Undone()
	w.takes, w.due = 10*time.Second, []rollout.Step{w.step(rollout.Defragment, "mc")}
	w.set("mb", healthy)
	w.due[0].Urgent = true
	if !w.until(func() bool { return len(w.done) == 1 }, 2*time.Minute) {
		t.Errorf("what is urgent is held: %s", w.last.Why)
	}
}

// A restart that is written and never comes, as its node has no room, is taken back, and
// stops no other; nothing else begins meanwhile.
func TestARestartThatDoesNotCome(t *testing.T) {
	for why, told := range map[string]bool{"etcd-1 in zone b is about to restart for a resize": true, "etcd-1 has not restarted yet": false} {
		t.Run(why, func(t *testing.T) { restartThatDoesNotCome(t, why, told) })
	}
}

// restartThatDoesNotCome plays one; told is whether its node tells that it is to come.
func restartThatDoesNotCome(t *testing.T, why string, told bool) {
	t.Helper()
	w := newWorld()
	w.noRoom = true
	w.run(time.Minute)
	w.due = []rollout.Step{w.step(rollout.Restart, "mb"), w.step(rollout.Restart, "mc")}
	w.hurt = func(_ *world, one *rollout.Subject) { one.Restarting = one.Restarting && told }
	w.until(func() bool { return w.state.Undoing != nil }, 10*time.Minute)
	u := w.state.Undoing
	if len(w.begun) != 1 || u == nil || !strings.Contains(u.Why, why) {
		t.Fatalf("%d began, and what is taken back is %+v", len(w.begun), u)
	}
	w.noRoom = false
	w.set("mb", func(one *rollout.Subject) { one.Restarting = false }) // what was requested before is
	w.state = w.state.Rewritten(w.now)
	from := w.now
	if !w.until(func() bool { return len(w.begun) == 2 }, 5*time.Minute) || w.begun[1].step.UID != "mc" {
		t.Fatalf("the other was held: %+v", w.last)
	}
	if took := w.begun[1].at.Sub(from); took < 2*rollout.Interval {
		t.Errorf("it began %s after the other was taken back", took)
	}
}

// What is taken back restarts once more: nothing begins until that is over.
func TestWhatIsTakenBackDisturbsToo(t *testing.T) {
	w := newWorld()
	w.run(2 * time.Minute)
	w.due = []rollout.Step{w.step(rollout.Restart, "mb")}
	w.until(func() bool { return w.state.Under != nil && len(w.state.Under.WasReady) > 0 }, time.Minute)
	w.hurt = regressions["slow member"].hurt
	w.until(func() bool { return len(w.stopped) > 0 }, time.Minute)
	w.hurt = nil
	urgent := w.step(rollout.Replace, "rc") // that a member is not well would not hold it
	urgent.Urgent = true
	w.due = []rollout.Step{urgent}
	w.state = w.state.Rewritten(w.now)
	w.set("mb", func(one *rollout.Subject) { one.Restarting = true })
	w.run(time.Minute)
	w.set("mb", func(one *rollout.Subject) { one.Restarting, one.Ready = false, false })
	w.run(time.Minute)
	if len(w.begun) != 1 {
		t.Fatalf("%+v began while the restart of etcd-1 was taken back", w.begun[1].step)
	}
	w.set("mb", healthy)
	if !w.until(func() bool { return len(w.begun) == 2 }, time.Minute) {
		t.Errorf("it did not go on: %s", w.last.Why)
	}
}

// A rollout whose pods take their time to start and to end is healthy.
func TestASlowRolloutIsHealthy(t *testing.T) {
	for name, c := range map[string]struct{ takes, lingers time.Duration }{
		"slow starts": {2 * time.Minute, 2 * time.Second}, "slow ends": {10 * time.Second, 90 * time.Second}, "both": {100 * time.Second, 100 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.takes, w.lingers = c.takes, c.lingers
			w.run(time.Minute)
			w.due = []rollout.Step{{Kind: rollout.Roll, Component: sizing.APIServer, Pod: "kube-apiserver", UID: "kube-apiserver", Takes: 20 * time.Minute}}
			if !w.until(func() bool { return len(w.done) == 1 || len(w.stopped) > 0 }, 30*time.Minute) || len(w.stopped) > 0 {
				t.Fatalf("stopped: %+v\n%+v", w.stopped, w.last)
			}
			w.due = []rollout.Step{w.step(rollout.Replace, "mb"), w.step(rollout.Replace, "mc")}
			if !w.until(func() bool { return len(w.done) == 3 || len(w.stopped) > 0 }, 30*time.Minute) || len(w.stopped) > 0 {
				t.Fatalf("stopped: %+v\n%+v", w.stopped, w.last)
			}
		})
	}
}

// A write of which it is not known whether it was made holds the others until that is seen.
func TestAWriteInDoubt(t *testing.T) {
	for name, made := range map[string]bool{"made": true, "not made": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.run(time.Minute)
			w.due = []rollout.Step{w.step(rollout.Restart, "mb"), w.step(rollout.Restart, "mc")}
			w.until(func() bool { return len(w.begun) == 1 }, time.Minute)
			w.state = w.state.Doubted(w.now)
			if !made {
				w.later = nil
				w.set("mb", func(one *rollout.Subject) { one.Restarting = false })
			}
			from := w.now
			if !w.until(func() bool { return len(w.begun) == 2 }, 5*time.Minute) {
				t.Fatalf("it did not go on: %s", w.last.Why)
			}
			if took := w.begun[1].at.Sub(from); took < rollout.Interval || made != (len(w.done) == 1) || !made && took > 2*rollout.Interval {
				t.Errorf("the next began after %s, %d done", took, len(w.done))
			}
		})
	}
}

// A defragmentation answers nobody for as long as it takes, and its pod stays ready.
func TestALongDefragmentation(t *testing.T) {
	w := newWorld()
	w.takes = 2 * time.Minute
	w.run(time.Minute)
	w.due = []rollout.Step{w.step(rollout.Defragment, "mb"), w.step(rollout.Defragment, "mc")}
	w.until(func() bool { return len(w.begun) == 1 }, time.Minute)
	silence := w.now
	w.set("mb", healthy)
	w.hurt = func(w *world, one *rollout.Subject) {
		if one.UID == "mb" && w.now.Sub(silence) < w.takes {
			one.At = silence
		}
	}
	if !w.until(func() bool { return len(w.begun) == 2 || len(w.stopped) > 0 }, 5*time.Minute) || len(w.stopped) > 0 {
		t.Fatalf("stopped: %+v\n%+v", w.stopped, w.last)
	}
	if took := w.begun[1].at.Sub(silence); took < w.takes {
		t.Errorf("the next began after %s", took)
	}
}

// A leader moves off a node that is drained, whatever goes with that node.
func TestTheLeaderLeavesADrainedNode(t *testing.T) {
	w := newWorld()
	w.run(time.Minute)
	w.set("ra", func(one *rollout.Subject) { away(one); one.Ending = true })
	step := w.step(rollout.MoveLeader, "ma")
	step.Urgent = true
	w.due = []rollout.Step{step}
	w.until(func() bool { return len(w.begun) == 1 }, time.Minute)
	w.after(20*time.Second, func() { w.set("ma", func(one *rollout.Subject) { away(one); one.Ending = true }) })
	if !w.until(func() bool { return len(w.done) == 1 || len(w.stopped) > 0 }, 2*time.Minute) || len(w.stopped) > 0 {
		t.Fatalf("stopped: %+v\n%+v", w.stopped, w.last)
	}
}

// A step of a component that nobody looks at any more does not hold the others for ever.
func TestAStepOfWhatIsNoLongerLookedAt(t *testing.T) {
	w := newWorld()
	w.run(time.Minute)
	w.due = []rollout.Step{w.step(rollout.Restart, "mb")}
	w.until(func() bool { return len(w.begun) == 1 }, time.Minute)
	w.seen.Subjects = slices.DeleteFunc(slices.Clone(w.seen.Subjects), func(s rollout.Subject) bool { return s.Component == sizing.Etcd })
	delete(w.seen.Wanted, sizing.Etcd)
	w.due = []rollout.Step{w.step(rollout.Replace, "rb")}
	if w.run(20 * time.Minute); len(w.begun) != 1 {
		t.Fatalf("blind, and %+v began", w.begun[1].step)
	}
	if !w.until(func() bool { return len(w.begun) == 2 }, 20*time.Minute) {
		t.Errorf("it is held for ever: %s", w.last.Why)
	}
}

// What is not seen, and then not ready, has been ill since it was not seen.
func TestWhatIsNotSeenAndThenNotReady(t *testing.T) {
	w := newWorld()
	w.run(2 * time.Minute)
	w.due = []rollout.Step{w.step(rollout.Restart, "mb")}
	w.until(func() bool { return w.state.Under != nil && len(w.state.Under.WasReady) > 0 }, time.Minute)
	from := w.now
	w.stoppedTelling = from
	w.hurt = func(w *world, one *rollout.Subject) {
		if one.UID == "mb" {
			one.At = w.stoppedTelling
		}
	}
	w.after(24*time.Second, func() { w.set("mb", away) })
	if !w.until(func() bool { return len(w.stopped) > 0 }, 2*time.Minute) {
		t.Fatalf("it was not stopped: %+v", w.last)
	}
	if took := w.stopped[0].at.Sub(from); took > 2*rollout.Interval {
		t.Errorf("it was stopped after %s, later than two intervals", took)
	}
}
