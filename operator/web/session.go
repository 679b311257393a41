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
	// mostOwn is how many sessions one user may have.
	mostOwn = 20
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
	token, user string
	until       time.Time
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, all: map[string]session{}}
}

// begin makes a session of a user's token. Of too many of his own the oldest ends, and of too
// many of all the oldest of whoever has the most.
func (s *sessions) begin(token, user string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	own := map[string]int{}
	for id, one := range s.all {
		if !one.until.After(now) {
			delete(s.all, id)
			continue
		}
		own[one.user]++
	}
	if own[user] >= mostOwn {
		s.evict(user)
	} else if len(s.all) >= mostSessions {
		most := user
		for name, n := range own {
			if n > own[most] {
				most = name
			}
		}
		s.evict(most)
	}
	id = rand.Text()
	s.all[id] = session{token: token, user: user, until: now.Add(sessionFor)}
	return id
}

// evict ends the oldest session of a user.
func (s *sessions) evict(user string) {
	first := ""
	for id, one := range s.all {
		if one.user == user && (first == "" || one.until.Before(s.all[first].until)) {
			first = id
		}
	}
	delete(s.all, first)
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
