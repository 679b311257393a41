// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// sick is a plant whose requests wait for a disk: how long they take, and how long the
// heartbeats do, by the seats in use.
type sick struct {
	takes, beats func(used float64) float64
	demand       float64
}

func (s sick) windows(line int) []seats.Window {
	used := min(float64(line), s.demand)
	takes := s.takes(used)
	n := used * window.Seconds() / takes
	served := plane.Served{Class: plane.Class{Verb: "PATCH", Resource: "configmaps", Scope: "resource"}, Requests: n, Seconds: used * window.Seconds()}
	within := func(p99, n float64) plane.Delays {
		return plane.Delays{Scope: "resource", Upper: []float64{0, p99, 2 * p99}, Within: []float64{0, 0.99 * n, n}, Requests: n}
	}
	w := seats.Window{
		Length: window, Used: used, Served: []plane.Served{served},
		Delays: []plane.Delays{within(3*takes, n)}, Heartbeats: within(s.beats(used), 200),
	}
	if s.demand > float64(line) {
		w.Refused = 1
	}
	var all []seats.Window
	for i := range 3 {
		w.Replica = fmt.Sprint("r", i)
		all = append(all, w)
	}
	return all
}

// follow has the finder follow the plant from a calm time on.
func (s sick) follow(d time.Duration) (lines []int, said string) {
	var (
		l   plane.Line
		at  = start
		all strings.Builder
	)
	step := func(s sick) {
		at = at.Add(window)
		line := l.Seats
		if line == 0 {
			line = bounds.Ceiling
		}
		var says string
		l, says = seats.Find(l, s.windows(line), nil, bounds, at)
		lines = append(lines, l.Seats)
		fmt.Fprintf(&all, "%s %d %s\n", at.Format("15:04:05"), l.Seats, says)
	}
	idle := s
	idle.demand = 2
	for range 20 {
		step(idle)
	}
	lines = nil
	for range int(d / window) {
		step(s)
	}
	return lines, all.String()
}

// Heartbeats that are late have the line cut although all else is in time; what the cut
// took for nothing is given back step by step, as far as heartbeats stay in time.
func TestACutForHeartbeatsGivesBackWhatItNeedNotTake(t *testing.T) {
	lines, said := sick{
		demand: 2000,
		takes:  func(used float64) float64 { return 0.05 + 0.0002*used },
		beats:  func(used float64) float64 { return 0.2 + 0.003*used },
	}.follow(10 * time.Minute)
	low, last := lines[0], lines[len(lines)-1]
	for _, l := range lines {
		low = min(low, l)
	}
	// At 166 seats heartbeats take 0.7 s, and at 266 a second.
	if low > 120 || last < 120 || last > 200 {
		t.Errorf("the line goes down to %d and ends at %d:\n%s", low, last, said)
	}
	for _, words := range []string{"the slowest hundredth of the heartbeats 2 times as long", "partly back at"} {
		if !strings.Contains(said, words) {
			t.Errorf("it does not say %q:\n%s", words, said)
		}
	}
}

// An operator that begins in the middle of a storm knows no calm day; that heartbeats are
// late is enough.
func TestHeartbeatsNeedNoCalmDay(t *testing.T) {
	s := sick{
		demand: 2000,
		takes:  func(used float64) float64 { return 0.001 * used },
		beats:  func(used float64) float64 { return 0.003 * used },
	}
	l, says := seats.Find(plane.Line{}, s.windows(600), nil, bounds, start)
	if l.Seats > 200 || !strings.Contains(says, "how long requests take on a calm day is not known yet, and the slowest hundredth of the heartbeats 1.8 times") {
		t.Errorf("the line is %d: %s", l.Seats, says)
	}
}

// A part of a cut that serves no more when it is given back is taken again.
func TestWhatServesNoMoreIsNotGivenBack(t *testing.T) {
	lines, said := sick{
		demand: 2000,
		takes:  func(used float64) float64 { return max(0.1, 0.001*used) }, // 100 at once are served as well as 600
		beats:  func(used float64) float64 { return 0.002 * math.Pow(used, 1.05) },
	}.follow(10 * time.Minute)
	last := lines[len(lines)-1]
	if last > 150 || last < 60 {
		t.Errorf("the line ends at %d:\n%s", last, said)
	}
}

// Requests that are late while the heartbeats are not: fewer at once are tried, and kept
// where as much is served in time.
func TestLessIsTriedForWhatIsNoHeartbeat(t *testing.T) {
	for name, c := range map[string]struct {
		takes       func(used float64) float64
		least, most int
	}{
		"as much is served, and in time": {func(used float64) float64 { return max(0.05, 0.002*used) }, 20, 300},
		"less would be served":           {func(float64) float64 { return 0.6 }, 600, 600},
	} {
		t.Run(name, func(t *testing.T) {
			lines, said := sick{
				demand: 2000,
				takes: func(used float64) float64 {
					if used < 10 {
						return 0.05
					}
					return c.takes(used)
				},
				beats: func(float64) float64 { return 0.05 },
			}.follow(30 * time.Minute)
			if last := lines[len(lines)-1]; last < c.least || last > c.most {
				t.Errorf("the line ends at %d:\n%s", last, said)
			}
			if !strings.Contains(said, "the slowest hundredth of what is no heartbeat takes") {
				t.Errorf("it does not say why it tries:\n%s", said)
			}
		})
	}
}
