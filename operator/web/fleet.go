// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/sha256"
	"encoding/hex"
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
	// Asking is whether the host still has to say of some whether they may be seen.
	Asking bool
}

func (v seen) totals() totals {
	t := totalsOf(v.rows)
	t.Asking = !v.whole
	return t
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
	Version  string
	Shown    int
}

// visible are the rows of the fleet that a user may see.
func (s *Server) visible(r *http.Request, u *user) (seen, error) {
	v, err := s.view(r.Context())
	if err != nil {
		return seen{}, err
	}
	may, whole, err := s.gate.scope(r.Context(), u, v.namespaces)
	if err != nil {
		return seen{}, err
	}
	out := seen{rows: slices.DeleteFunc(slices.Clone(v.rows), func(r *row) bool { return !may(r.Namespace) }), version: v.version, whole: whole}
	out.set = s.setOf(out)
	return out, nil
}

// seen are the rows that a user may see. set names which they are and the process that shows
// them: a browser that has others gets all of them.
type seen struct {
	rows    []*row
	version int64
	set     string
	// whole is false while the host still has to say of some.
	whole bool
}

// setOf names a set of rows, whatever their order.
func (s *Server) setOf(of seen) string {
	ids := make([]string, 0, len(of.rows))
	for _, r := range of.rows {
		ids = append(ids, r.ID())
	}
	slices.Sort(ids)
	h := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	return s.process + hex.EncodeToString(h[:6])
}

// mark is what a browser says that it has.
func (v seen) mark() string { return strconv.FormatInt(v.version, 10) + "-" + v.set }

// since is the version that a browser has; 0 where it has other rows than these.
func (v seen) since(mark string) int64 {
	number, set, _ := strings.Cut(mark, "-")
	version, err := strconv.ParseInt(number, 10, 64)
	if err != nil || set != v.set {
		return 0
	}
	return version
}

func (s *Server) showFleet(w http.ResponseWriter, r *http.Request, u *user) {
	v, err := s.visible(r, u)
	if err != nil {
		s.unseen(w, r, err)
		return
	}
	rows := v.rows
	p := fleetPage{page: s.page(r, u, "Control planes"), Totals: v.totals(), Query: cut(r.URL.Query().Get("q"), 200), Problems: r.URL.Query().Get("problems") != "", Version: v.mark()}
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
	v, err := s.visible(r, u)
	if err != nil {
		s.unseen(w, r, err)
		return
	}
	out := liveFleet{Version: v.mark(), Rows: map[string]template.HTML{}}
	if out.Totals, err = part("totals", v.totals()); err != nil {
		s.unseen(w, r, err)
		return
	}
	since := v.since(r.URL.Query().Get("since"))
	for _, one := range v.rows {
		if one.changed > since {
			out.Rows[one.ID()] = one.html
		}
	}
	if since != v.version {
		for _, one := range v.rows {
			out.Order = append(out.Order, one.ID())
		}
	}
	s.writeJSON(w, r, out)
}

// unseen answers where the fleet or a control plane cannot be shown.
func (s *Server) unseen(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, errTooMuch):
		s.tooMuch(w, r)
	case errors.Is(err, errSilent):
		s.silent(w, r, err)
	default:
		s.log.Error(err, "The dashboard cannot read the fleet")
		s.fail(w, r, http.StatusServiceUnavailable, "No answer", "Control planes cannot be read now; try again in a moment.")
	}
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
