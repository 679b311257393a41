// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"fmt"
	"time"
)

// GradeKind is how hard a sentence is.
type GradeKind string

// The grades, from mild to hard.
const (
	// GradeSeats leaves the client a few seats, each one request wide.
	GradeSeats GradeKind = "seats"
	// GradeOne runs one request at a time and rejects the others.
	GradeOne GradeKind = "one"
	// GradeNone runs none: one waits its turn in vain, the others are rejected.
	GradeNone GradeKind = "none"
)

// Grade is what a sentence leaves to the client, per replica.
type Grade struct {
	Kind GradeKind
	// Seats counts for GradeSeats alone.
	Seats int
}

// String is the grade as status and annotations show it.
func (g Grade) String() string {
	if g.Kind == GradeSeats {
		return fmt.Sprintf("seats=%d", g.Seats)
	}
	return string(g.Kind)
}

// Words are the grade as people read it in reasons.
func (g Grade) Words() string {
	switch g.Kind {
	case GradeSeats:
		if g.Seats == 1 {
			return "one seat a replica"
		}
		return fmt.Sprintf("%d seats a replica", g.Seats)
	case GradeOne:
		return "one request at a time"
	case GradeNone:
		return "no requests"
	default:
		return string(g.Kind)
	}
}

// Phase is where a sentence stands.
type Phase string

// The phases of a sentence.
const (
	// PhaseRecommended is decided but not carried out.
	PhaseRecommended Phase = "Recommended"
	// PhaseJailed is carried out.
	PhaseJailed Phase = "Jailed"
	// PhaseParole is the end of a term, in which the seats double step by step.
	PhaseParole Phase = "Parole"
	// PhaseReleased is over; it is remembered for the sake of relapses.
	PhaseReleased Phase = "Released"
	// PhaseCannotBeJailed names a client that must not be jailed.
	PhaseCannotBeJailed Phase = "CannotBeJailed"
)

// Sentence is what, why and until when. It is kept as JSON in an annotation of
// the flow schema that carries it out.
type Sentence struct {
	Name   string `json:"name"`
	Client Client `json:"client"`
	Phase  Phase  `json:"phase"`
	Grade  Grade  `json:"grade"`
	// Hardest is the grade that held the client before parole: a relapse returns
	// to it at once.
	Hardest Grade `json:"hardest"`
	// Since is when the term began, Until when it ends.
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Term is the length of the sentence; each relapse doubles it.
	Term time.Duration `json:"term"`
	// Regraded is when the grade last changed.
	Regraded time.Time `json:"regraded"`
	// Pardoned is until when a person wants the client left alone; zero unless its
	// sentence was deleted by hand.
	Pardoned time.Time `json:"pardoned,omitzero"`
	// Count is how many sentences the client has had, this one included.
	Count int `json:"count"`
	// Written is when the sentence was last seen to have been written; zero while
	// it has not.
	Written time.Time `json:"written,omitzero"`
	// InForce is when the present grade was in force on every ready replica;
	// zero while it is not. It is seen, not decided.
	InForce time.Time `json:"inForce,omitzero"`
	// Drained is when the client had no request left outside the jail, after the
	// present grade came into force; zero while it has. It is seen, not decided.
	Drained time.Time `json:"drained,omitzero"`
	// Relieved is when nobody suffered any more under the present grade, once it
	// had settled; zero while somebody has. It is seen, not decided.
	Relieved time.Time `json:"relieved,omitzero"`
	// Manual is true for a sentence that stands in the profile: it is neither eased
	// nor made harder, and Until is zero when it ends only by being taken out.
	Manual bool `json:"manual,omitempty"`
	// Reason is the text of the decision that passed it.
	Reason string `json:"reason"`
}

// Manual is a sentence as a person writes it into the profile.
type Manual struct {
	Client Client
	Grade  Grade
	// Until is when it ends; zero when it ends by being taken out of the profile.
	Until time.Time
	// Reason is the person's own text.
	Reason string
}

// Active is true while the sentence has objects in the tenant.
func (s Sentence) Active() bool { return s.Phase == PhaseJailed || s.Phase == PhaseParole }
