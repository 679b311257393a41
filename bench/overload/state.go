// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"fmt"
	"math"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/bench/live"
	"evenkeel.dev/evenkeel/bench/load"
	"evenkeel.dev/evenkeel/bench/load/swarm"
	"evenkeel.dev/evenkeel/bench/stage"
)

// state is what the live view shows.
type state struct {
	began time.Time

	mu       sync.Mutex
	title    string
	name     string
	number   int
	entered  time.Time
	ends     time.Time
	classes  []*swarm.Class
	victims  *stage.Victims
	profile  *stage.Profile
	seconds  stage.Seconds
	previous string
}

func newState(began time.Time) *state { return &state{began: began, entered: began, title: "overload"} }

// phase begins a part of a scenario; length zero is open-ended.
func (s *state) phase(scenario, name string, length time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if scenario != "" && scenario != s.previous {
		s.previous, s.number, s.title = scenario, 0, "overload: "+scenario
	}
	s.name, s.entered, s.ends = name, time.Now(), time.Time{}
	s.number++
	if length > 0 {
		s.ends = s.entered.Add(length)
	}
}

// progress says how far a part has come.
func (s *state) progress(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.name = fmt.Sprintf(format, args...)
}

func (s *state) watch(v *stage.Victims) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.victims, s.seconds = v, stage.SecondsOf(v, time.Now())
}

func (s *state) follow(p *stage.Profile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.profile = p
}

func (s *state) loose(classes []*swarm.Class) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.classes = classes
}

// view is the state as it is now.
func (s *state) view() live.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	v := live.State{
		Title: s.title, Elapsed: now.Sub(s.began),
		Phase:        live.Phase{Name: s.name, Number: s.number, Of: s.number, Left: -1},
		Victims:      live.Victims{P50: math.NaN(), P99: math.NaN()},
		OffenderRate: math.NaN(), OffenderRefused: math.NaN(),
	}
	if !s.ends.IsZero() {
		v.Phase.Left = max(0, s.ends.Sub(now))
	}
	if s.victims != nil {
		v.Victims = s.seconds.View(now, s.entered)
	}
	if len(s.classes) > 0 {
		var all load.Stats
		for _, c := range s.classes {
			w := c.Recorder.Window(now.Add(-4*time.Second), now.Add(-2*time.Second))
			all.Count += w.Count - w.Failed - w.Rejected
			all.Rejected += w.Rejected
		}
		v.OffenderName, v.OffenderRate, v.OffenderRefused = "the load", float64(all.Count)/2, float64(all.Rejected)/2
	}
	if s.profile != nil {
		seen, _ := s.profile.Now()
		stage.Show(&v, seen)
	}
	return v
}
