// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"

	"evenkeel.dev/evenkeel/operator/web"
)

const formKind = "application/x-www-form-urlencoded"

func signIn(t *testing.T, c web.Config) (show func() int, again func()) {
	t.Helper()
	server := serve(t, c)
	again = func() {
		do(t, server, "POST", "/login", url.Values{"token": {"letmein"}, "next": {"/"}}.Encode(), "Content-Type", formKind)
	}
	got := do(t, server, "POST", "/login", url.Values{"token": {"letmein"}, "next": {"/"}}.Encode(), "Content-Type", formKind)
	cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
	return func() int { return do(t, server, "GET", "/", "", "Cookie", cookie).status }, again
}

// Strangers are asked about apart: where that is exhausted, a session goes on.
func TestStrangersTakeNothing(t *testing.T) {
	c := config(&reader{profiles: fleet(1)}, nil)
	c.Tokens, c.Strangers = tokens{}, tokens{errors.New("too many")}
	server := serve(t, c)
	if got := get(t, server, "/"); got.status != http.StatusServiceUnavailable {
		t.Errorf("a stranger is answered by %d", got.status)
	}
	c.Tokens, c.Strangers = tokens{errors.New("too many")}, tokens{}
	if got := get(t, serve(t, c), "/"); got.status != http.StatusOK {
		t.Errorf("a stranger takes from who is in: %d", got.status)
	}
}

// Whoever knocks while the host is silent does not fill the log.
func TestSilenceIsToldOnce(t *testing.T) {
	c, lines := config(&reader{profiles: fleet(1)}, nil), atomic.Int64{}
	c.Tokens, c.Log = tokens{errors.New("gone")}, funcr.New(func(_, _ string) { lines.Add(1) }, funcr.Options{})
	server := serve(t, c)
	for range 20 {
		get(t, server, "/")
	}
	if n := lines.Load(); n != 1 {
		t.Errorf("twenty pages are %d lines of the log", n)
	}
}

// Of too many sessions of one user his own oldest ends.
func TestSessionsOfOneUser(t *testing.T) {
	c, ticks := config(&reader{profiles: fleet(1)}, nil), atomic.Int64{}
	c.Now = func() time.Time { return now.Add(time.Duration(ticks.Add(1)) * time.Millisecond) }
	show, again := signIn(t, c)
	for range 19 {
		again()
	}
	if status := show(); status != http.StatusOK {
		t.Errorf("of twenty sessions the first is answered by %d", status)
	}
	again()
	if status := show(); status == http.StatusOK {
		t.Error("one user has more than twenty sessions")
	}
}

// Without TLS nobody else's name is served.
func TestAnotherName(t *testing.T) {
	server := serve(t, config(&reader{profiles: fleet(1)}, nil))
	for host, want := range map[string]int{"localhost:8082": 200, "127.0.0.1": 200, "127.9.9.9:1": 200, "[::1]:8082": 200, "evil.example:8082": 421, "localhost.evil.example": 421, "10.0.0.1": 421} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		r.Header.Set("Authorization", "Bearer letmein")
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if got.Body.Close() != nil || got.StatusCode != want {
			t.Errorf("%s is answered by %d, want %d", host, got.StatusCode, want)
		}
	}
}
