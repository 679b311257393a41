// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// firstRows are sent with the head of the page, which fills a screen before the others are
// there.
const firstRows = 40

// totals are the fleet in a line.
type totals struct {
	All, Down, Unseen, Jailed, Blind, Problems int
}

func totalsOf(rows []*row) (t totals) {
	t.All = len(rows)
	for _, r := range rows {
		if r.Down {
			t.Down++
		}
		if r.Unseen {
			t.Unseen++
		}
		if r.Jailed > 0 {
			t.Jailed++
		}
		if r.Blind > 0 {
			t.Blind++
		}
		if r.Problem() {
			t.Problems++
		}
	}
	return t
}

type fleetPage struct {
	page
	Totals   totals
	Query    string
	Problems bool
	Version  int64
	Shown    int
}

// visible are the rows of the fleet that a user may see.
func (s *Server) visible(r *http.Request, u *user) (*view, []*row, error) {
	v, err := s.view(r.Context())
	if err != nil {
		return nil, nil, err
	}
	may, err := s.gate.scope(r.Context(), u, v.namespaces)
	if err != nil {
		return nil, nil, err
	}
	return v, slices.DeleteFunc(slices.Clone(v.rows), func(r *row) bool { return !may(r.Namespace) }), nil
}

func (s *Server) showFleet(w http.ResponseWriter, r *http.Request, u *user) {
	v, rows, err := s.visible(r, u)
	if err != nil {
		s.unseen(w, r, err)
		return
	}
	p := fleetPage{page: s.page(r, u, "Control planes"), Totals: totalsOf(rows), Query: cut(r.URL.Query().Get("q"), 200), Problems: r.URL.Query().Get("problems") != "", Version: v.version}
	p.Live = "/live/fleet"
	shown := slices.DeleteFunc(rows, func(r *row) bool {
		return p.Problems && !r.Problem() || !strings.Contains(r.ID(), strings.ToLower(strings.TrimSpace(p.Query)))
	})
	p.Shown = len(shown)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	compress(w, r, http.StatusOK, func(out writer) error {
		if err := pages.ExecuteTemplate(out, "fleet-head", p); err != nil {
			return fmt.Errorf("writing the fleet: %w", err)
		}
		for i, r := range shown {
			if _, err := io.WriteString(out, string(r.html)); err != nil {
				return fmt.Errorf("writing the fleet: %w", err)
			}
			if i == firstRows {
				if err := out.Flush(); err != nil {
					return fmt.Errorf("writing the fleet: %w", err)
				}
			}
		}
		return pages.ExecuteTemplate(out, "fleet-foot", p)
	})
}

// liveFleet is what has changed in the fleet since a version of it.
type liveFleet struct {
	// Version is to be asked for the next time.
	Version string        `json:"version"`
	Totals  template.HTML `json:"totals"`
	// Order are all rows by their names, the worst first; without it the order is as it was.
	Order []string `json:"order,omitempty"`
	// Rows are those that have changed.
	Rows map[string]template.HTML `json:"rows,omitempty"`
}

func (s *Server) liveFleet(w http.ResponseWriter, r *http.Request, u *user) {
	v, rows, err := s.visible(r, u)
	if err != nil {
		s.unseen(w, r, err)
		return
	}
	out := liveFleet{Version: strconv.FormatInt(v.version, 10), Rows: map[string]template.HTML{}}
	if out.Totals, err = part("totals", totalsOf(rows)); err != nil {
		s.unseen(w, r, err)
		return
	}
	since, err := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	if err != nil {
		since = 0
	}
	for _, one := range rows {
		if one.changed > since {
			out.Rows[one.ID()] = one.html
		}
	}
	if since != v.version {
		for _, one := range rows {
			out.Order = append(out.Order, one.ID())
		}
	}
	s.writeJSON(w, r, out)
}

// unseen answers where the fleet cannot be shown.
func (s *Server) unseen(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errSilent) {
		s.silent(w, r, err)
		return
	}
	s.log.Error(err, "The dashboard cannot read the fleet")
	s.fail(w, r, http.StatusServiceUnavailable, "No answer", "Control planes cannot be read now; try again in a moment.")
}

// cut is text of bounded length.
func cut(text string, most int) string {
	if len(text) > most {
		text = text[:most]
	}
	return plain(text)
}

// known tells whether a condition is True or False.
func known(c metav1.Condition) bool { return c.Status != metav1.ConditionUnknown }
