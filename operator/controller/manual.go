// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// manual are the sentences of the spec as the recommender takes them.
func manual(all []v1alpha1.ManualSentence) []plane.Manual {
	var out []plane.Manual
	for _, s := range all {
		m := plane.Manual{Client: ManualClient(s), Grade: plane.Grade{Kind: plane.GradeOne}, Reason: s.Reason}
		switch s.Grade {
		case "none":
			m.Grade.Kind = plane.GradeNone
		case "seats":
			m.Grade = plane.Grade{Kind: plane.GradeSeats, Seats: max(1, value(s.Seats))}
		}
		if s.Until != nil {
			m.Until = s.Until.UTC()
		}
		out = append(out, m)
	}
	return out
}

// ManualClient is whom a sentence of the spec is on; its SentenceName is the
// sentence's name.
func ManualClient(s v1alpha1.ManualSentence) plane.Client {
	verbs := slices.Compact(slices.Sorted(slices.Values(s.Verbs)))
	c := plane.Client{
		User: s.User, Verb: strings.Join(verbs, ","), Group: s.APIGroup, Resource: s.Resource,
		Namespaced: s.Scope == v1alpha1.ScopeNamespaced,
	}
	if a := s.ServiceAccount; a != nil {
		c.User = "system:serviceaccount:" + a.Namespace + ":" + a.Name
	}
	if c.Resource == plane.All {
		c.Group, c.Namespaced = plane.All, false
	}
	return c
}
