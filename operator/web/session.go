// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"
)

const (
	sessionFor   = 8 * time.Hour
	mostSessions = 1000
)

// sessions are the browsers that have shown a token. The cookie holds a random name and
// nothing else: the token stays here, in memory, and is shown to the host cluster again and
// again, so that a session ends with its token.
type sessions struct {
	mu  sync.Mutex
	now func() time.Time
	all map[string]session
}

type session struct {
	token string
	until time.Time
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, all: map[string]session{}}
}

// begin makes a session of a token. Of too many the one that would end first ends.
func (s *sessions) begin(token string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for len(s.all) >= mostSessions {
		first := ""
		for id, one := range s.all {
			if !one.until.After(now) {
				delete(s.all, id)
			} else if first == "" || one.until.Before(s.all[first].until) {
				first = id
			}
		}
		if len(s.all) >= mostSessions {
			delete(s.all, first)
		}
	}
	id = rand.Text()
	s.all[id] = session{token: token, until: now.Add(sessionFor)}
	return id
}

// token is that of a session; empty without one.
func (s *sessions) token(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, is := s.all[id]
	if !is || !one.until.After(s.now()) {
		delete(s.all, id)
		return ""
	}
	return one.token
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, id)
}

// cookieName is the session cookie's. The prefix has browsers refuse one that somebody else
// has set; they take it with TLS only.
func (s *Server) cookieName() string {
	if s.secure {
		return "__Host-evenkeel"
	}
	return "evenkeel"
}

func (s *Server) cookie(value string, age int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure with TLS; without it the server listens on loopback alone
		Name: s.cookieName(), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode,
	}
}

// sessionOf is the session that a browser shows; empty without one.
func (s *Server) sessionOf(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil || len(c.Value) > 64 {
		return ""
	}
	return c.Value
}
