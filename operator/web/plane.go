// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
)

// ofPlane hands a request on with its control plane. The right is asked for before anything
// is looked up: whoever has none learns nothing, not even by the time it takes.
func (s *Server) ofPlane(next func(http.ResponseWriter, *http.Request, *user, *v1alpha1.ControlPlaneProfile)) func(http.ResponseWriter, *http.Request, *user) {
	return func(w http.ResponseWriter, r *http.Request, u *user) {
		key := types.NamespacedName{Namespace: r.PathValue("namespace"), Name: r.PathValue("name")}
		if len(validation.IsDNS1123Label(key.Namespace)) > 0 || len(validation.IsDNS1123Subdomain(key.Name)) > 0 {
			s.refuse(w, r)
			return
		}
		allowed, err := s.gate.may(r.Context(), u, "get", key.Namespace, key.Name)
		if err != nil {
			s.unseen(w, r, err)
			return
		}
		if !allowed {
			s.refuse(w, r)
			return
		}
		var p v1alpha1.ControlPlaneProfile
		err = s.config.Profiles.Get(r.Context(), key, &p)
		switch {
		case apierrors.IsNotFound(err):
			s.fail(w, r, http.StatusNotFound, "No such control plane", "There is no ControlPlaneProfile of this name in this namespace.")
		case err != nil:
			s.unseen(w, r, err)
		default:
			next(w, r, u, &p)
		}
	}
}

// planePage is what the page of a control plane shows.
type planePage struct {
	page
	*row
	Range  string
	Ranges []choice
	// Notes say what is missing, and why.
	Notes  []string
	Say    advice
	Strip  template.HTML
	Charts []drawn
	// Seen is whether any chart has something to show.
	Seen     bool
	Entries  []entry
	Zones    []zone
	Doors    []door
	Members  []member
	Sizes    []size
	Plan     *v1alpha1.PlanStatus
	Class    *v1alpha1.AvailabilityStatus
	Prisoner []v1alpha1.OffenderStatus
	Month    month
	Failing  []condition
	Holding  []condition
}

type choice struct {
	Name string
	Now  bool
}

// made is the page of a control plane now.
func (s *Server) made(r *http.Request, u *user, p *v1alpha1.ControlPlaneProfile) planePage {
	key := types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
	out := planePage{page: s.page(r, u, p.Name+" – "+p.Namespace), row: rowOf(p, s.heard(key)), Plan: p.Status.Plan, Class: p.Status.Availability}
	length := ranges[0].length
	out.Range = ranges[0].Name
	for _, one := range ranges {
		if one.past && s.config.Past == nil {
			continue
		}
		if r.URL.Query().Get("range") == one.Name {
			length, out.Range = one.length, one.Name
		}
	}
	for _, one := range ranges {
		if !one.past || s.config.Past != nil {
			out.Ranges = append(out.Ranges, choice{one.Name, one.Name == out.Range})
		}
	}
	out.Live = fmt.Sprintf("/live/cp/%s/%s?range=%s", p.Namespace, p.Name, out.Range)
	when := spanOf(out.Now, length)
	points := s.points(r.Context(), key, when, &out.Notes)
	out.Entries = timeline(p.Status.Decisions, s.config.History.Events(key))
	at := marks(out.Entries, when)
	out.Strip = strip(points, when, at)
	for _, c := range charts {
		d := c.draw(points, when, at)
		out.Charts, out.Seen = append(out.Charts, d), out.Seen || d.Seen
	}
	out.state(p)
	out.probed(s.doors(key))
	l, _ := s.ledger(r.Context(), key, &out.Notes) // that it cannot be read is among the notes
	out.Month = monthOf(l, targetOf(p), out.Now, out.Now)
	out.Say = advise(p, out.row, out.Entries)
	return out
}

// points are those of a span: the operator's own, or of a store for what was before it.
func (s *Server) points(ctx context.Context, key types.NamespacedName, when span, notes *[]string) []history.Point {
	own := s.config.History.Series(key, when.since.Add(-step))
	begins := when.until
	if len(own) > 0 {
		begins = own[0].At
	}
	if s.config.Past != nil && begins.Sub(when.since) > 2*coarse {
		before, err := s.before(ctx, key, when, begins)
		if err != nil {
			s.log.Error(err, "The store of metrics does not answer", "profile", key)
			*notes = append(*notes, "The store of metrics does not answer: charts show what this operator remembers itself.")
		} else {
			own = slices.Concat(before, own)
		}
	}
	if len(own) == 0 {
		*notes = append(*notes, "This operator remembers nothing of this control plane yet. Measurements are with the operator replica that leads, from its start on.")
	}
	return own
}

// coarse is the longest step of the operator's own memory.
const coarse = 5 * time.Minute

func (s *Server) showPlane(w http.ResponseWriter, r *http.Request, u *user, p *v1alpha1.ControlPlaneProfile) {
	s.write(w, r, http.StatusOK, "plane.html", s.made(r, u, p))
}

// livePlane is what of a control plane's page may have changed, by the ids of its sections.
func (s *Server) livePlane(w http.ResponseWriter, r *http.Request, u *user, p *v1alpha1.ControlPlaneProfile) {
	made, out := s.made(r, u, p), map[string]template.HTML{}
	for _, name := range []string{"now", "charts", "timeline", "parts", "sla"} {
		html, err := part(name, made)
		if err != nil {
			s.unseen(w, r, err)
			return
		}
		out[name] = html
	}
	s.writeJSON(w, r, out)
}
