// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// script is a replica whose page a test changes as it goes.
type script struct {
	mu   sync.Mutex
	page []byte
	code int
	wait time.Duration
}

func (s *script) set(t *testing.T, l load) { s.text(t, l.text()) }

func (s *script) text(t *testing.T, text string) {
	t.Helper()
	body := asPage(t, text)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.page, s.code, s.wait = body, http.StatusOK, 0
}

func (s *script) fail(code int, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.code, s.wait = code, wait
}

func (s *script) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	page, code, wait := s.page, s.code, s.wait
	s.mu.Unlock()
	select {
	case <-r.Context().Done():
		return
	case <-time.After(wait):
	}
	switch {
	case code != http.StatusOK:
		w.WriteHeader(code)
	case strings.HasPrefix(r.URL.Path, "/debug"):
		_, _ = w.Write([]byte(aDump))
	default:
		writePage(w, page)
	}
}

func TestLookTellsLoadsOverTheWindow(t *testing.T) {
	var s script
	p := newTenant(t, s.answer).plane(t)
	now := time.Now()
	s.set(t, load{start: 1000, requests: 100, exec: 10, wait: 1, rejected: 5, executing: 7, waiting: 3})
	first := p.Look(t.Context(), now, false)[0]
	want := plane.Replica{
		Name: "r0", UID: "uid-r0", Zone: "a", Ready: true, Ceiling: 600, Observed: now,
		Levels: []plane.LevelLoad{
			{Name: "exempt"},
			{Name: "low", Nominal: 245, Current: 56, Executing: 8, Waiting: 3, Demand: 31.5},
			{Name: "node-high"},
		},
		Flows: []plane.FlowLoad{
			{Level: "low", Schema: "accounts", Executing: 7, Waiting: 3},
			{Level: "low", Schema: "global", Executing: 1},
			{Level: "node-high", Schema: "system-node-high"},
		},
		Process: plane.Process{Resident: 3e8},
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("first look (-want +got):\n%s", diff)
	}

	s.set(t, load{start: 1000, requests: 150, exec: 35, wait: 21, rejected: 9, executing: 2})
	second := p.Look(t.Context(), now.Add(5*time.Second), false)[0]
	want.Observed, want.Window = now.Add(5*time.Second), 5*time.Second
	want.Levels[1] = plane.LevelLoad{Name: "low", Nominal: 245, Current: 56, Executing: 3, Rejected: 4, Demand: 31.5}
	want.Process.CPU = 5 // 25 s in 5 s
	// Both versions of the API together, and neither watches nor what is no name.
	deployments := plane.Class{Verb: "GET", Group: "apps", Resource: "deployments", Scope: "resource"}
	want.Served = []plane.Served{{Class: deployments, Requests: 100, Seconds: 50}}
	want.Delays = []plane.Delays{{Scope: "resource", Upper: []float64{0.4, 0.6}, Within: []float64{0, 100}, Requests: 100}}
	// Of the levels that hold nothing else, and not of low.
	want.Heartbeats = plane.Delays{Scope: "resource", Upper: []float64{0, 0.2, 0.5, math.Inf(1)}, Within: []float64{0, 0, 50, 50}, Requests: 50}
	want.Flows[2].Requests = 50
	want.Flows[0] = plane.FlowLoad{Level: "low", Schema: "accounts", Requests: 50, ExecSeconds: 25, WaitSeconds: 20, Executing: 2, Rejected: 4}
	if diff := cmp.Diff(want, second); diff != "" {
		t.Errorf("second look (-want +got):\n%s", diff)
	}
	v := p.Vitals()[0]
	if v.CPUSeconds != 47.5 || v.ResidentBytes != 3e8 || v.Started != 1000 || v.Inflight != 7 || v.Pages != 2 || v.Requests != 3 || v.PageBytes == 0 {
		t.Errorf("vitals %+v", v)
	}
}

func TestLookAfterAGap(t *testing.T) {
	before := load{start: 1000, requests: 100, exec: 10, wait: 1}
	for _, c := range []struct {
		name   string
		before load
		after  load
		gap    time.Duration
		window time.Duration
		flow   plane.FlowLoad
		fell   int64
	}{
		{"the same process", before, load{start: 1000, requests: 101, exec: 12, wait: 1}, time.Second, time.Second, plane.FlowLoad{Requests: 1, ExecSeconds: 2}, 0},
		{"a new process", before, load{start: 2000, requests: 500, exec: 50, wait: 5}, time.Second, 0, plane.FlowLoad{}, 0},
		{"a counter falls", before, load{start: 1000, requests: 102, exec: 4, wait: 1}, time.Second, time.Second, plane.FlowLoad{Requests: 2}, 3}, // with the time served and the CPU
		{"too long ago", before, load{start: 1000, requests: 500, exec: 50, wait: 5}, time.Hour, 0, plane.FlowLoad{}, 0},
		{"the clock was set back", before, load{start: 1000, requests: 500, exec: 50, wait: 5}, -time.Hour, 0, plane.FlowLoad{}, 0},
		{"no start told, counters rise", load{requests: 1}, load{requests: 2}, time.Second, time.Second, plane.FlowLoad{Requests: 1}, 0},
		{"no start told, a counter falls", load{requests: 5}, load{requests: 2}, time.Second, 0, plane.FlowLoad{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s script
			p := newTenant(t, s.answer).plane(t)
			now := time.Now()
			s.set(t, c.before)
			p.Look(t.Context(), now, false)
			s.set(t, c.after)
			r := p.Look(t.Context(), now.Add(c.gap), false)[0]
			if r.Fault != nil || r.Window != c.window || !r.Observed.Equal(now.Add(c.gap)) {
				t.Errorf("window %s, want %s; fault %+v", r.Window, c.window, r.Fault)
			}
			c.flow.Level, c.flow.Schema = "low", "accounts"
			if diff := cmp.Diff(c.flow, r.Flows[0]); diff != "" {
				t.Errorf("flow (-want +got):\n%s", diff)
			}
			if fell := p.Vitals()[0].Fell; fell != c.fell {
				t.Errorf("%d counters fell, want %d", fell, c.fell)
			}
		})
	}
}

// In a storm a page may not come in time. What is known stays known, with its
// age, and the window of the next page reaches back to it.
func TestLookKeepsWhatWasSeen(t *testing.T) {
	var s script
	p := newTenant(t, s.answer).plane(t)
	now := time.Now()
	s.set(t, load{start: 1000, requests: 100})
	first := p.Look(t.Context(), now, false)[0]
	s.fail(http.StatusOK, time.Minute)
	late := p.Look(t.Context(), now.Add(5*time.Second), true)[0]
	if late.Fault == nil || late.Fault.Reason != v1alpha1.ReasonReplicaTimeout {
		t.Fatalf("fault %+v, want a timeout", late.Fault)
	}
	late.Fault = nil
	if diff := cmp.Diff(first, late); diff != "" {
		t.Errorf("beside the fault (-first +late):\n%s", diff)
	}
	s.set(t, load{start: 1000, requests: 140})
	r := p.Look(t.Context(), now.Add(10*time.Second), false)[0]
	if r.Fault != nil || r.Window != 10*time.Second || r.Flows[0].Requests != 40 {
		t.Errorf("%+v, want 40 requests in 10 s", r)
	}
}

func TestLookLeavesAFailedReplicaAlone(t *testing.T) {
	var s script
	tenant := newTenant(t, s.answer)
	p := tenant.plane(t)
	at := time.Now()
	s.fail(http.StatusInternalServerError, 0)
	// Seconds after which the replica is asked again, by one failure after
	// another; it is asked then, and not just before.
	for i, pause := range []int{0, 1, 2, 4, 8, 16, 30, 30} {
		at = at.Add(time.Duration(pause)*time.Second - time.Millisecond)
		if i > 0 {
			r := p.Look(t.Context(), at, true)[0]
			if got := tenant.asked.Load(); got != int64(i) || r.Fault == nil || !strings.Contains(r.Fault.Message, "answered 500") {
				t.Fatalf("after %d failures and almost %ds: %d requests, fault %+v; want the old fault and no request", i, pause, got, r.Fault)
			}
		}
		at = at.Add(time.Millisecond)
		p.Look(t.Context(), at, false)
		if got := tenant.asked.Load(); got != int64(i+1) {
			t.Fatalf("after %d failures and %ds: %d requests, want one more", i, pause, got)
		}
	}
	s.set(t, load{})
	if r := p.Look(t.Context(), at.Add(time.Minute), false)[0]; r.Fault != nil {
		t.Fatalf("fault %+v of a replica that is well again", *r.Fault)
	}
	asked := tenant.asked.Load()
	p.Look(t.Context(), at.Add(time.Minute+time.Millisecond), false)
	if tenant.asked.Load() != asked+1 {
		t.Error("a replica that is well again is left alone")
	}
}

// A look that is broken off costs the replica nothing: what it asked for is seen by
// the next.
func TestLookGivenUpIsNoFailure(t *testing.T) {
	var s script
	tenant := newTenant(t, s.answer)
	p := tenant.plane(t)
	s.set(t, load{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	now := time.Now()
	if r := p.Look(ctx, now, false)[0]; r.Fault != nil {
		t.Errorf("fault %+v", *r.Fault)
	}
	if r := p.Look(t.Context(), now, false)[0]; r.Fault != nil || !r.Observed.Equal(now) {
		t.Errorf("%+v right after, want a page", r)
	}
}

// One replica that answers is enough to look by; what the others lack is told when
// their time is up, and what came late is seen by a later look.
func TestOneSlowReplicaDoesNotDelayTheOthers(t *testing.T) {
	gate := make(chan struct{})
	stuck, late, well := newTenant(t, never), newTenant(t, gated(t, gate, nil)), newTenant(t, wellThen(t))
	p := NewPlane(well.access(t), Options{PageTimeout: time.Second, DumpTimeout: time.Second})
	defer p.Close()
	p.Retarget([]Target{stuck.target("r1"), well.target("r0"), late.target("r2")})
	begun := time.Now()
	seen := p.Look(t.Context(), begun, true)
	if took := time.Since(begun); took > 900*time.Millisecond {
		t.Errorf("it took %s, while one replica answers at once", took)
	}
	if len(seen[0].Held) != 1 || !seen[0].Dumped.Equal(begun) || seen[0].Held[0].Client.User != "agent" || seen[0].Observed.IsZero() {
		t.Errorf("%+v, want its page and dump", seen[0])
	}
	for _, r := range seen[1:] {
		if r.Fault != nil || !r.Dumped.IsZero() || !r.Observed.IsZero() {
			t.Errorf("%+v, want nothing yet", r)
		}
	}
	close(gate)
	for _, r := range p.all() {
		waitAll(t.Context(), []<-chan struct{}{r.fetchDump(begun), r.fetchPage(begun)})
	}
	seen = p.Look(t.Context(), begun.Add(100*time.Millisecond), true)
	if r := seen[1]; r.Fault == nil || r.Fault.Reason != v1alpha1.ReasonReplicaTimeout {
		t.Errorf("%+v, want a timeout", r)
	}
	if r := seen[2]; r.Fault != nil || r.Dumped.Before(begun) || len(r.Held) != 1 || !r.Observed.Equal(begun) {
		t.Errorf("%+v, want what the first look asked for", r)
	}
}

// gated is a replica that is well, but answers a kind of request, or any, only once
// the gate is open.
func gated(t *testing.T, gate <-chan struct{}, these func(*http.Request) bool) http.HandlerFunc {
	t.Helper()
	well := wellThen(t)
	return func(w http.ResponseWriter, r *http.Request) {
		if these == nil || these(r) {
			select {
			case <-gate:
			case <-r.Context().Done():
				return
			}
		}
		well(w, r)
	}
}

// The dumps of a storm come while its pages are on their way, and a page that is
// asked for is seen by the look after it is in.
func TestADumpDoesNotWaitForASlowPage(t *testing.T) {
	gate := make(chan struct{})
	tenant := newTenant(t, gated(t, gate, func(r *http.Request) bool { return r.URL.Path == pagePath }))
	p := NewPlane(tenant.access(t), Options{PageTimeout: time.Minute})
	defer p.Close()
	p.Retarget([]Target{tenant.target("r0")})
	now := time.Now()
	for i := range 3 {
		at := now.Add(time.Duration(i) * time.Second)
		r := p.Look(t.Context(), at, true)[0]
		if r.Fault != nil || !r.Observed.IsZero() || len(r.Held) != 1 || !r.Dumped.Equal(at) {
			t.Fatalf("look %d: %+v, want a dump and no page", i, r)
		}
	}
	if took := time.Since(now); took > 10*time.Second {
		t.Errorf("three dumps took %s", took)
	}
	page := p.all()[0].fetchPage(now.Add(3 * time.Second))
	close(gate)
	<-page
	r := p.all()[0].snapshot()
	if r.Fault != nil || !r.Observed.Equal(now) || len(r.Levels) != 3 {
		t.Errorf("%+v, want the page that the first look asked for", r)
	}
	if n := p.Vitals()[0].Pages; n != 1 {
		t.Errorf("%d pages were read, want one", n)
	}
}

// A dump says who is there for as long as one may be on its way, and not longer.
func TestAnOldDumpNamesNobody(t *testing.T) {
	gate := make(chan struct{})
	var dumps atomic.Int64
	tenant := newTenant(t, gated(t, gate, func(r *http.Request) bool {
		return strings.HasPrefix(r.URL.Path, "/debug") && dumps.Add(1) > 1 // and not the flags, which are asked for beside it
	}))
	defer close(gate)
	p := NewPlane(tenant.access(t), Options{})
	defer p.Close()
	p.Retarget([]Target{tenant.target("r0")})
	now := time.Now()
	p.Look(t.Context(), now, true)
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if r := p.Look(short, now.Add(5*time.Second), true)[0]; !r.Dumped.Equal(now) || len(r.Held) != 1 {
		t.Errorf("%+v, want the dump of 5 s ago", r)
	}
	if r := p.Look(short, now.Add(5001*time.Millisecond), true)[0]; !r.Dumped.IsZero() || r.Held != nil || r.Fault != nil {
		t.Errorf("%+v, want no dump", r)
	}
}

func TestLookSparesAPageThatIsFresh(t *testing.T) {
	tenant := newTenant(t, wellThen(t))
	p := tenant.plane(t)
	now := time.Now()
	p.Look(t.Context(), now, false) // a page, and once the flags
	r := p.Look(t.Context(), now.Add(1999*time.Millisecond), true)[0]
	if !r.Observed.Equal(now) || r.Dumped.IsZero() || tenant.asked.Load() != 3 {
		t.Errorf("observed %s, %d requests; want the old page and a dump", r.Observed, tenant.asked.Load())
	}
	r = p.Look(t.Context(), now.Add(2*time.Second), true)[0]
	if !r.Observed.Equal(now.Add(2*time.Second)) || tenant.asked.Load() != 5 {
		t.Errorf("observed %s, %d requests; want a new page and a dump", r.Observed, tenant.asked.Load())
	}
}
