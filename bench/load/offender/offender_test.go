// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load/offender"
)

// run lets the offender loose on the handler, and returns it, its time and how
// many connections it opened.
func run(t *testing.T, o offender.Options, d time.Duration, h http.HandlerFunc) (*offender.Offender, time.Time, time.Time, int) {
	t.Helper()
	var conns atomic.Int64
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	o.Config = &rest.Config{Host: server.URL, BearerToken: "of-the-agent"}
	f, err := offender.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	from := time.Now()
	f.Run(ctx)
	return f, from, time.Now(), int(conns.Load())
}

func TestListsInAClosedLoop(t *testing.T) {
	body := strings.Repeat("x", 100_000)
	var served, wrong atomic.Int64
	f, from, to, conns := run(t, offender.Options{Clients: 4}, 300*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != "/api/v1/pods" || r.Header.Get("Accept") != "application/json" ||
			r.Header.Get("Authorization") != "Bearer of-the-agent" || r.Header.Get("Accept-Encoding") != "" {
			wrong.Add(1)
		}
		_, _ = w.Write([]byte(body))
		served.Add(1)
	})
	got := f.Window(from, to)
	if wrong.Load() > 0 {
		t.Errorf("%d requests were not plain lists of all pods by the agent", wrong.Load())
	}
	if got.OK < 20 || int64(got.OK) > served.Load() || served.Load()-int64(got.OK) > 4 || got.Rejected+got.Failed > 0 {
		t.Errorf("counts = %+v, served %d: all but those cut off must be counted", got, served.Load())
	}
	if got.Bytes != int64(got.OK)*100_000 {
		t.Errorf("bytes = %d of %d lists", got.Bytes, got.OK)
	}
	if want := float64(got.OK) / to.Sub(from).Seconds(); got.Rate != want {
		t.Errorf("rate = %v, want %v", got.Rate, want)
	}
	if conns != 4 {
		t.Errorf("%d connections, want one for each of 4 clients", conns)
	}
	if none := f.Window(to, to.Add(time.Second)); none != (offender.Counts{}) {
		t.Errorf("counts after the end: %+v", none)
	}
}

func TestRetryAfter(t *testing.T) {
	refuse := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	o := offender.Options{Clients: 2, Pause: 20 * time.Millisecond}
	f, from, to, _ := run(t, o, 400*time.Millisecond, refuse)
	if got := f.Window(from, to); got.Rejected != 2 || got.OK+got.Failed > 0 {
		t.Errorf("counts = %+v, want a refusal for each client: both wait for 30 s", got)
	}
	o.Impatient = true
	f, from, to, _ = run(t, o, 400*time.Millisecond, refuse)
	if got := f.Window(from, to); got.Rejected < 16 || got.Rejected > 42 || got.OK+got.Failed > 0 {
		t.Errorf("counts = %+v, want about 40 refusals: they wait 20 ms, not what Retry-After says", got)
	}
}

func TestCountsFailures(t *testing.T) {
	var n atomic.Int64
	f, from, to, _ := run(t, offender.Options{Clients: 1, Pause: time.Millisecond}, 200*time.Millisecond,
		func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1)%2 == 0 {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Length", "1000") // promises more than it gives
			_, _ = w.Write([]byte("short"))
		})
	if got := f.Window(from, to); got.OK != 0 || got.Failed < 4 {
		t.Errorf("counts = %+v, want failures only", got)
	}
}

func TestStopsAtOnce(t *testing.T) {
	var once sync.Once
	hung := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("the first bytes of a long list"))
		_ = http.NewResponseController(w).Flush()
		once.Do(func() { close(hung) })
		<-r.Context().Done()
	}))
	defer server.Close()
	f, err := offender.New(offender.Options{Config: &rest.Config{Host: server.URL}, Clients: 8})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Run(ctx)
	}()
	<-hung
	cancel()
	select {
	case <-done:
	case <-time.After(2 * time.Second):
		t.Fatal("still running 2 s after its context ended")
	}
	if got := f.Window(time.Time{}, time.Now()); got != (offender.Counts{}) {
		t.Errorf("counts = %+v: lists that were cut off say nothing", got)
	}
}

func TestNewNeedsAConfig(t *testing.T) {
	if _, err := offender.New(offender.Options{}); err == nil || err.Error() != "preparing the offender: no configuration" {
		t.Errorf("err = %v", err)
	}
}

// What was begun before a time is waited for, and what came after is not.
func TestDrained(t *testing.T) {
	gate := make(chan struct{})
	var asked atomic.Int64
	f, from, to, _ := run(t, offender.Options{Clients: 2}, 300*time.Millisecond, func(_ http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			select {
			case <-gate:
			case <-r.Context().Done():
			}
		}
	})
	defer close(gate)
	if at, ok := f.Drained(from); !ok || !at.IsZero() {
		t.Errorf("drained at %s, %v of what was begun before the start", at, ok)
	}
	if at, ok := f.Drained(to); ok {
		t.Errorf("drained at %s, while a list is stuck", at)
	}
	g, from, to, _ := run(t, offender.Options{Clients: 2}, 300*time.Millisecond, func(http.ResponseWriter, *http.Request) { time.Sleep(20 * time.Millisecond) })
	middle := from.Add(150 * time.Millisecond)
	if at, ok := g.Drained(middle); !ok || at.Before(middle.Add(-time.Millisecond)) || !at.Before(to.Add(-50*time.Millisecond)) {
		t.Errorf("drained %s after the start, %v; want soon after %s", at.Sub(from), ok, middle.Sub(from))
	}
}
