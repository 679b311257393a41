// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas

import "time"

const (
	// grace is how long a replica may be empty before that counts, and how long a demand
	// that is smoothed over minutes may count clients twice that have moved to it.
	grace = 5 * time.Minute
	// gap is for how long nothing may have been seen before what was seen is forgotten.
	gap = time.Minute
)

// Memory is what is kept from one look to the next. It is a value: nothing in it is
// changed in place. Its zero value has seen nothing.
type Memory struct {
	// Floor is what was decided last; 0 is nothing.
	Floor int
	// Points are the last minutes, oldest first.
	Points []Point
	// Needs are the highest needs of the last half hour, each lower and later than the one
	// before; Since is from when on they were looked at without a gap, Seen until when.
	Needs       []Need
	Since, Seen time.Time
	// Short is a need above the floor; nil while there is none.
	Short *Short
	// Refused is what the last look was refused for, in the words that it began with; nil
	// while nothing is.
	Refused *Refusal
	// Judged is when somebody was last judged, named or held.
	Judged time.Time
	// Lowered is when the floor was last lowered.
	Lowered time.Time
	// First is when each replica was first seen, by ID; zero for those of the first look.
	First map[string]time.Time
}

// Need is how many replicas were needed at a time.
type Need struct {
	At       time.Time
	Replicas int
}

// Short is since when more replicas are needed than the floor, in how many looks, and how
// many in each of them.
type Short struct {
	Since    time.Time
	Looks    int
	Replicas int
}

// young tells whether a replica has come lately.
func (m Memory) young(id string, now time.Time) bool {
	first, known := m.First[id]
	return !known || !first.IsZero() && now.Sub(first) < grace
}

// met keeps when each ready replica was first seen.
func (m Memory) met(replicas []Replica, now time.Time) Memory {
	if len(replicas) == 0 {
		return m // nothing was seen: nobody has gone
	}
	first := map[string]time.Time{}
	for _, r := range replicas {
		at, known := m.First[r.ID]
		if !known && m.First != nil {
			at = now
		}
		if known || r.Ready {
			first[r.ID] = at
		}
	}
	m.First = first
	return m
}

// needed keeps a need for the window of those that are looked at before the floor is
// lowered.
func (m Memory) needed(n int, now time.Time) Memory {
	if m.Seen.IsZero() || now.Sub(m.Seen) > gap {
		m.Since, m.Needs = now, nil
	}
	m.Seen = now
	var kept []Need
	for _, old := range m.Needs {
		if now.Sub(old.At) <= lowerAfter && old.Replicas > n {
			kept = append(kept, old)
		}
	}
	m.Needs = append(kept, Need{now, n})
	return m
}

// most is the highest need of the window; whole is whether all of it was seen.
func (m Memory) most(now time.Time) (n int, whole bool) {
	for _, old := range m.Needs {
		n = max(n, old.Replicas)
	}
	return n, !m.Since.IsZero() && now.Sub(m.Since) >= lowerAfter
}
