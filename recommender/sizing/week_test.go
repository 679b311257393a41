// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A control plane that sleeps at night and at the weekend is expected to wake at seven.
func TestWeek(t *testing.T) {
	monday := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	carried := func(at time.Time) Drivers {
		d := Drivers{Objects: 1500}
		if weekday := at.Weekday(); weekday != time.Saturday && weekday != time.Sunday && at.Hour() >= 7 && at.Hour() < 19 {
			d.Nodes, d.Pods, d.Requests = 200, 2400, 70.004
		}
		return d
	}
	var w Week
	for at := monday; at.Before(monday.Add(7 * 24 * time.Hour)); at = at.Add(2 * time.Minute) {
		w = w.Seen(carried(at), at)
	}
	raw, err := w.Save()
	if err != nil || len(raw) > 8<<10 {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	again, err := LoadWeek(raw)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		after time.Duration
		nodes float64
	}{
		{"half an hour before seven on Monday", 7*24*time.Hour + 6*time.Hour + 30*time.Minute, 200},
		{"before that", 7*24*time.Hour + 6*time.Hour + 29*time.Minute, 0},
		{"on Saturday nobody wakes it", 12*24*time.Hour + 6*time.Hour + 30*time.Minute, 0},
		{"in the evening it goes to sleep", 7*24*time.Hour + 18*time.Hour + 30*time.Minute, 0},
	}
	for _, tt := range tests {
		for name, one := range map[string]Week{"seen": w, "loaded": again} {
			at := monday.Add(tt.after)
			if got := one.Expected(carried(at), at); got.Nodes != tt.nodes {
				t.Errorf("%s, %s: %v nodes, not %v", tt.name, name, got.Nodes, tt.nodes)
			}
		}
	}
	var young Week
	young = young.Seen(Drivers{Nodes: 50}, monday.Add(7*time.Hour))
	if got := young.Expected(Drivers{}, monday.Add(30*time.Hour+30*time.Minute)); got.Nodes != 50 {
		t.Errorf("on the second day %v nodes are expected at seven", got.Nodes)
	}
}

// A tenant that has shrunk is not expected back at its former size, hour after hour for a
// week.
func TestWeekOfOneThatShrank(t *testing.T) {
	monday := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	var w Week
	d := Drivers{Nodes: 2000, Pods: 24000, Objects: 1500}
	for at := monday; at.Before(monday.Add(14 * 24 * time.Hour)); at = at.Add(2 * time.Minute) {
		if at.Sub(monday) > 8*24*time.Hour+4*time.Hour {
			d.Nodes, d.Pods = 100, 1200
		}
		w = w.Seen(d, at)
		if got := w.Expected(d, at); got.Nodes > d.Nodes {
			t.Fatalf("%v after Monday %v nodes are expected of %v", at.Sub(monday), got.Nodes, d.Nodes)
		}
	}
}

// A week from before is not changed by what is seen after it, and no number breaks one.
func TestWeekIsKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
		var w Week
		for range rapid.IntRange(1, 50).Draw(t, "looks") {
			at = at.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "minutes")) * time.Minute)
			before := w.Expected(Drivers{}, at)
			next := w.Seen(Drivers{Nodes: rapid.Float64().Draw(t, "nodes"), Requests: rapid.Float64().Draw(t, "requests")}, at)
			if w.Expected(Drivers{}, at) != before {
				t.Fatal("the week from before was changed")
			}
			w = next
		}
		raw, err := w.Save()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := LoadWeek(raw); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzLoadWeek(f *testing.F) {
	raw, err := Week{}.Seen(Drivers{Nodes: 3, Requests: 0.25}, time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)).Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"hours":[[1,2,3,4,-5]]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		w, err := LoadWeek(raw)
		if err != nil {
			return
		}
		if _, err := w.Save(); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
