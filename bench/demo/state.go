// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"math"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/bench/live"
	agent "evenkeel.dev/evenkeel/bench/load/offender"
	"evenkeel.dev/evenkeel/bench/stage"
)

// phases is how many parts the live view counts.
const phases = 10

// state is what the live view shows, filled by the run as it goes.
type state struct {
	title string
	began time.Time

	mu      sync.Mutex
	name    string
	number  int
	entered time.Time
	ends    time.Time
	note    string
	victims *stage.Victims
	agent   *agent.Offender
	profile *stage.Profile
	seconds stage.Seconds
}

func newState(title string, began time.Time) *state {
	return &state{title: title, began: began, entered: began}
}

// phase begins a part of the run; length zero is open-ended.
func (s *state) phase(name string, length time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name != s.name && name != "calm" {
		s.number++
	}
	s.name, s.note, s.entered, s.ends = name, "", time.Now(), time.Time{}
	if length > 0 {
		s.ends = s.entered.Add(length)
	}
}

// progress notes how far a part of the run has come.
func (s *state) progress(verb string, done, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note = fmt.Sprintf(" (%s %d of %d)", verb, done, total)
}

func (s *state) watch(v *stage.Victims) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.victims, s.seconds = v, stage.SecondsOf(v, time.Now())
}

func (s *state) offend(a *agent.Offender) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.agent = a
}

func (s *state) follow(p *stage.Profile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.profile = p
}

// view is the state as it is now.
func (s *state) view() live.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	v := live.State{
		Title: s.title, Elapsed: now.Sub(s.began),
		Phase:        live.Phase{Name: s.name + s.note, Number: s.number, Of: max(phases, s.number), Left: -1},
		Victims:      live.Victims{P50: math.NaN(), P99: math.NaN()},
		OffenderRate: math.NaN(), OffenderRefused: math.NaN(),
	}
	if !s.ends.IsZero() {
		v.Phase.Left = max(0, s.ends.Sub(now))
	}
	if s.victims != nil {
		v.Victims = s.seconds.View(now, s.entered)
	}
	if s.agent != nil {
		c := s.agent.Window(now.Add(-2*time.Second), now)
		v.OffenderRate, v.OffenderRefused = c.Rate, float64(c.Rejected)/2
	}
	if s.profile != nil {
		seen, _ := s.profile.Now()
		stage.Show(&v, seen)
	}
	return v
}
