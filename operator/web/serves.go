// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
)

// freshFor is how old the begin of the newest step of the memory may be: its own length, and
// two more.
const freshFor = 3 * step

// heard is what this operator remembers of whether a control plane serves.
type heard struct {
	// verdict is the newest; Unknown where nothing is remembered: another operator leads, or
	// this one has only just begun.
	verdict history.Verdict
	// silent is since when nothing more was heard; zero while it was lately.
	silent time.Time
}

// heard is that of a control plane.
func (s *Server) heard(key types.NamespacedName) heard {
	last, any := s.config.History.Latest(key)
	if !any {
		return heard{}
	}
	h := heard{verdict: last.Verdict}
	if s.config.Now().Sub(last.At) > freshFor {
		h.silent = last.At.Add(step).UTC()
	}
	return h
}

// none is whether nothing is remembered.
func (h heard) none() bool { return h.verdict == history.Unknown && h.silent.IsZero() }

// serving judges whether a control plane serves, by the status and by what was heard. It is
// told to be up only by what was heard lately or, where nothing is remembered, by the status.
func (r *row) serving(s *v1alpha1.SLAStatus, h heard) {
	said := ""
	if s != nil {
		said = plain(s.Message)
	}
	r.Why = said
	fresh := h.silent.IsZero()
	switch {
	case s != nil && s.DownSince != nil:
		r.Down, r.Since = true, new(s.DownSince.UTC())
	case fresh && h.verdict == history.Down, h.verdict != history.Blind && said != "" && !notKnown(said):
		r.Down = true
	case fresh && h.verdict == history.Blind, said != "":
		r.Unseen = true
	case !fresh:
		r.Unseen, r.Why = true, "Nothing was heard of it since "+date(h.silent)+" UTC: the operator that shows this does not look at it any more."
	case h.none() && s == nil:
		r.Unseen, r.Why = true, "No probe of it was told of yet."
	}
	r.LastStatus = !r.Down && !r.Unseen && h.none()
}

// notKnown tells whether a message of the status says that nobody can tell, and not that it
// is down.
func notKnown(said string) bool {
	return strings.HasPrefix(said, "it is not known whether it serves") || said == "it is scaled to nothing"
}

// seeing tells whether every ready replica is observed now, and whether at least what the
// status says of seats is of now.
func (r *row) seeing(conditions []metav1.Condition, h heard) (all, some bool) {
	c := meta.FindStatusCondition(conditions, v1alpha1.ConditionObserved)
	if c == nil || r.Ready == 0 || !h.silent.IsZero() {
		return false, false
	}
	all = c.Status == metav1.ConditionTrue && r.Blind == 0
	return all, all || known(*c) && r.Blind < r.Ready
}
