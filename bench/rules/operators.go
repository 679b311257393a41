// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"
)

// running are operator replicas of which one leads.
func running(leader string, names ...string) phase {
	return phase{operators: operators{Leader: leader, Runs: strings.Join(names, " ")}}
}

// operatorRestarts has both operator replicas gone for 50 s, as with a node that both were on.
func (s *story) operatorRestarts() []phase {
	return []phase{s.closely(50*time.Second, running("none", "none"))}
}

// leaderIsKilled has the standby lead once the Lease has run out; the other is back before.
func (s *story) leaderIsKilled() []phase {
	all := []phase{s.closely(3*time.Second, running("none", s.standby)), s.closely(17*time.Second, running("none", s.leader, s.standby))}
	s.leader, s.standby = s.standby, s.leader
	return all
}

// operatorRollsOut replaces both operator replicas by new ones with other names. The old leader
// lets go of the Lease as it ends, or is killed before it could.
func (s *story) operatorRollsOut() []phase {
	name := func() string {
		s.named++
		return fmt.Sprintf("evenkeel-%d", s.named-1)
	}
	was, one, two := s.leader, name(), name()
	lapse := 3 * time.Second
	if s.r.IntN(2) == 0 {
		lapse = 35 * time.Second // 15 of the Lease, and 20 for which who has just begun leaves the lead to others
	}
	all := []phase{
		s.closely(30*time.Second, running(was, was, s.standby, one)),
		s.closely(30*time.Second, running(was, was, one, two)),
		s.closely(lapse, running("none", one, two)),
	}
	s.leader, s.standby = one, two
	return all
}

// hostIsAway has the host cluster's API away for 43 s: the leader ends its process, and nobody
// leads until it is back.
func (s *story) hostIsAway() []phase {
	away := func(p phase) phase {
		p.Host = "down"
		return p
	}
	all := []phase{
		s.closely(10*time.Second, away(running(s.leader, s.leader, s.standby))),
		s.closely(3*time.Second, away(running("none", s.standby))),
		s.closely(30*time.Second, away(running("none", s.leader, s.standby))),
	}
	s.leader, s.standby = s.standby, s.leader
	return all
}
