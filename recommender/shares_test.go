// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// dividing is a world that only divides.
func dividing() *world {
	w := newWorld()
	w.profile.Jail, w.profile.LoadLine, w.profile.Shares = plane.Recommend, plane.Off, plane.Enforce
	return w
}

func (w *world) levelOf(name string) plane.Level {
	i := slices.IndexFunc(w.config.Levels, func(l plane.Level) bool { return l.Name == name })
	return w.config.Levels[i]
}

// steps are the kinds of the steps that were carried out.
func (w *world) steps(kind plane.StepKind) int {
	return strings.Count(w.log.String(), string(kind)+" (done)")
}

func TestProtectionIsWrittenInCalm(t *testing.T) {
	w := dividing()
	w.run(time.Minute)
	if got := w.steps(plane.SetShares); got != 1 {
		t.Fatalf("%d divisions, want one:\n%s", got, w.log.String())
	}
	if got, want := w.levelOf("system").Portion(), (plane.Portion{Shares: 30, BorrowingPercent: plane.NoLimit}); got != want {
		t.Errorf("system has %+v, want %+v", got, want)
	}
	if got, want := w.levelOf("workload-low").Portion(), (plane.Portion{Shares: 100, LendablePercent: 90, BorrowingPercent: 20}); got != want {
		t.Errorf("workload-low has %+v, want %+v", got, want)
	}
	if got := finding(t, w, v1alpha1.ConditionSharesInForce); !got.True || got.Reason != v1alpha1.ReasonAsExpected {
		t.Errorf("SharesInForce = %+v, want it True", got)
	}
	if got := finding(t, w, v1alpha1.ConditionReady); !got.True {
		t.Errorf("Ready = %+v, want it True", got)
	}
}

// A ballast that gets deep finds the floors in place: the shares come before it in the
// same plan.
func TestFloorsComeBeforeTheBallast(t *testing.T) {
	w := dividing()
	w.profile.LoadLine, w.profile.SeatsMin, w.profile.SeatsMax, w.ceiling = plane.Enforce, 0, 49, 600
	w.config.Levels = slices.DeleteFunc(w.config.Levels, func(l plane.Level) bool { return l.Name == "leader-election" })
	w.config.Levels = append(w.config.Levels, suggested("leader-election", 2, 0)) // too few for the line's own floor to count it
	w.ceiling = 120
	w.tick(5 * time.Second)
	var kinds []plane.StepKind
	for _, s := range w.plan.Steps {
		kinds = append(kinds, s.Kind)
	}
	if want := []plane.StepKind{plane.ProtectSelf, plane.SetShares, plane.SetBallast}; !slices.Equal(kinds, want) {
		t.Errorf("the steps are %v, want %v", kinds, want)
	}
	total := seats.Shares(w.config.Levels) + w.levelOf(seats.BallastName).Shares
	if got := seats.Nominal(120, w.levelOf("leader-election").Shares, total); got < 3 {
		t.Errorf("leader-election has %d seats beside the ballast, want 3:\n%s", got, w.log.String())
	}
}

// What presses the protected levels is answered at once, and what was not enough only by as much.
func TestFloorsAreRestoredAtOnce(t *testing.T) {
	w := dividing()
	w.run(time.Minute)
	w.config.Levels = append(w.config.Levels, plane.Level{Name: "a-tenants-own", Shares: 4655})
	w.tick(5 * time.Second)
	if got := w.levelOf("node-high").Shares; w.steps(plane.SetShares) != 2 || got <= 40 {
		t.Errorf("node-high has %d shares beside a heavy level:\n%s", got, w.log.String())
	}
	w.run(5 * time.Minute)
	if got := w.steps(plane.SetShares); got != 2 {
		t.Errorf("%d divisions, want no more than two:\n%s", got, w.log.String())
	}
}

func TestDemandOfAStormMovesNothing(t *testing.T) {
	w := dividing()
	w.run(time.Minute)
	w.demand = map[string]float64{"workload-high": 300, "workload-low": 20}
	w.storming = []plane.Client{agent}
	w.run(2 * time.Hour)
	if got := w.steps(plane.SetShares); got != 1 {
		t.Errorf("%d divisions in a storm, want the one of before:\n%s", got, w.log.String())
	}
}

func TestSharesAreHeldWhile(t *testing.T) {
	for name, hold := range map[string]func(w *world){
		"a replica is not seen":  func(w *world) { w.blind[1] = &plane.Fault{Reason: v1alpha1.ReasonReplicaTimeout, Message: "no answer"} },
		"the levels are unknown": func(w *world) { w.unreadable = true },
		"paused":                 func(w *world) { w.profile.Paused = true },
		"switched off":           func(w *world) { w.profile.Shares = plane.Off },
		"recommended only":       func(w *world) { w.profile.Shares = plane.Recommend },
	} {
		t.Run(name, func(t *testing.T) {
			w := dividing()
			hold(w)
			w.run(10 * time.Minute)
			if got := w.steps(plane.SetShares); got != 0 {
				t.Errorf("%d divisions:\n%s", got, w.log.String())
			}
			if shown := strings.Count(w.log.String(), "SetShares (shown)"); (name == "recommended only") != (shown == 1) {
				t.Errorf("shown %d times:\n%s", shown, w.log.String())
			}
		})
	}
}

// What a person holds is left alone and said, and does not make a profile unready.
func TestALevelOfAPersonIsLeftAlone(t *testing.T) {
	w := dividing()
	for i, l := range w.config.Levels {
		if l.Name == "node-high" {
			w.config.Levels[i].Held = &plane.Fault{Reason: v1alpha1.ReasonHeldByPerson, Message: "a person holds node-high"}
		}
	}
	before := w.levelOf("node-high")
	w.run(time.Minute)
	if diff := cmp.Diff(before, w.levelOf("node-high")); diff != "" {
		t.Errorf("node-high was changed:\n%s", diff)
	}
	got := finding(t, w, v1alpha1.ConditionSharesInForce)
	if !got.True || got.Reason != v1alpha1.ReasonHeldByPerson || !strings.Contains(got.Message, "a person holds node-high") {
		t.Errorf("SharesInForce = %+v, want it True and the person named", got)
	}
	if !strings.Contains(w.log.String(), "left alone: a person holds node-high") {
		t.Errorf("the reason does not name the person:\n%s", w.log.String())
	}
	if ready := finding(t, w, v1alpha1.ConditionReady); !ready.True {
		t.Errorf("Ready = %+v, want it True", ready)
	}
}

// A division that cannot be written is told as one, and does not keep the ballast back.
func TestARefusedDivisionIsNotTheBallasts(t *testing.T) {
	w := dividing()
	w.outcomes = []plane.Outcome{{Kind: plane.SetShares, Name: plane.SharesName, Fault: &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: "refused"}}}
	w.profile.LoadLine = plane.Enforce
	w.tick(time.Second)
	if w.steps(plane.SetBallast) != 1 || w.steps(plane.SetShares) != 0 {
		t.Errorf("want the ballast and no division yet:\n%s", w.log.String())
	}
	if got := finding(t, w, v1alpha1.ConditionSharesInForce); got.True || got.Reason != v1alpha1.ReasonWriteFailed {
		t.Errorf("SharesInForce = %+v, want it False with reason WriteFailed", got)
	}
	if got := finding(t, w, v1alpha1.ConditionReady); got.True || got.Reason != v1alpha1.ReasonWriteFailed {
		t.Errorf("Ready = %+v, want it False with reason WriteFailed", got)
	}
	if got := finding(t, w, v1alpha1.ConditionLoadLineInForce); !got.True {
		t.Errorf("LoadLineInForce = %+v, want it True", got)
	}
}

// A profile that enforces nothing but the shares gives them back when it no longer does.
func TestSharesAloneAreWithdrawn(t *testing.T) {
	w := dividing()
	before := slices.Clone(w.config.Levels)
	w.run(time.Minute)
	w.profile.Shares = plane.Off
	w.run(time.Minute)
	if w.steps(plane.Withdraw) != 1 || w.steps(plane.ReturnShares) != 0 {
		t.Errorf("want one withdrawal:\n%s", w.log.String())
	}
	if diff := cmp.Diff(before, w.config.Levels); diff != "" {
		t.Errorf("the levels are not as found (-before +after):\n%s", diff)
	}
}
