// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package history

import (
	"cmp"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Effect is what was left of the month's error budget when a decision was carried out, and a
// while after, as in "61%"; empty where that is not known, or not yet.
type Effect struct{ Before, After string }

// mostFigure bounds each of the two, in bytes.
const mostFigure = 8

func (e Effect) bounded() Effect { return Effect{cut(e.Before, mostFigure), cut(e.After, mostFigure)} }

// Effects has the decisions that were carried out take what tell says of their effect, by when
// that was and by what is known of it.
func (s *Store) Effects(key types.NamespacedName, tell func(applied time.Time, known Effect) Effect) {
	m := s.look(key)
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.events {
		e := &m.events[i]
		if e.Kind != Decision || !e.Applied {
			continue
		}
		if told := tell(e.AppliedAt, e.Effect); told != e.Effect {
			e.Effect = told.bounded()
		}
	}
	m.events = bound(m.events)
}

// effectWith is the effect of a decision that is told again: figures belong to the time at
// which it was carried out, and go with it.
func (e Event) effectWith(o Event) Effect {
	if !e.AppliedAt.Equal(o.AppliedAt) {
		return o.Effect
	}
	return Effect{cmp.Or(o.Effect.Before, e.Effect.Before), cmp.Or(o.Effect.After, e.Effect.After)}
}
