// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing_test

import (
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// A tenant that gains hundreds of nodes a minute is met before its trend is known, and its
// need is that of the load when a change is in force.
func TestWhatGrowsInMinutesIsMet(t *testing.T) {
	p := &sizing.Profile{Name: "p", APIServer: sizing.Needs{
		CPU:    sizing.Curve{Base: 0.1, Each: sizing.Drivers{Nodes: 0.001}},
		Memory: sizing.Curve{Base: 2e8, Each: sizing.Drivers{Nodes: 1e6}},
	}}
	tests := []struct {
		name         string
		before, now  float64
		ago          time.Duration
		soon, target float64 // in cores
	}{
		{"two hundred nodes in a minute", 100, 300, time.Minute, 1.0, 1.05 * 1.0},
		{"the same in three", 100, 300, 3 * time.Minute, 0.6, 1.05 * 0.6},
		{"what shrinks is not expected to go on so", 300, 100, time.Minute, 0.2, 1.05 * 0.2},
		{"what was seen too long ago says nothing of now", 100, 300, 10 * time.Minute, 0.4, 1.05 * 0.4},
		{"nor does what was seen just now", 100, 300, 20 * time.Second, 0.4, 1.05 * 0.4},
	}
	for _, tt := range tests {
		trend := sizing.Trend{}.Seen(sizing.Drivers{Nodes: tt.before}, start)
		now := start.Add(tt.ago)
		cpu, _, _ := sizing.References(p, sizing.APIServer, sizing.Look(sizing.Drivers{Nodes: tt.now}, trend, sizing.Week{}, now))
		if !near(cpu.Soon, tt.soon) {
			t.Errorf("%s: %.3f cores soon, not %.3f", tt.name, cpu.Soon, tt.soon)
		}
		s, _ := sizing.NewHistory(sizing.APIServerCPU).Recommend(now, cpu, sizing.Bounds{})
		if !near(s.Target, tt.target) || !near(s.Lower, tt.soon) {
			t.Errorf("%s: need %.3f, target %.3f", tt.name, s.Lower, s.Target)
		}
	}
}

func near(a, b float64) bool { return a > b*0.999 && a < b*1.001 }

// In its first three days there is room for what a start takes by the profile, and no more.
func TestTheFirstDaysHaveRoomForAStart(t *testing.T) {
	ref := curved(1e9, 1e9)
	ref.Peak = 0.25
	h := sizing.NewHistory(sizing.APIServerMemory)
	first, _ := h.Recommend(start, ref, sizing.Bounds{})
	if first.Voice != sizing.ByStart || !near(first.Target, 1e9*1.1*1.25*1.05) {
		t.Errorf("before the first sample: %+v", first)
	}
	for now := start; now.Before(start.Add(74 * time.Hour)); now = now.Add(time.Minute) {
		h.Add(sizing.Sample{At: now, Used: 0.8e9, Curve: 1e9})
	}
	young, _ := h.Recommend(start.Add(71*time.Hour), ref, sizing.Bounds{})
	if young.Voice != sizing.ByStart || young.Target < 0.8e9*1.25 {
		t.Errorf("on the third day: %+v", young)
	}
	old, _ := h.Recommend(start.Add(74*time.Hour), ref, sizing.Bounds{})
	if old.Voice == sizing.ByStart || old.Target > 0.8e9*1.15 {
		t.Errorf("on the fourth: %+v", old)
	}
	raw, err := h.Save()
	if err != nil {
		t.Fatal(err)
	}
	again, err := sizing.LoadHistory(sizing.APIServerMemory, raw)
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := again.Recommend(start.Add(74*time.Hour), ref, sizing.Bounds{}); s.Voice == sizing.ByStart {
		t.Error("one that was kept is young again")
	}
}

// What was missing at a kill is known when it has been used and is over: the guess of a
// fifth more is not kept for a week.
func TestAWoundHeals(t *testing.T) {
	w := newContainer(sizing.APIServerMemory, 1e9)
	w.run(6*time.Hour, flat(0.5e9))
	held := w.applied.Request
	w.history.Wound(w.now, held, 1e9)
	w.run(2*time.Minute, flat(0.5e9))
	w.run(10*time.Minute, flat(1.02*held))
	w.run(10*time.Minute, flat(0.5e9))
	if w.size.Voice != sizing.ByWound {
		t.Errorf("ten minutes later: %+v", w.size)
	}
	w.run(40*time.Minute, flat(0.5e9))
	if w.size.Voice == sizing.ByWound || w.size.Target < 1.02*held {
		t.Errorf("an hour later: %+v, and %.3g was used", w.size, 1.02*held)
	}
}

// Without a curve memory that rises is met ahead of it, and what comes with the day is
// after one; a plateau that is over is not.
func TestMemoryWithoutACurve(t *testing.T) {
	h := sizing.NewHistory(sizing.APIServerMemory)
	unit := sizing.Unit(sizing.Memory)
	now, kills := start, 0
	has := 2.2e9
	play := func(d time.Duration, used func(time.Time) float64) {
		for end := now.Add(d); now.Before(end); {
			now = now.Add(time.Minute)
			u := used(now)
			if u > has {
				kills++
				h.Wound(now, has, unit.Now)
			}
			h.Add(sizing.Sample{At: now, Used: u, Curve: unit.Now})
			s, _ := h.Recommend(now, unit, sizing.Bounds{})
			has = max(s.Target, min(has, s.Upper))
		}
	}
	play(6*time.Hour, flat(2e9))
	ramp := now
	play(4*time.Hour, func(at time.Time) float64 { return 2e9 * (1 + at.Sub(ramp).Hours()) })
	if kills > 0 {
		t.Errorf("%d kills while memory grows by a part in sixty a minute", kills)
	}
	play(62*time.Hour, flat(2e9)) // to midnight
	awake := func(at time.Time) float64 {
		if at.Hour() >= 7 && at.Hour() < 19 {
			return 6e9
		}
		return 2e9
	}
	play(24*time.Hour, awake)
	first := kills
	play(24*time.Hour, awake)
	if first == 0 || kills > first {
		t.Errorf("%d kills on the first morning, %d after the second", first, kills)
	}
}
