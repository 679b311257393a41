// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Kind is what goes wrong.
type Kind string

// The kinds of faults.
const (
	// Zone cuts the power of a zone's node, and has it return.
	Zone Kind = "zone"
	// Member, APIServer and Operator kill one process of these with SIGKILL.
	Member    Kind = "member"
	APIServer Kind = "apiserver"
	Operator  Kind = "operator"
)

// Kinds are all of them, in the order in which each is played once.
func Kinds() []Kind { return []Kind{APIServer, Member, Operator, Zone} }

// ParseKinds reads the names of kinds.
func ParseKinds(names []string) (kinds []Kind, err error) {
	for _, n := range names {
		if !slices.Contains(Kinds(), Kind(n)) {
			return nil, fmt.Errorf("there is no fault of the kind %q: there are %s", n, strings.Trim(fmt.Sprint(Kinds()), "[]"))
		}
		kinds = append(kinds, Kind(n))
	}
	return kinds, nil
}

// script says which fault is next: each kind once, and from then on any of them. The same
// seed gives the same faults.
type script struct {
	kinds  []Kind
	played int
	random *rand.Rand
}

func newScript(only []Kind, seed uint64) *script {
	s := &script{random: rand.New(rand.NewPCG(seed, 0))} //nolint:gosec // it is to repeat
	for _, k := range Kinds() {
		if len(only) == 0 || slices.Contains(only, k) {
			s.kinds = append(s.kinds, k)
		}
	}
	return s
}

// next is the kind of the next fault, and a number that chooses among what it may hit.
func (s *script) next() (k Kind, draw int, scripted bool) {
	draw = s.random.IntN(1 << 16)
	if s.played < len(s.kinds) {
		s.played++
		return s.kinds[s.played-1], draw, true
	}
	return s.kinds[s.random.IntN(len(s.kinds))], draw, false
}
