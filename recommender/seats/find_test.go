// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/seats"
)

// plant is three replicas that serve as fast as ever up to knee requests at once, and
// slow down beyond it: by more than their number once they thrash (steepness above 1).
type plant struct {
	knee, steepness float64
	// demand is how many requests would run at once if they might, on a calm day.
	demand float64
	// sick makes everything take so many times as long, whatever runs.
	sick float64
	// noise is what a mean is off by, in parts.
	noise func() float64
}

const window = 30 * time.Second

// goodput is the work that a replica does with so many seats, in seconds a second.
func (p plant) goodput(seats float64) float64 {
	used := min(seats, p.demand)
	return used / p.pace(used)
}

func (p plant) pace(used float64) float64 {
	return max(p.sick, 1) * math.Pow(max(used/p.knee, 1), p.steepness)
}

func (p plant) windows(line int) []seats.Window {
	var out []seats.Window
	for i := range 3 {
		// Gets take 5 ms on a calm day and lists 200 ms, half of the time each.
		used := min(float64(line), p.demand)
		pace := p.pace(used)
		if p.noise != nil {
			pace *= 1 + p.noise()
		}
		seconds := used * window.Seconds()
		served := []seats.Served{
			{Class: seats.Class{Verb: "GET", Resource: "pods"}, Seconds: seconds / 2, Requests: seconds / 2 / pace / 0.005},
			{Class: seats.Class{Verb: "LIST", Resource: "pods"}, Seconds: seconds / 2, Requests: seconds / 2 / pace / 0.2},
		}
		w := seats.Window{Replica: fmt.Sprint("r", i), Length: window, Used: used, Served: served}
		if p.demand > float64(line) {
			w.Wait = 1
		}
		out = append(out, w)
	}
	return out
}

var (
	start  = time.Date(2026, 1, 2, 14, 0, 0, 0, time.UTC)
	bounds = seats.Bounds{Floor: 20, Ceiling: 600}
)

// run has the finder follow the plant for so many windows and returns the lines.
func run(f *seats.Finder, at *time.Time, p plant, windows int) (lines []int, whys string) {
	var said strings.Builder
	for range windows {
		*at = at.Add(window)
		var found seats.Found
		line := f.Line
		if line == 0 {
			line = bounds.Ceiling
		}
		*f, found = f.Find(p.windows(line), nil, bounds, *at)
		lines = append(lines, found.Line)
		fmt.Fprintf(&said, "%s %d %s\n", at.Format("15:04:05"), found.Line, found.Why)
	}
	return lines, said.String()
}

// calm is a finder that has seen a calm hour.
func calm(p plant) (seats.Finder, time.Time) {
	var f seats.Finder
	at := start
	p.demand, p.sick = min(p.demand, p.knee/4), 0
	run(&f, &at, p, 20)
	return f, at
}

// A plant that is asked for too much settles where it does at least 95 % of the best
// that any line would have it do, and stays there.
func TestFindSettlesAtTheKnee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plant{
			knee:      rapid.Float64Range(30, 500).Draw(t, "knee"),
			steepness: rapid.Float64Range(1, 1.3).Draw(t, "steepness"),
			demand:    2000,
			noise:     func() float64 { return rapid.Float64Range(-0.02, 0.02).Draw(t, "noise") },
		}
		f, at := calm(p)
		_, before := run(&f, &at, p, 100)
		lines, said := run(&f, &at, p, 40)
		low, high := lines[0], lines[0]
		for _, line := range lines {
			low, high = min(low, line), max(high, line)
			if best := p.goodput(p.knee); p.goodput(float64(line)) < 0.95*best {
				t.Fatalf("at %d seats %.3g of %.3g is served:\n%s%s", line, p.goodput(float64(line)), best, before, said)
			}
		}
		if float64(high-low) > 0.05*float64(high)+1 {
			t.Fatalf("in steady load the line goes from %d to %d:\n%s", low, high, said)
		}
	})
}

// Replicas that carry more than they did get their seats back.
func TestFindClimbsWhenReplicasGrow(t *testing.T) {
	p := plant{knee: 60, steepness: 1.2, demand: 2000}
	f, at := calm(p)
	run(&f, &at, p, 100)
	small := f.Line
	p.knee = 240
	lines, said := run(&f, &at, p, 180)
	if last := lines[len(lines)-1]; small > 75 || last < 228 || last > 300 {
		t.Errorf("the line goes from %d to %d when the knee goes from 60 to 240:\n%s", small, last, said)
	}
}

// Whatever is seen, the line keeps its bounds and is never raised while blind.
func TestFindKeepsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f seats.Finder
		at := start
		number := rapid.OneOf(rapid.Float64Range(0, 1000), rapid.SampledFrom([]float64{0, math.Inf(1), math.NaN(), -1}))
		for range rapid.IntRange(1, 60).Draw(t, "windows") {
			at = at.Add(window)
			b := seats.Bounds{Floor: rapid.IntRange(1, 50).Draw(t, "floor"), Ceiling: rapid.IntRange(50, 600).Draw(t, "ceiling")}
			var windows []seats.Window
			for range rapid.IntRange(0, 3).Draw(t, "replicas") {
				windows = append(windows, seats.Window{
					Replica: "r", Length: window, Used: number.Draw(t, "used"), Refused: number.Draw(t, "refused"), Wait: number.Draw(t, "wait"),
					Served: []seats.Served{{Requests: number.Draw(t, "requests"), Seconds: number.Draw(t, "seconds")}},
				})
			}
			var guards []string
			if rapid.IntRange(0, 5).Draw(t, "guard") == 0 {
				guards = []string{"etcd has no leader"}
			}
			before := f.Line
			var found seats.Found
			f, found = f.Find(windows, guards, b, at)
			if found.Line < b.Floor || found.Line > b.Ceiling || found.Line != f.Line {
				t.Fatalf("the line is %d, the bounds %+v", found.Line, b)
			}
			if before != 0 && found.Line > max(before, b.Floor) && (len(windows) == 0 || len(guards) > 0) {
				t.Fatalf("the line was raised from %d to %d: %s", before, found.Line, found.Why)
			}
		}
	})
}

// Healthy traces: none of them is cut.
func TestFindLeavesTheHealthyAlone(t *testing.T) {
	for name, p := range map[string]plant{
		"quiet":               {knee: 100, steepness: 1, demand: 3},
		"busy":                {knee: 100, steepness: 1.3, demand: 95},
		"as full as can be":   {knee: 900, steepness: 1, demand: 2000},
		"a little too much":   {knee: 100, steepness: 1, demand: 130},
		"no calm hour before": {knee: 100, steepness: 1, demand: 590},
	} {
		t.Run(name, func(t *testing.T) {
			f, at := calm(p)
			if strings.HasPrefix(name, "no calm") {
				f, at = seats.Finder{}, start
			}
			lines, said := run(&f, &at, p, 240)
			for _, line := range lines {
				if line != bounds.Ceiling {
					t.Fatalf("it was cut:\n%s", said)
				}
			}
		})
	}
}

// Slowness that does not come of the load is not cured by a lower line: what was
// taken is given back, and not taken again.
func TestFindLetsGoOfALeverThatDoesNotHelp(t *testing.T) {
	p := plant{knee: 300, steepness: 1, demand: 200, sick: 4}
	f, at := calm(plant{knee: 300, steepness: 1, demand: 200})
	lines, said := run(&f, &at, p, 60)
	if last := lines[len(lines)-1]; last != bounds.Ceiling {
		t.Errorf("the line ends at %d, want it back at %d:\n%s", last, bounds.Ceiling, said)
	}
	if n := strings.Count(said, " cut to "); n != 1 || !strings.Contains(said, "it is not the load that slows them") {
		t.Errorf("%d cuts, want one that is taken back:\n%s", n, said)
	}
}

// One slow replica is named, and nobody is cut for it.
func TestFindNamesAnOutlier(t *testing.T) {
	p := plant{knee: 300, steepness: 1, demand: 100}
	f, at := calm(p)
	for range 20 {
		at = at.Add(window)
		windows := p.windows(f.Line)
		for i := range windows[1].Served {
			windows[1].Served[i].Requests /= 5
		}
		var found seats.Found
		f, found = f.Find(windows, nil, bounds, at)
		if found.Line != bounds.Ceiling || len(found.Outliers) != 1 || found.Outliers[0] != "r1" {
			t.Fatalf("found %+v, want the ceiling and the outlier r1", found)
		}
	}
}

// A guard cuts at once, once in a cooldown, and says why.
func TestFindHeedsGuards(t *testing.T) {
	p := plant{knee: 300, steepness: 1, demand: 250}
	f, at := calm(p)
	var said []string
	for range 3 {
		at = at.Add(window)
		var found seats.Found
		f, found = f.Find(p.windows(f.Line), []string{"memory of r0 is at 90 % of its limit"}, bounds, at)
		said = append(said, found.Why)
	}
	if f.Line != 219 || said[0] != "cut to 219 from 313 seats in use: memory of r0 is at 90 % of its limit" || !strings.HasPrefix(said[1], "held: memory of r0") {
		t.Errorf("the line is %d after %q", f.Line, said)
	}
}
