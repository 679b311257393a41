// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

var rules = []sizing.Rule{sizing.APIServerCPU, sizing.APIServerMemory, sizing.EtcdCPU, sizing.EtcdMemory}

var start = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)

// container is one whose history is played minute by minute.
type container struct {
	history *sizing.History
	applied sizing.Applied
	now     time.Time
	curve   float64
	changes int
	covered int
	minutes int
	slack   float64
	size    sizing.Size
}

func newContainer(rule sizing.Rule, curve float64) *container {
	c := &container{history: sizing.NewHistory(rule), now: start, curve: curve}
	c.size, _ = c.history.Recommend(c.now, c.ref(), sizing.Bounds{})
	c.applied = sizing.Applied{Request: c.size.Target, Changed: start}
	return c
}

func (c *container) ref() sizing.Reference { return curved(c.curve, c.curve) }

// curved is a curve with an error of a tenth.
func curved(now, grown float64) sizing.Reference {
	return sizing.Reference{Now: now, Grown: grown, Error: 0.1}
}

// minute has the container use so much for a minute.
func (c *container) minute(used float64) {
	c.now = c.now.Add(time.Minute)
	c.minutes++
	if used <= c.applied.Request {
		c.covered++
	}
	c.slack += (c.applied.Request - used) / c.applied.Request
	c.history.Add(sizing.Sample{At: c.now, Used: used, Curve: c.curve})
	c.size, _ = c.history.Recommend(c.now, c.ref(), sizing.Bounds{})
	var due bool
	if c.applied, due = c.applied.Due(c.size, c.now); due {
		c.changes++
	}
}

func (c *container) run(d time.Duration, used func(time.Time) float64) {
	for range int(d / time.Minute) {
		c.minute(used(c.now))
	}
}

func flat(v float64) func(time.Time) float64 { return func(time.Time) float64 { return v } }

// A step up is covered within two minutes, and released within six hours.
func TestAStepIsCoveredAndReleased(t *testing.T) {
	for _, c := range []struct {
		rule    sizing.Rule
		low, up float64
	}{{sizing.APIServerCPU, 0.5, 2}, {sizing.APIServerMemory, 1 << 30, 4 << 30}, {sizing.EtcdCPU, 0.5, 2}, {sizing.EtcdMemory, 1 << 30, 4 << 30}} {
		t.Run(string(c.rule.Kind), func(t *testing.T) {
			w := newContainer(c.rule, c.low)
			w.run(24*time.Hour, flat(c.low))
			if ratio := w.applied.Request / c.low; ratio < 1 || ratio > 1.2 {
				t.Errorf("after a steady day it requests %.2f times what it uses", ratio)
			}
			w.run(2*time.Minute, flat(c.up))
			if w.applied.Request < c.up {
				t.Errorf("two minutes after the step it requests %.3g of %.3g", w.applied.Request, c.up)
			}
			w.run(4*time.Hour, flat(c.up))
			w.run(6*time.Hour, flat(c.low))
			if ratio := w.applied.Request / c.low; ratio < 1 || ratio > 1.25 {
				t.Errorf("six hours after the step down it requests %.2f times what it uses: %+v", ratio, w.size)
			}
		})
	}
}

// Before the first sample the curve speaks, and its error with it.
func TestTheCurveSpeaksFirst(t *testing.T) {
	got, _ := sizing.NewHistory(sizing.APIServerCPU).Recommend(start, curved(2, 2), sizing.Bounds{Most: 2.2})
	if got.Voice != sizing.ByCurve || math.Abs(got.Uncapped-2.31) > 1e-9 || got.Target != 2.2 || got.Why() == "" {
		t.Errorf("%+v", got)
	}
}

// The tenant's own ratio holds when what it carries doubles.
func TestHistoryHoldsAfterGrowth(t *testing.T) {
	w := newContainer(sizing.APIServerCPU, 1)
	w.run(6*time.Hour, flat(0.6))
	before := w.size.Target
	after, _ := w.history.Recommend(w.now, curved(2, 2), sizing.Bounds{})
	if math.Abs(after.Target-2*before) > 1e-9 {
		t.Errorf("the target goes from %g to %g when the curve doubles", before, after.Target)
	}
	if grown, _ := w.history.Recommend(w.now, curved(1, 1.3), sizing.Bounds{}); math.Abs(grown.Target-1.3*before) > 1e-9 {
		t.Errorf("growth to come of 30 %% makes %g of %g: %s", grown.Target, before, grown.Why())
	}
}

// What comes every night is met before it comes.
func TestTheDayIsRemembered(t *testing.T) {
	w := newContainer(sizing.APIServerMemory, 1e9)
	backup := func(at time.Time) float64 {
		if h := at.Hour(); h == 2 {
			return 2e9
		}
		return 1e9
	}
	w.run(50*time.Hour, backup) // to two in the morning of the third day
	if w.applied.Request < 2e9 {
		t.Errorf("at %s it requests %.3g for a peak of 2e9 that came in two nights: %+v", w.now, w.applied.Request, w.size)
	}
}

// A steady load is covered in 99 of a hundred minutes with little to spare, and is
// resized twice a day at the most.
func TestASteadyLoadIsLeftAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		noise := rapid.Float64Range(0, 0.08).Draw(t, "noise")
		seed := rapid.Uint32().Draw(t, "seed")
		next := func() float64 { // a small generator: the core has no random source
			seed = seed*1664525 + 1013904223
			return float64(seed>>8) / (1 << 24)
		}
		w := newContainer(rapid.SampledFrom(rules).Draw(t, "rule"), 1)
		used := func(time.Time) float64 { return 0.7 * (1 + noise*(next()+next()+next()-1.5)*2) }
		w.run(12*time.Hour, used)
		w.changes, w.covered, w.minutes, w.slack = 0, 0, 0, 0
		w.run(72*time.Hour, used)
		if w.changes > 6 {
			t.Fatalf("%d changes in three days", w.changes)
		}
		if part := float64(w.covered) / float64(w.minutes); part < 0.99 {
			t.Fatalf("covered in %.4f of the minutes", part)
		}
		if slack := w.slack / float64(w.minutes); slack > 0.3 {
			t.Fatalf("a slack of %.2f", slack)
		}
	})
}

// After a kill for memory it gets a fifth more than it had, whatever samples say.
func TestAKillIsAnsweredAtOnce(t *testing.T) {
	w := newContainer(sizing.APIServerMemory, 1e9)
	w.run(6*time.Hour, flat(0.5e9))
	held := w.applied.Request
	w.history.Wound(w.now, held, 1e9)
	w.minute(0.5e9)
	if w.applied.Request < 1.2*held || w.size.Voice != sizing.ByWound {
		t.Errorf("from %.3g to %.3g by %s", held, w.applied.Request, w.size.Voice)
	}
}

// Whatever is fed in, a size is a number within its bounds and in order.
func TestASizeIsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := sizing.NewHistory(rapid.SampledFrom(rules).Draw(t, "rule"))
		number := rapid.OneOf(rapid.Float64Range(0, 1e12), rapid.SampledFrom([]float64{0, math.Inf(1), math.NaN(), -1}))
		bounds := sizing.Bounds{Least: rapid.Float64Range(0, 1).Draw(t, "least"), Most: rapid.Float64Range(1, 1e9).Draw(t, "most")}
		now := start
		for range rapid.IntRange(0, 50).Draw(t, "samples") {
			now = now.Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "later")) * time.Second)
			h.Add(sizing.Sample{At: now.Add(-time.Duration(rapid.IntRange(0, 100).Draw(t, "old")) * time.Minute), Used: number.Draw(t, "used"), Curve: number.Draw(t, "curve")})
			if rapid.IntRange(0, 9).Draw(t, "kill") == 0 {
				h.Wound(now, number.Draw(t, "held"), number.Draw(t, "curve"))
			}
			s, ok := h.Recommend(now, curved(rapid.Float64Range(0, 1e6).Draw(t, "now"), rapid.Float64Range(0, 1e6).Draw(t, "grown")), bounds)
			if !ok || !(s.Lower <= s.Target && s.Target <= s.Upper && s.Target >= bounds.Least && s.Target <= bounds.Most) || s.Why() == "" {
				t.Fatalf("%+v within %+v", s, bounds)
			}
		}
	})
}
