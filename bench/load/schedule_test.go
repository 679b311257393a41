// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load"
)

// drive sends small requests on a schedule to the handler for a while.
func drive(t *testing.T, rate float64, d time.Duration, h http.HandlerFunc) *load.Recorder {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	conn, err := load.NewConn(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	r := load.NewRecorder()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	err = load.Schedule(ctx, rate, func(_ context.Context, due time.Time, _ int) {
		// Not the schedule's context: these requests may outlive it.
		deadline, cancel := context.WithDeadline(t.Context(), due.Add(2*time.Second))
		defer cancel()
		request, err := http.NewRequestWithContext(deadline, http.MethodGet, conn.Base, http.NoBody)
		if err != nil {
			t.Error(err)
			return
		}
		conn.Measure(t.Context(), request, r.Begin(due))
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAStallIsInEveryRequestThatWasDueInIt(t *testing.T) {
	begin := time.Now()
	until := begin.Add(600 * time.Millisecond)
	r := drive(t, 100, time.Second, func(http.ResponseWriter, *http.Request) {
		time.Sleep(time.Until(until)) // a stalled server, not a condition awaited
	})
	samples := r.Samples()
	if n := len(samples); n < 95 || n > 101 {
		t.Errorf("%d requests in a second at 100/s: the schedule did not keep its rate", n)
	}
	for _, s := range samples {
		if stall := until.Sub(s.At); s.Latency < stall {
			t.Errorf("due %v after the start: latency %v hides a stall of %v", s.At.Sub(begin), s.Latency, stall)
		}
	}
	all := r.Window(begin, time.Now())
	if all.P50 < 20*time.Millisecond || all.Failed > 0 {
		t.Errorf("p50 %v with %d failed: 60 of 100 requests fell into a stall of 600 ms", all.P50, all.Failed)
	}
}

func TestMeasureJudges(t *testing.T) {
	var n atomic.Int64
	statuses := []int{200, 429, 500, 504}
	r := drive(t, 40, 500*time.Millisecond, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(statuses[int(n.Add(1)-1)%len(statuses)])
	})
	want := map[int]load.Outcome{200: load.OK, 429: load.Rejected, 500: load.Failed, 504: load.TimedOut}
	seen := map[int]bool{}
	for _, s := range r.Samples() {
		seen[s.Status] = true
		if s.Outcome != want[s.Status] {
			t.Errorf("status %d is outcome %d, want %d", s.Status, s.Outcome, want[s.Status])
		}
	}
	if len(seen) != len(statuses) {
		t.Errorf("saw %v", seen)
	}
}

func TestMeasureDeadlineAndEnd(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	conn, err := load.NewConn(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	r := load.NewRecorder()
	measure := func(parent context.Context, deadline time.Duration) {
		ctx, cancel := context.WithTimeout(parent, deadline)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, conn.Base, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		conn.Measure(parent, request, r.Begin(time.Now()))
	}
	begin := time.Now()
	measure(t.Context(), 50*time.Millisecond)
	ended, end := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer end()
	measure(ended, time.Minute) // the run ends first: nothing can be said
	got := r.Window(begin, time.Now())
	if got.Count != 1 || got.TimedOut != 1 || got.Pending != 0 || got.Max < 50*time.Millisecond {
		t.Errorf("stats = %+v, want one timeout of 50 ms and nothing else", got)
	}
}

func TestScheduleRefusesNoRate(t *testing.T) {
	err := load.Schedule(t.Context(), 0, nil)
	if err == nil || err.Error() != "scheduling a load: the rate must be above 0, not 0" {
		t.Errorf("err = %v", err)
	}
}
