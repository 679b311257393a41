// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package history

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Store remembers control planes, by namespace and name of their profiles. It may be used
// by many at once. A nil Store remembers nothing.
type Store struct {
	mu  sync.RWMutex
	all map[types.NamespacedName]*memory
}

// memory is what is remembered of one control plane.
type memory struct {
	mu           sync.Mutex
	fine, coarse ring
	events       []Event
}

// New is a store that remembers nothing yet.
func New() *Store { return &Store{all: map[types.NamespacedName]*memory{}} }

// Add remembers what was seen at a time.
func (s *Store) Add(key types.NamespacedName, at time.Time, sample Sample) {
	if s == nil {
		return
	}
	m := s.of(key)
	m.mu.Lock()
	defer m.mu.Unlock()
	r := pack(sample)
	m.fine.add(at, r)
	m.coarse.add(at, r)
}

// Note remembers what happened. The same thing told again within ten minutes is one, with
// the later outcome.
func (s *Store) Note(key types.NamespacedName, e Event) {
	if s == nil {
		return
	}
	m := s.of(key)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = note(m.events, e)
}

// Drop forgets a control plane.
func (s *Store) Drop(key types.NamespacedName) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, key)
}

// Series are the points from a time on, in the order of time: those of five minutes up to
// where those of thirty seconds begin, and then these. Steps in which nothing was seen are
// among them, with NaN.
func (s *Store) Series(key types.NamespacedName, since time.Time) []Point {
	m := s.look(key)
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.fine.any {
		return nil
	}
	end := time.Unix(0, (m.coarse.last+1)*int64(coarseStep))
	begins := m.fine.begins()
	within := begins.Truncate(coarseStep)
	if since.After(within) {
		return m.fine.points(nil, since, end)
	}
	// The step of five minutes that the fine ones begin in has seen more than they have.
	if !within.Equal(begins) {
		begins = within.Add(coarseStep)
	}
	return m.fine.points(m.coarse.points(nil, since, begins), begins, end)
}

// Latest is the newest point; false without any.
func (s *Store) Latest(key types.NamespacedName) (Point, bool) {
	m := s.look(key)
	if m == nil {
		return Point{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.fine.any {
		return Point{}, false
	}
	at := time.Unix(0, m.fine.last*int64(fineStep)).UTC()
	return Point{At: at, Sample: m.fine.rows[m.fine.at(m.fine.last)].sample()}, true
}

// Events are what happened, in the order of time.
func (s *Store) Events(key types.NamespacedName) []Event {
	m := s.look(key)
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events)
}

func (s *Store) look(key types.NamespacedName) *memory {
	if s == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.all[key]
}

// of is what is remembered of a control plane, from now on.
func (s *Store) of(key types.NamespacedName) *memory {
	if m := s.look(key); m != nil {
		return m
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.all[key]; m != nil {
		return m
	}
	rows := make([]row, fineSteps+coarseSteps) // one piece of memory, which wastes less than two
	m := &memory{fine: ring{step: fineStep, rows: rows[:fineSteps]}, coarse: ring{step: coarseStep, rows: rows[fineSteps:]}}
	s.all[key] = m
	return m
}
