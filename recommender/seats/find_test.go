// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/plane"
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

const window = 10 * time.Second

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
		served := []plane.Served{
			{Class: plane.Class{Verb: "GET", Resource: "pods"}, Seconds: seconds / 2, Requests: seconds / 2 / pace / 0.005},
			{Class: plane.Class{Verb: "LIST", Resource: "pods"}, Seconds: seconds / 2, Requests: seconds / 2 / pace / 0.2},
		}
		// The slowest hundredth of the gets takes twelve times their mean.
		n, p99 := served[0].Requests, 12*0.005*pace
		delays := []plane.Delays{{Scope: "resource", Upper: []float64{p99, 2 * p99}, Within: []float64{0.99 * n, n}, Requests: n}}
		w := seats.Window{Replica: fmt.Sprint("r", i), Length: window, Used: used, Served: served, Delays: delays}
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
func run(l *plane.Line, at *time.Time, p plant, windows int) (lines []int, whys string) {
	var said strings.Builder
	for range windows {
		*at = at.Add(window)
		var says string
		line := l.Seats
		if line == 0 {
			line = bounds.Ceiling
		}
		*l, says = seats.Find(*l, p.windows(line), nil, bounds, *at)
		lines = append(lines, l.Seats)
		fmt.Fprintf(&said, "%s %d %s\n", at.Format("15:04:05"), l.Seats, says)
	}
	return lines, said.String()
}

// calm is a line that has seen a calm hour.
func calm(p plant) (plane.Line, time.Time) {
	var l plane.Line
	at := start
	p.demand, p.sick = min(p.demand, p.knee/4), 0
	run(&l, &at, p, 20)
	return l, at
}

// A plant that is asked for too much settles where it does at least 95 % of the best
// that any line would have it do, and stays there.
func TestFindSettlesAtTheKnee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plant{
			knee:      rapid.Float64Range(30, 500).Draw(t, "knee"),
			steepness: rapid.Float64Range(1, 1.3).Draw(t, "steepness"),
			demand:    2000,
			noise:     func() float64 { return rapid.Float64Range(-0.005, 0.005).Draw(t, "noise") },
		}
		l, at := calm(p)
		_, before := run(&l, &at, p, 360)
		// Where another line is tried for half a minute, it is gone back from.
		lines, said := run(&l, &at, p, 60)
		served, most := 0.0, map[int]int{}
		for _, line := range lines {
			served += p.goodput(float64(line)) / float64(len(lines))
			most[line]++
		}
		if best := p.goodput(p.knee); served < 0.95*best {
			t.Fatalf("%.3g of %.3g is served:\n%s%s", served, best, before, said)
		}
		steady := 0
		for line, n := range most {
			if n > most[steady] {
				steady = line
			}
		}
		near := 0
		for line, n := range most {
			if math.Abs(float64(line-steady)) <= 0.05*float64(steady)+1 {
				near += n
			}
		}
		if near < 48 {
			t.Fatalf("in steady load the line is at %d for only %d of 60 windows:\n%s", steady, near, said)
		}
	})
}

// Replicas that carry more than they did get their seats back.
func TestFindClimbsWhenReplicasGrow(t *testing.T) {
	p := plant{knee: 60, steepness: 1.2, demand: 2000}
	l, at := calm(p)
	run(&l, &at, p, 180)
	small := l.Seats
	p.knee = 240
	lines, said := run(&l, &at, p, 720)
	if last := lines[len(lines)-1]; small < 57 || small > 75 || last < 228 || last > 300 {
		t.Errorf("the line goes from %d to %d when the knee goes from 60 to 240:\n%s", small, last, said)
	}
}

// Once what it was cut for is over, the line goes back up, and not all at once.
func TestFindReturnsToTheCeiling(t *testing.T) {
	p := plant{knee: 60, steepness: 1, demand: 2000}
	l, at := calm(p)
	run(&l, &at, p, 180)
	p.demand = 10
	lines, said := run(&l, &at, p, 360)
	if lines[len(lines)-1] != bounds.Ceiling || lines[30] > 150 {
		t.Errorf("after the storm the line is %d, five minutes later %d, at last %d:\n%s", lines[0], lines[30], lines[len(lines)-1], said)
	}
}

// Whatever is seen, the line keeps its bounds and is never raised while blind, and
// what is kept of it can be written down.
func TestFindKeepsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l plane.Line
		at := start
		number := rapid.OneOf(rapid.Float64Range(0, 1000), rapid.SampledFrom([]float64{0, math.Inf(1), math.NaN(), -1}))
		for range rapid.IntRange(1, 60).Draw(t, "windows") {
			at = at.Add(window)
			b := seats.Bounds{Floor: rapid.IntRange(1, 50).Draw(t, "floor"), Ceiling: rapid.IntRange(50, 600).Draw(t, "ceiling")}
			var windows []seats.Window
			for range rapid.IntRange(0, 3).Draw(t, "replicas") {
				windows = append(windows, seats.Window{
					Replica: "r", Length: window, Used: number.Draw(t, "used"), Refused: number.Draw(t, "refused"), Wait: number.Draw(t, "wait"),
					Served: []plane.Served{{Requests: number.Draw(t, "requests"), Seconds: number.Draw(t, "seconds")}},
					Delays: []plane.Delays{{Scope: "resource", Upper: []float64{1, number.Draw(t, "bound")}, Within: []float64{number.Draw(t, "within"), 9}, Requests: number.Draw(t, "delayed")}},
				})
			}
			var guards []seats.Guard
			if rapid.IntRange(0, 5).Draw(t, "guard") == 0 {
				guards = []seats.Guard{{Words: "etcd has no leader", Mild: rapid.Bool().Draw(t, "mild")}}
			}
			before := l.Seats
			var says string
			l, says = seats.Find(l, windows, guards, b, at)
			if l.Seats < b.Floor || l.Seats > b.Ceiling {
				t.Fatalf("the line is %d, the bounds %+v", l.Seats, b)
			}
			if before != 0 && l.Seats > max(before, b.Floor) && (len(windows) == 0 || len(guards) > 0) {
				t.Fatalf("the line was raised from %d to %d: %s", before, l.Seats, says)
			}
			checkKept(t, l)
		}
	})
}

func checkKept(t *rapid.T, l plane.Line) {
	raw, err := json.Marshal(l)
	if err != nil {
		t.Fatalf("what is kept cannot be written down: %v", err)
	}
	var back plane.Line
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatalf("what is kept cannot be read back: %v", err)
	}
	if diff := cmp.Diff(l, back, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("what is kept changes on its way through JSON:\n%s", diff)
	}
}

// Healthy traces: none of them is cut.
func TestFindLeavesTheHealthyAlone(t *testing.T) {
	for name, p := range map[string]plant{
		"quiet":               {knee: 100, steepness: 1, demand: 3},
		"busy":                {knee: 100, steepness: 1.3, demand: 95},
		"as full as can be":   {knee: 900, steepness: 1, demand: 2000},
		"a little too much":   {knee: 100, steepness: 1, demand: 130},
		"slower, not late":    {knee: 40, steepness: 1, demand: 400},
		"no calm hour before": {knee: 100, steepness: 1, demand: 590},
	} {
		t.Run(name, func(t *testing.T) {
			l, at := calm(p)
			if strings.HasPrefix(name, "no calm") {
				l, at = plane.Line{}, start
			}
			lines, said := run(&l, &at, p, 720)
			for _, line := range lines {
				if line != bounds.Ceiling {
					t.Fatalf("it was cut:\n%s", said)
				}
			}
		})
	}
}

// One slow replica is named, and nobody is cut for it.
func TestFindNamesAnOutlier(t *testing.T) {
	p := plant{knee: 300, steepness: 1, demand: 100}
	l, at := calm(p)
	for range 20 {
		at = at.Add(window)
		windows := p.windows(l.Seats)
		for i := range windows[1].Served {
			windows[1].Served[i].Requests /= 50
		}
		for i := range windows[1].Delays[0].Upper {
			windows[1].Delays[0].Upper[i] *= 50
		}
		var says string
		l, says = seats.Find(l, windows, nil, bounds, at)
		if l.Seats != bounds.Ceiling || len(l.Outliers) != 1 || l.Outliers[0] != "r1" {
			t.Fatalf("%q at %d with the outliers %v, want the ceiling and r1", says, l.Seats, l.Outliers)
		}
	}
}

// A guard cuts at once, once for as long as it holds, and says why; where little is in
// use it cuts nothing, and nothing is raised.
func TestFindHeedsGuards(t *testing.T) {
	p := plant{knee: 300, steepness: 1, demand: 250}
	l, at := calm(p)
	var said []string
	step := func(p plant, words ...string) {
		var guards []seats.Guard
		for _, w := range words {
			guards = append(guards, seats.Guard{Words: w})
		}
		at = at.Add(window)
		var says string
		l, says = seats.Find(l, p.windows(l.Seats), guards, bounds, at)
		said = append(said, fmt.Sprint(l.Seats, " ", says))
	}
	const memory = "memory of r0 is at 90 % of its limit"
	step(p, memory)
	for range 30 {
		step(p, memory)
	}
	step(p)
	p.demand = 0
	step(p, memory)
	want := []string{"300 cut to 300 seats: " + memory, "300 held: " + memory}
	if diff := cmp.Diff(want, said[:2]); diff != "" || said[30] != said[1] {
		t.Errorf("(-want +got):\n%s\n%s", diff, strings.Join(said, "\n"))
	}
	if got := said[len(said)-1]; got != "300 held: "+memory {
		t.Errorf("with nothing in use it says %q", got)
	}
	p.demand = 250
	step(p, memory)
	if got := said[len(said)-1]; got != "210 cut to 210 seats: "+memory {
		t.Errorf("with load again it says %q", got)
	}
}

// A replica with no CPU left that answers nobody is cut at once, though nothing is
// known of calm times.
func TestFindCutsForAReplicaOutOfBreath(t *testing.T) {
	p := plant{knee: 10, steepness: 1, demand: 500}
	windows := p.windows(600)
	windows[2].Breathless = true
	l, says := seats.Find(plane.Line{}, windows, nil, bounds, start)
	if l.Seats != 420 || !strings.Contains(says, "r2 has used all the CPU that it may") {
		t.Errorf("the line is %d: %s", l.Seats, says)
	}
}

// A mild guard cuts nothing, and keeps the line from being raised.
func TestFindHoldsForAMildGuard(t *testing.T) {
	p := plant{knee: 60, steepness: 1, demand: 2000}
	l, at := calm(p)
	run(&l, &at, p, 60)
	before := l.Seats
	p.knee = 500
	for range 120 {
		at = at.Add(window)
		var says string
		l, says = seats.Find(l, p.windows(l.Seats), []seats.Guard{{Words: "the disk is slow", Mild: true}}, bounds, at)
		if l.Seats > before {
			t.Fatalf("raised from %d to %d: %s", before, l.Seats, says)
		}
	}
	if l.Seats < before {
		t.Errorf("cut from %d to %d", before, l.Seats)
	}
}

// What a guard excuses cuts nothing, however late requests are, and raises nothing; when
// it is over, what is late counts again.
func TestFindHoldsForWhatExcuses(t *testing.T) {
	p := plant{knee: 60, steepness: 1, demand: 2000}
	l, at := calm(p)
	run(&l, &at, p, 60)
	before := l.Seats
	p.knee = 1
	excuse := []seats.Guard{{Words: "etcd changed its leader, as the process of a member ended", Mild: true, Excuses: true}}
	for range 6 {
		at = at.Add(window)
		var says string
		l, says = seats.Find(l, p.windows(l.Seats), excuse, bounds, at)
		if l.Seats != before || !strings.Contains(says, "held: etcd changed its leader") {
			t.Fatalf("from %d to %d: %s", before, l.Seats, says)
		}
	}
	hard := append([]seats.Guard{{Words: "r0 uses 90 % of the memory that it may"}}, excuse...)
	if cut, says := seats.Find(l, p.windows(l.Seats), hard, bounds, at.Add(window)); cut.Seats >= before {
		t.Errorf("a hard guard is excused: %s", says)
	}
	if run(&l, &at, p, 6); l.Seats >= before {
		t.Errorf("it is not cut after it, at %d", l.Seats)
	}
}
