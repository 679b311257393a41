// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

func TestRetargetKeepsConnectionsAndHistory(t *testing.T) {
	tenant := newTenant(t, wellThen(t))
	p := tenant.plane(t)
	now := time.Now()
	p.Look(t.Context(), now, true)
	changed := tenant.target("r0")
	changed.Ready, changed.Ceiling = false, 300
	p.Retarget([]Target{changed, tenant.target("r1")})
	seen := p.Look(t.Context(), now.Add(2*time.Second), false)
	if len(seen) != 2 || seen[0].Ready || seen[0].Ceiling != 300 || seen[0].Window != 2*time.Second {
		t.Errorf("the one that stayed: %+v", seen[0])
	}
	if seen[1].Window != 0 || seen[1].Observed.IsZero() {
		t.Errorf("the new one: %+v", seen[1])
	}
	if n := tenant.connections.Load(); n != 2 {
		t.Errorf("%d connections for two replicas and two looks, want 2", n)
	}
	reborn := tenant.target("r0")
	reborn.UID = "another"
	p.Retarget([]Target{reborn})
	if seen := p.Look(t.Context(), now.Add(4*time.Second), false); len(seen) != 1 || seen[0].Window != 0 {
		t.Errorf("a pod of another UID has the history of the first: %+v", seen)
	}
	p.Close()
	p.Retarget([]Target{reborn})
	if seen := p.Look(t.Context(), now, false); len(seen) != 0 {
		t.Errorf("a closed plane sees %+v", seen)
	}
}

func TestRetargetBoundsReplicas(t *testing.T) {
	tenant := newTenant(t, wellThen(t))
	p := tenant.plane(t)
	var targets []Target
	for i := range maxTargets + 1 {
		targets = append(targets, tenant.target(fmt.Sprintf("r%03d", i)))
	}
	p.Retarget(targets)
	if len(p.replicas) != maxTargets+1 {
		t.Fatalf("%d replicas", len(p.replicas))
	}
	last := p.Look(t.Context(), time.Now(), true)[maxTargets]
	if last.Fault == nil || last.Fault.Reason != v1alpha1.ReasonOversize || last.Name != "r064" {
		t.Errorf("the replica past the bound: %+v", last)
	}
}

func TestPulse(t *testing.T) {
	var delay atomic.Int64
	tenant := newTenant(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Duration(delay.Load())):
		}
	})
	p := NewPlane(tenant.access(t), Options{PulseTimeout: 400 * time.Millisecond})
	defer p.Close()
	p.Retarget([]Target{tenant.target("r0")})
	for range 3 * leastPulses {
		p.Pulse(t.Context())
	}
	r := p.all()[0]
	r.mu.Lock()
	r.pulses = pulses{}
	for range leastPulses {
		r.pulses.add(time.Millisecond, time.Now())
	}
	r.mu.Unlock()
	delay.Store(int64(100 * time.Millisecond))
	if !p.Pulse(t.Context()) {
		t.Error("100 ms against a median of 1 ms are not slow")
	}
	if took := r.snapshot().Pulse; took < 100*time.Millisecond {
		t.Errorf("the pulse took %s", took)
	}
	r.mu.Lock()
	r.pulses = pulses{}
	for range leastPulses {
		r.pulses.add(90*time.Millisecond, time.Now())
	}
	r.mu.Unlock()
	if p.Pulse(t.Context()) {
		t.Error("100 ms against a median of 90 ms are slow")
	}
	delay.Store(int64(time.Minute))
	if begun := time.Now(); !p.Pulse(t.Context()) || time.Since(begun) > 2*time.Second {
		t.Errorf("no answer is not slow, or took %s", time.Since(begun))
	}
	away := tenant.target("r0")
	away.Ready = false
	p.Retarget([]Target{away})
	if asked := tenant.asked.Load(); p.Pulse(t.Context()) || tenant.asked.Load() != asked {
		t.Error("a replica that is not ready is felt for its pulse")
	}
}

func TestPulsesAreMeasuredAgainstTheirMedian(t *testing.T) {
	var p pulses
	if p.slow(50*time.Millisecond) || !p.slow(51*time.Millisecond) {
		t.Error("without history the limit is not 50 ms")
	}
	for i := range 2 * keptPulses {
		p.add(20*time.Millisecond, time.Unix(int64(i), 0))
	}
	if p.slow(160*time.Millisecond) || !p.slow(161*time.Millisecond) {
		t.Error("the limit is not eight times the median")
	}
	if len(p.ring) != keptPulses {
		t.Errorf("%d pulses are kept", len(p.ring))
	}
}

// The order that is kept is the order of what is in the ring.
func TestPulsesKeepTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pulses{}
		for _, took := range rapid.SliceOfN(rapid.IntRange(0, 20), 1, 2*keptPulses).Draw(t, "pulses") {
			p.add(time.Duration(took), time.Unix(0, 0))
		}
		if want := slices.Sorted(slices.Values(p.ring)); !slices.Equal(want, p.sorted) {
			t.Fatalf("%v is kept of the ring %v", p.sorted, p.ring)
		}
	})
}

func TestQuickest(t *testing.T) {
	a, b := newTenant(t, wellThen(t)), newTenant(t, wellThen(t))
	p := a.plane(t)
	both := []Target{a.target("a"), b.target("b")}
	p.Retarget(both)
	want := func(why string, tenants ...*fakeTenant) {
		t.Helper()
		var addresses []string
		for _, f := range tenants {
			addresses = append(addresses, f.address)
		}
		if diff := cmp.Diff(addresses, p.Quickest(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", why, diff)
		}
	}
	took := func(ra, rb time.Duration) {
		for i, d := range []time.Duration{ra, rb} {
			p.replicas[i].mu.Lock()
			p.replicas[i].pulses.add(d, time.Now())
			p.replicas[i].mu.Unlock()
		}
	}
	fail := func(i int, reason string) {
		p.replicas[i].mu.Lock()
		defer p.replicas[i].mu.Unlock()
		p.replicas[i].seen.Fault = &plane.Fault{Reason: reason}
	}
	p.Look(t.Context(), time.Now(), false)
	took(time.Millisecond, 20*time.Millisecond)
	if first, second := p.Quickest(), p.Quickest(); len(first) != 2 || len(second) != 2 || first[0] == second[0] {
		t.Errorf("%v and %v: they do not take turns while both are quick", first, second)
	}
	for range 2 {
		took(300*time.Millisecond, 200*time.Millisecond)
		want("the shorter pulse first", b, a)
	}
	fail(1, v1alpha1.ReasonReplicaTimeout)
	want("the one that answers first", a, b)
	fail(0, v1alpha1.ReasonReplicaUnreachable)
	want("the one that is merely late first", b, a)
	both[0].Ready = false
	p.Retarget(both)
	want("the one that is ready", b)
	both[1].Ready = false
	p.Retarget(both)
	want("none is ready")
}

// API requests take the connection that a replica is observed by.
func TestRoundTripper(t *testing.T) {
	tenant := newTenant(t, wellThen(t))
	p := tenant.plane(t)
	p.Look(t.Context(), time.Now(), false)
	client := &http.Client{Transport: p.RoundTripper()}
	get := func(address string) (*http.Response, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+pagePath, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		return client.Do(request)
	}
	response, err := get(tenant.address)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK || tenant.connections.Load() != 1 {
		t.Errorf("%s over %d connections, want one", response.Status, tenant.connections.Load())
	}
	if response, err := get("127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "no replica at 127.0.0.1:1 any more") {
		if err == nil {
			_ = response.Body.Close()
		}
		t.Errorf("error %v of a stranger's address", err)
	}
}

func TestNominalLimits(t *testing.T) {
	tenant := newTenant(t, wellThen(t))
	p := tenant.plane(t)
	limits, err := p.NominalLimits(t.Context(), "r0")
	if err != nil || len(limits) != 2 || limits["low"] != 245 || limits["exempt"] != 0 {
		t.Errorf("limits %v, %v", limits, err)
	}
	if _, err := p.NominalLimits(t.Context(), "else"); err == nil || !strings.Contains(err.Error(), "no such replica") {
		t.Errorf("error %v", err)
	}
	failing := newTenant(t, status(http.StatusForbidden)).plane(t)
	if _, err := failing.NominalLimits(t.Context(), "r0"); err == nil || !strings.Contains(err.Error(), "nonResourceURLs") {
		t.Errorf("error %v", err)
	}
}

// Everything may be called at once; this is for the race detector.
func TestPlaneIsSafeForConcurrentUse(t *testing.T) {
	tenant := newTenant(t, wellThen(t))
	p := tenant.plane(t)
	done := make(chan struct{})
	for _, call := range []func(){
		func() { p.Look(t.Context(), time.Now(), true) },
		func() { p.Look(t.Context(), time.Now(), false) },
		func() { p.Pulse(t.Context()) },
		func() { p.Quickest(); p.Vitals() },
		func() { _, _ = p.NominalLimits(t.Context(), "r0") },
		func() { p.Retarget([]Target{tenant.target("r0"), tenant.target("r1")}) },
		func() { p.Retarget([]Target{tenant.target("r0")}) },
	} {
		go func() {
			for range 20 {
				call()
			}
			done <- struct{}{}
		}()
	}
	for range 7 {
		<-done
	}
}
