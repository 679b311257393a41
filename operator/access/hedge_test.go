// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// stand is a replica of which a test decides what it answers.
type stand struct {
	*httptest.Server
	asked, broken atomic.Int64
}

func newStand(t *testing.T, answer http.HandlerFunc) *stand {
	t.Helper()
	s := &stand{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice that the client is gone
		answer(w, r)
		if r.Context().Err() != nil {
			s.broken.Add(1)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func says(code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}
}

func stuck(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestHedge(t *testing.T) {
	const soon, never = 10 * time.Millisecond, time.Minute
	for _, c := range []struct {
		name        string
		pause       time.Duration
		method, how string
		replicas    []http.HandlerFunc
		want        string
		asked       []int64
	}{
		{"the first answers in time", never, http.MethodGet, "", []http.HandlerFunc{says(200, "a"), says(200, "b")}, "200 a", []int64{1, 0}},
		{"the first is stuck", soon, http.MethodDelete, "", []http.HandlerFunc{stuck, says(200, "b")}, "200 b", []int64{1, 1}},
		{"two are stuck", soon, http.MethodPatch, "application/apply-patch+yaml", []http.HandlerFunc{stuck, stuck, says(201, "c")}, "201 c", []int64{1, 1, 1}},
		{"the first is too busy", never, http.MethodGet, "", []http.HandlerFunc{says(429, "a"), says(200, "b")}, "200 b", []int64{1, 1}},
		{"the first fails", never, http.MethodGet, "", []http.HandlerFunc{says(500, "a"), says(200, "b")}, "200 b", []int64{1, 1}},
		{"a refusal is an answer", never, http.MethodGet, "", []http.HandlerFunc{says(409, "a"), says(200, "b")}, "409 a", []int64{1, 0}},
		{"all fail", never, http.MethodGet, "", []http.HandlerFunc{says(500, "a"), says(503, "b")}, "503 b", []int64{1, 1}},
		{"not to be repeated", soon, http.MethodPost, "", []http.HandlerFunc{says(500, "a"), says(200, "b")}, "500 a", []int64{1, 0}},
		{"a patch that depends on the state", never, http.MethodPatch, "application/json-patch+json", []http.HandlerFunc{says(500, "a"), says(200, "b")}, "500 a", []int64{1, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stands []*stand
			var addresses []string
			for _, answer := range c.replicas {
				s := newStand(t, answer)
				stands, addresses = append(stands, s), append(addresses, s.Listener.Addr().String())
			}
			client := &http.Client{Transport: Hedge(http.DefaultTransport, func() []string { return addresses }, c.pause)}
			request, err := http.NewRequestWithContext(t.Context(), c.method, "http://replica/x", strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", c.how)
			if got := answerOf(t, client, request); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			var asked []int64
			for _, s := range stands {
				asked = append(asked, s.asked.Load())
			}
			if !slices.Equal(asked, c.asked) {
				t.Errorf("asked %v times, want %v", asked, c.asked)
			}
		})
	}
}

func answerOf(t *testing.T, client *http.Client, request *http.Request) string {
	t.Helper()
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.Status[:3] + " " + string(body)
}

// Every replica is sent all of the body, and whoever is late is let off.
func TestHedgeSendsTheBodyToAllAndBreaksOffTheRest(t *testing.T) {
	first := newStand(t, stuck)
	second := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	defer second.Close()
	addresses := []string{first.Listener.Addr().String(), second.Listener.Addr().String()}
	client := &http.Client{Transport: Hedge(http.DefaultTransport, func() []string { return addresses }, time.Millisecond)}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "http://replica/x", strings.NewReader("all of it"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/apply-patch+yaml")
	if got := answerOf(t, client, request); got != "200 all of it" {
		t.Errorf("the second got %q", got)
	}
	for deadline := time.Now().Add(10 * time.Second); first.broken.Load() == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the first is still at work")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestHedgeWithNowhereToGo(t *testing.T) {
	client := &http.Client{Transport: Hedge(http.DefaultTransport, func() []string { return nil }, time.Second)}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://replica/x", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err == nil {
		_ = response.Body.Close()
	}
	if !errors.Is(err, ErrNoAddress) {
		t.Errorf("error %v", err)
	}
}
