// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// seen hands a request on with whoever makes it. A browser without a session is sent to the
// page where it begins one, everybody else is told what is missing.
func (s *Server) seen(next func(http.ResponseWriter, *http.Request, *user)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, in := s.tokenOf(r)
		u, err := s.gate.who(r.Context(), token, in)
		switch {
		case err == nil:
			next(w, r, u)
		case !errors.Is(err, errNobody):
			s.silent(w, r, err)
		case r.Header.Get("Authorization") == "" && strings.Contains(r.Header.Get("Accept"), "text/html"):
			http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		default:
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "Show a token of the host cluster: Authorization: Bearer TOKEN.", http.StatusUnauthorized)
		}
	}
}

// tokenOf is the token that a request shows, by itself or by its session.
func (s *Server) tokenOf(r *http.Request) (token string, session bool) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", false
		}
		return strings.TrimSpace(token), false
	}
	if id := s.sessionOf(r); id != "" {
		token = s.sessions.token(id)
	}
	return token, token != ""
}

// tellSilent is how often is told that the host is silent: whoever asks must not fill a disk.
const tellSilent = 10 * time.Second

func (s *Server) silent(w http.ResponseWriter, r *http.Request, err error) {
	now := s.config.Now().UnixNano()
	if told := s.toldSilent.Load(); now-told >= int64(tellSilent) && s.toldSilent.CompareAndSwap(told, now) {
		s.log.Error(err, "Pages of the dashboard are not shown")
	}
	s.fail(w, r, http.StatusServiceUnavailable, "No answer", "The host cluster does not say who may see what. Without that nothing is shown; try again in a moment.")
}

// refuse is the one answer to whoever may not see: it does not tell what there is.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, http.StatusForbidden, "Not yours to see", "You may not get this ControlPlaneProfile, or there is none. Ask whoever runs the platform for the right to get controlplaneprofiles.evenkeel.dev in its namespace.")
}

type loginPage struct {
	page
	Next, Wrong string
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request) {
	s.write(w, r, http.StatusOK, "login.html", loginPage{page: s.page(r, nil, "Sign in"), Next: local(r.URL.Query().Get("next"))})
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 2*mostToken)
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, http.StatusBadRequest, "Too much", "That is no token.")
		return
	}
	token, next := strings.Join(strings.Fields(r.PostForm.Get("token")), ""), local(r.PostForm.Get("next"))
	u, err := s.gate.who(r.Context(), token, false)
	switch {
	case errors.Is(err, errNobody):
		s.write(w, r, http.StatusUnauthorized, "login.html", loginPage{page: s.page(r, nil, "Sign in"), Next: next, Wrong: "The host cluster does not know this token, or it has expired."})
		return
	case err != nil:
		s.silent(w, r, err)
		return
	}
	s.sessions.end(s.sessionOf(r))
	http.SetCookie(w, s.cookie(s.sessions.begin(token, u.Username), int(sessionFor.Seconds())))
	http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // local has seen to it that it stays here
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	s.sessions.end(s.sessionOf(r))
	http.SetCookie(w, s.cookie("", -1))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// local is a way within this server; / for anything that is none.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
