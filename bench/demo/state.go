// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"math"
	"sync"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/live"
	"evenkeel.dev/evenkeel/bench/load"
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
	// second is the next second of the victims' percentiles; done are those
	// before it.
	second time.Time
	done   []float64
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
	s.victims, s.second = v, time.Now().Truncate(time.Second).Add(time.Second)
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
		v.Victims = s.suffering(now)
	}
	if s.agent != nil {
		c := s.agent.Window(now.Add(-2*time.Second), now)
		v.OffenderRate, v.OffenderRefused = c.Rate, float64(c.Rejected)/2
	}
	if s.profile != nil {
		seen, _ := s.profile.Now()
		decisions(&v, seen)
	}
	return v
}

// suffering brings the victims' percentiles up to now, a second at a time.
func (s *state) suffering(now time.Time) live.Victims {
	for s.second.Add(time.Second).Before(now) {
		s.done = append(s.done, milliseconds(s.victims.Between(s.second, s.second.Add(time.Second))))
		s.second = s.second.Add(time.Second)
	}
	last := s.victims.Live(2 * time.Second)
	phase := s.victims.Between(s.entered, now)
	return live.Victims{
		PerSecond: s.done, P50: float64(last.P50.Microseconds()) / 1000, P99: milliseconds(last),
		Failed: phase.Failed + phase.Rejected,
	}
}

func milliseconds(s load.Stats) float64 {
	if s.Count == 0 && s.Pending == 0 || s.P99 == 0 {
		return math.NaN()
	}
	return float64(s.P99.Microseconds()) / 1000
}

func decisions(v *live.State, seen v1alpha1.ControlPlaneProfile) {
	if line := seen.Status.LoadLine; line != nil {
		v.LoadLine, v.Ceiling = int(line.Seats), int(line.Ceiling)
	}
	for _, r := range seen.Status.Replicas {
		v.Used = max(v.Used, int(r.UsedSeats))
	}
	for _, o := range seen.Status.Offenders {
		switch o.Phase {
		case v1alpha1.OffenderJailed, v1alpha1.OffenderParole:
			v.Jailed = append(v.Jailed, o.Client+" "+o.Grade)
			v.OffenderName = o.Client
		case v1alpha1.OffenderRecommended, v1alpha1.OffenderCannotBeJailed:
			v.OffenderName = o.Client
		case v1alpha1.OffenderReleased:
		}
	}
	if len(seen.Status.Decisions) > 0 {
		d := seen.Status.Decisions[0]
		v.Decision = live.Decision{At: d.Time.Time, Reason: d.Reason, Message: d.Message}
	}
}
