// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package history_test

import (
	"math"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/operator/history"
)

var (
	acme  = types.NamespacedName{Namespace: "tenant-acme", Name: "acme"}
	start = time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC)
)

// The steps of a memory are in order and each is there once, whatever the clock does, and
// there are never more than fit.
func TestStepsAreInOrderWhateverTheClockDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, at := history.New(), start
		for _, seconds := range rapid.SliceOfN(rapid.IntRange(-4*3600, 5*3600), 1, 60).Draw(t, "seconds") {
			at = at.Add(time.Duration(seconds) * time.Second)
			one := history.None()
			one.Used = 1
			s.Add(acme, at, one)
			points := s.Series(acme, time.Time{})
			if len(points) == 0 || len(points) > 240+288 {
				t.Fatalf("%d points", len(points))
			}
			for i := 1; i < len(points); i++ {
				if !points[i].At.After(points[i-1].At) {
					t.Fatalf("%v comes after %v", points[i].At, points[i-1].At)
				}
			}
		}
	})
}

// A clock that is set back within what is kept loses nothing: every step that had a sample
// has one still.
func TestAClockSetBackLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, seen := history.New(), map[time.Time]bool{}
		for _, minute := range rapid.SliceOfN(rapid.IntRange(0, 119), 1, 200).Draw(t, "minutes") {
			at := start.Add(time.Duration(minute) * time.Minute)
			one := history.None()
			one.Used = 7
			s.Add(acme, at, one)
			seen[at] = true
		}
		got := map[time.Time]bool{}
		for _, p := range s.Series(acme, time.Time{}) {
			if p.Used == 7 && p.At.Second() == 0 {
				got[p.At] = true
			}
		}
		first := time.Time{}
		for at := range seen {
			if first.IsZero() || at.Before(first) {
				first = at
			}
		}
		for at := range seen {
			// The first minutes may be told by their step of five.
			if !got[at] && at.Sub(first) >= 5*time.Minute {
				t.Fatalf("%v is lost", at)
			}
		}
	})
}

// What was not seen is no 0, and a gap is a gap.
func TestAGapIsAGap(t *testing.T) {
	s := history.New()
	one := history.None()
	one.Used, one.Ready, one.Verdict = 12, 3, history.Up
	s.Add(acme, start, one)
	s.Add(acme, start.Add(2*time.Minute), one)
	points := s.Series(acme, start)
	if len(points) != 5 {
		t.Fatalf("%d points, want 5", len(points))
	}
	for i, p := range points {
		seen := i == 0 || i == 4
		if math.IsNaN(float64(p.Used)) == seen || (p.Ready == 3) != seen || (p.Verdict == history.Up) != seen {
			t.Errorf("point %d is %+v", i, p)
		}
		if !math.IsNaN(float64(p.ListP99)) || !math.IsNaN(float64(p.CPU)) {
			t.Errorf("point %d tells what was never seen: %+v", i, p)
		}
	}
}

// Within a step the peak of seats, the mean of rates and the worst verdict count.
func TestWithinAStep(t *testing.T) {
	s := history.New()
	for i, used := range []float32{10, 50, 20} {
		one := history.None()
		one.Used, one.Requests, one.ListP99, one.LoadLine = used, used, used/100, 100+float32(i)
		one.Ready, one.Verdict = int16(3-i), []history.Verdict{history.Blind, history.Down, history.Up}[i]
		s.Add(acme, start.Add(time.Duration(i)*time.Second), one)
	}
	got, _ := s.Latest(acme)
	if got.Used != 50 || math.Abs(float64(got.Requests)-80./3) > .01 || got.LoadLine != 102 || got.Ready != 1 || got.Verdict != history.Down || math.Abs(float64(got.ListP99)-.5) > .002 {
		t.Errorf("the step is %+v", got)
	}
}

// A day is told in steps of five minutes, and its last two hours in those of thirty seconds.
func TestADay(t *testing.T) {
	s := history.New()
	for at := start.Add(-30 * time.Hour); !at.After(start); at = at.Add(30 * time.Second) {
		one := history.None()
		one.Used = 1
		s.Add(acme, at, one)
	}
	points := s.Series(acme, time.Time{})
	steps := map[time.Duration]int{}
	for i := 1; i < len(points); i++ {
		steps[points[i].At.Sub(points[i-1].At)]++
	}
	if len(steps) != 2 || steps[30*time.Second] < 230 || steps[5*time.Minute] < 260 {
		t.Errorf("steps %v", steps)
	}
	if age := start.Sub(points[0].At); age < 23*time.Hour || age > 24*time.Hour {
		t.Errorf("the first point is %v old", age)
	}
}

// A thousand control planes with full rings are no more than 30 MB.
func TestSamplesAreBounded(t *testing.T) {
	memory := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := memory()
	s := history.New()
	for i := range 1000 {
		for m := range 300 {
			s.Add(types.NamespacedName{Namespace: "n", Name: strconv.Itoa(i)}, start.Add(time.Duration(m)*5*time.Minute), history.None())
		}
	}
	each := (float64(memory()) - float64(before)) / 1000
	t.Logf("%.0f bytes a control plane", each)
	if each > 30_000 {
		t.Errorf("%.0f bytes a control plane, want 30,000 at the most", each)
	}
	runtime.KeepAlive(s)
}

// Events are few, bounded in bytes, in order, and one that is told again is one.
func TestEvents(t *testing.T) {
	s := history.New()
	jailed := history.Event{At: start, Kind: history.Decision, Title: "Jail", Message: "jailed the agent", Evidence: []string{"58 of 60 seats"}}
	s.Note(acme, jailed)
	jailed.At, jailed.Outcome = start.Add(5*time.Second), "in force after 400 ms"
	s.Note(acme, jailed)
	s.Note(acme, history.Event{At: start.Add(-time.Minute), Kind: history.Node, Title: "NodeNotReady", Message: "node-c", Bad: true})
	want := []history.Event{
		{At: start.Add(-time.Minute), Kind: history.Node, Title: "NodeNotReady", Message: "node-c", Bad: true},
		{At: start, Kind: history.Decision, Title: "Jail", Message: "jailed the agent", Evidence: []string{"58 of 60 seats"}, Outcome: "in force after 400 ms"},
	}
	if diff := cmp.Diff(want, s.Events(acme)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	rapid.Check(t, func(t *rapid.T) {
		s, n := history.New(), 0
		for i := range rapid.IntRange(1, 500).Draw(t, "events") {
			s.Note(acme, history.Event{
				At: start.Add(time.Duration(rapid.IntRange(-1000, 1000).Draw(t, "at")) * time.Second), Kind: history.Alarm, Title: strconv.Itoa(i),
				Message: strings.Repeat("ö", rapid.IntRange(0, 2000).Draw(t, "long")), Evidence: []string{strings.Repeat("x", 5000)},
			})
		}
		events := s.Events(acme)
		for i, e := range events {
			n += len(e.Title) + len(e.Message) + len(strings.Join(e.Evidence, ""))
			if i > 0 && e.At.Before(events[i-1].At) {
				t.Fatalf("%v comes after %v", e.At, events[i-1].At)
			}
		}
		if len(events) > 200 || n > 64<<10 {
			t.Fatalf("%d events of %d bytes", len(events), n)
		}
	})
}

// Many may use it at once, and nil remembers nothing.
func TestManyAtOnce(t *testing.T) {
	s := history.New()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for m := range 200 {
				s.Add(acme, start.Add(time.Duration(m*i)*time.Second), history.None())
				s.Note(acme, history.Event{At: start, Title: strconv.Itoa(m)})
				s.Series(acme, start)
				s.Events(acme)
			}
		})
	}
	all.Wait()
	s.Drop(acme)
	if _, any := s.Latest(acme); any || s.Series(acme, start) != nil || s.Events(acme) != nil {
		t.Error("what was dropped is remembered")
	}
	var none *history.Store
	none.Add(acme, start, history.None())
	none.Note(acme, history.Event{})
	none.Drop(acme)
	if none.Series(acme, start) != nil || none.Events(acme) != nil {
		t.Error("nil remembers something")
	}
}
