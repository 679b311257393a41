// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// TestWholeLife writes every kind of step to a real apiserver, sees each take
// effect, and leaves it as it was found.
func TestWholeLife(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	before := w.specs(t)

	must(t, a, plane.Step{Kind: plane.ProtectSelf, Apply: true})
	config := w.read(t, a)
	if !config.SelfProtected || len(config.Taken) != 0 {
		t.Errorf("after ProtectSelf the configuration is %+v", config)
	}

	shares := seats.Ballast(ceiling, seats.Shares(config.Levels), 300)
	o := must(t, a, ballast(shares))
	if took := o.InForce.Sub(o.Written); took < 0 || took > 3*time.Second {
		t.Errorf("the ballast was in force %s after the write", took)
	}
	limits, err := w.NominalLimits(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	if left := ceiling - limits[actuate.BallastName]; left != 300 {
		t.Errorf("the server leaves %d seats usable, want 300", left)
	}
	others := seats.Shares(config.Levels)
	if want := seats.Nominal(ceiling, 100, others+shares); limits["workload-low"] != want {
		t.Errorf("workload-low has %d seats beside the ballast, want %d", limits["workload-low"], want)
	}

	must(t, a, jail(plane.PassSentence, agent, one))
	must(t, a, jail(plane.ChangeGrade, agent, none))
	last := jail(plane.ChangeGrade, agent, some(2))
	must(t, a, last)
	config = w.read(t, a)
	// Times go through JSON: compare them as instants.
	if diff := cmp.Diff([]plane.Sentence{*last.Sentence}, config.Sentences, cmp.Comparer(time.Time.Equal)); diff != "" {
		t.Errorf("the sentence read back differs (-written +read):\n%s", diff)
	}
	own := slices.DeleteFunc(slices.Clone(config.Levels), func(l plane.Level) bool { return !l.Own })
	if diff := cmp.Diff([]plane.Level{
		{Name: actuate.BallastName, Shares: shares, Own: true},
		{Name: agent.SentenceName(), Shares: last.Level.Shares, Own: true},
		{Name: actuate.SelfName, Shares: 5, Own: true, BorrowingPercent: 100},
	}, own); diff != "" {
		t.Errorf("Evenkeel's own levels (-want +read):\n%s", diff)
	}

	must(t, a, end(last))
	must(t, a, plane.Step{Kind: plane.RemoveBallast, Apply: true})
	if limits, err = w.NominalLimits(t.Context(), "r"); err != nil {
		t.Fatal(err)
	}
	if want := seats.Nominal(ceiling, 100, others); limits["workload-low"] != want {
		t.Errorf("workload-low has %d seats without the ballast, want %d", limits["workload-low"], want)
	}
	must(t, a, end(last)) // again: what is gone is gone
	must(t, a, jail(plane.PassSentence, agent, one))
	must(t, a, ballast(shares))
	must(t, a, plane.Step{Kind: plane.Withdraw, Apply: true})
	if diff := cmp.Diff(before, w.specs(t)); diff != "" {
		t.Errorf("the tenant was not left as found (-before +after):\n%s", diff)
	}
}

// TestShownStepsWriteNothing: a step of a profile in Recommend is never written.
func TestShownStepsWriteNothing(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	before := w.specs(t)
	passed := jail(plane.PassSentence, agent, one)
	for _, s := range []plane.Step{
		{Kind: plane.ProtectSelf}, ballast(245), {Kind: plane.RemoveBallast}, {Kind: plane.Withdraw},
		{Kind: plane.SetShares, Shares: []plane.LevelShares{{Name: "system", Portion: plane.Portion{Shares: 50}}}}, {Kind: plane.ReturnShares},
		passed, jail(plane.ChangeGrade, agent, none), end(passed), {Kind: plane.NameOffender, Sentence: passed.Sentence},
	} {
		s.Apply = false
		if o := a.Apply(t.Context(), s, replicas, time.Now); o != (plane.Outcome{}) {
			t.Errorf("%s is only shown, and its outcome is %+v", s.Kind, o)
		}
	}
	if diff := cmp.Diff(before, w.specs(t)); diff != "" {
		t.Errorf("steps that are only shown were written (-before +after):\n%s", diff)
	}
}

// TestIncompleteStepsAreRefused: a step that lacks what it needs, or whose numbers
// the API cannot hold, is told and not written.
func TestIncompleteStepsAreRefused(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	before := w.specs(t)
	passed := jail(plane.PassSentence, agent, one)
	for _, c := range []struct {
		step plane.Step
		says string
	}{
		{plane.Step{Kind: plane.SetBallast}, "no level"},
		{plane.Step{Kind: plane.PassSentence, Level: passed.Level}, "no sentence"},
		{plane.Step{Kind: plane.ChangeGrade, Sentence: passed.Sentence}, "no level"},
		{plane.Step{Kind: plane.EndSentence}, "no sentence"},
		{plane.Step{Kind: plane.SetBallast, Level: &plane.LevelSpec{Name: "workload-low", Shares: 1}}, `"workload-low"`},
		{plane.Step{Kind: plane.EndSentence, Sentence: &plane.Sentence{Name: "global-default"}}, `"global-default"`},
		{plane.Step{Kind: plane.PassSentence, Sentence: passed.Sentence, Level: &plane.LevelSpec{Name: "evenkeel-jail-other"}}, `"evenkeel-jail-other"`},
		{ballast(1 << 31), "2147483648"},
		{ballast(-1), "-1"},
		{plane.Step{Kind: "Dance"}, "Dance"},
		{plane.Step{Kind: plane.SetShares}, "no levels"},
		{portions(plane.LevelShares{Name: "catch-all", Portion: plane.Portion{Shares: 5}}), `"catch-all"`},
		{portions(plane.LevelShares{Name: "exempt", Portion: plane.Portion{Shares: 5}}), `"exempt"`},
		{portions(plane.LevelShares{Name: "system"}), "the number 0"},
		{portions(plane.LevelShares{Name: "system", Portion: plane.Portion{Shares: 1, LendablePercent: 101}}), "lend 101 %"},
		{portions(plane.LevelShares{Name: "system", Portion: plane.Portion{Shares: 1, BorrowingPercent: -2}}), "borrow -2 %"},
	} {
		c.step.Apply = true
		o := a.Apply(t.Context(), c.step, replicas, time.Now)
		if o.Fault == nil || o.Fault.Reason != "WriteFailed" || !strings.Contains(o.Fault.Message, c.says) || !o.Written.IsZero() {
			t.Errorf("%s: %+v, fault %+v, want one that says %s", c.step.Kind, o, o.Fault, c.says)
		}
	}
	if diff := cmp.Diff(before, w.specs(t)); diff != "" {
		t.Errorf("steps that are incomplete were written (-before +after):\n%s", diff)
	}
}
