// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/recommender/plane"
)

func (s *realServer) plane(tb testing.TB, a *access.Access) *Plane {
	tb.Helper()
	p := NewPlane(a, Options{})
	tb.Cleanup(p.Close)
	p.Retarget([]Target{{Name: "real", UID: "1", Zone: "a", Address: s.address, Ready: true, Ceiling: 600}})
	return p
}

// eventually looks until ok says that it has seen enough.
func eventually(t *testing.T, p *Plane, dump bool, ok func(plane.Replica) bool) plane.Replica {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		r := p.Look(t.Context(), time.Now(), dump)[0]
		if ok(r) {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatalf("not seen in 20 s; last: fault %+v, %+v", r.Fault, r)
		}
		select {
		case <-t.Context().Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// hang opens a request of the agent that holds its seat until the test is over:
// the body that it announces never comes.
func (s *realServer) hang(t *testing.T, n int, path string) {
	t.Helper()
	httpClient, err := rest.HTTPClientFor(s.agent)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	for range n {
		body, writer := io.Pipe()
		go func() {
			defer func() { ended <- struct{}{} }()
			defer func() { _ = writer.Close() }()
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+s.address+path, body)
			if err != nil {
				return
			}
			request.Header.Set("Content-Type", "application/json")
			if response, err := httpClient.Do(request); err == nil {
				_ = response.Body.Close()
			}
		}()
	}
	t.Cleanup(func() {
		cancel()
		for range n {
			<-ended
		}
		httpClient.CloseIdleConnections()
	})
}

func level(r plane.Replica, name string) plane.LevelLoad {
	for _, l := range r.Levels {
		if l.Name == name {
			return l
		}
	}
	return plane.LevelLoad{}
}

// The whole way against a real kube-apiserver, in the order of a tenant's life.
func TestRealKubeAPIServer(t *testing.T) {
	s := real(t)
	t.Run("a user without permissions", func(t *testing.T) {
		r := s.plane(t, s.stranger).Look(t.Context(), time.Now(), false)[0]
		if r.Fault == nil || r.Fault.Reason != v1alpha1.ReasonAccessDenied || !strings.Contains(r.Fault.Message, `nonResourceURLs: ["/metrics"]`) {
			t.Errorf("fault %+v", r.Fault)
		}
	})
	for _, o := range objects() {
		if err := s.admin.Create(t.Context(), o); client.IgnoreAlreadyExists(err) != nil {
			t.Fatal(err)
		}
	}
	p := s.plane(t, s.access)
	r := eventually(t, p, true, func(r plane.Replica) bool { return r.Fault == nil && level(r, "few-seats").Nominal > 0 })

	t.Run("levels", func(t *testing.T) {
		var names []string
		sum := 0
		for _, l := range r.Levels {
			names = append(names, l.Name)
			sum += l.Nominal
		}
		want := []string{"catch-all", "exempt", "few-seats", "global-default", "leader-election", "node-high", "system", "workload-high", "workload-low"}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("levels (-want +got):\n%s", diff)
		}
		if sum < 600 || sum > 609 {
			t.Errorf("the nominal limits add up to %d, want 600 and at most one more for each level", sum)
		}
		if !slices.ContainsFunc(r.Flows, func(f plane.FlowLoad) bool { return f.Schema == "global-default" && f.Executing > 0 }) {
			t.Errorf("our own request is not on the page: %+v", r.Flows)
		}
	})
	t.Run("nominal limits", func(t *testing.T) {
		limits, err := p.NominalLimits(t.Context(), "real")
		// ceil(600 x 1 / 246): its one share of 245 and its own.
		if err != nil || limits["few-seats"] != 3 {
			t.Errorf("limits %v, %v; want 3 for few-seats", limits, err)
		}
	})
	t.Run("pulse", func(t *testing.T) {
		p.Pulse(t.Context())
		if r := p.Look(t.Context(), time.Now(), false)[0]; r.Pulse <= 0 {
			t.Errorf("pulse %s", r.Pulse)
		}
		if quickest := p.Quickest(); len(quickest) != 1 || quickest[0] != s.address {
			t.Errorf("quickest %v", quickest)
		}
	})
	t.Run("window", func(t *testing.T) {
		for range 5 {
			p.Pulse(t.Context())
		}
		r := p.Look(t.Context(), time.Now(), false)[0]
		i := slices.IndexFunc(r.Flows, func(f plane.FlowLoad) bool { return f.Schema == "probes" })
		if r.Fault != nil || r.Window <= 0 || i < 0 || r.Flows[i].Requests < 5 || r.Flows[i].ExecSeconds <= 0 {
			t.Errorf("window %s, flows %+v; want our five pulses at the least", r.Window, r.Flows)
		}
		v := p.Vitals()[0]
		if v.CPUSeconds <= 0 || v.ResidentBytes < 1e7 || v.Started < 1e9 || v.Dumps == 0 || v.Fell != 0 {
			t.Errorf("vitals %+v", v)
		}
		t.Logf("a page has %d bytes", v.PageBytes)
	})
	t.Run("the requests of a client", func(t *testing.T) {
		s.hang(t, 5, "/api/v1/namespaces/default/configmaps")
		begun := time.Now()
		r := eventually(t, p, true, func(r plane.Replica) bool {
			return r.Fault == nil && len(held(r)) == 1 && held(r)[0].OldestWait > 500*time.Millisecond
		})
		h := held(r)[0]
		if late := time.Since(begun); h.OldestWait > late || h.LastArrival.IsZero() || time.Since(h.LastArrival) > late+2*time.Second {
			t.Errorf("the oldest waits for %s, the newest came %s; they were sent %s ago", h.OldestWait, h.LastArrival, late)
		}
		h.OldestWait, h.LastArrival = 0, time.Time{}
		want := plane.Held{
			Client: plane.Client{User: "agent", Verb: "create", Resource: "configmaps", Namespaced: true},
			Level:  "few-seats", Schema: "agent", Executing: 3, Waiting: 2, Seats: 3, Width: 1,
		}
		if diff := cmp.Diff(want, h); diff != "" {
			t.Errorf("held (-want +got):\n%s", diff)
		}
		r = eventually(t, p, false, func(r plane.Replica) bool { return level(r, "few-seats").Waiting > 0 })
		if l := level(r, "few-seats"); l.Executing != 3 || l.Waiting != 2 || l.Nominal != 3 {
			t.Errorf("level %+v, want 3 executing, 2 waiting of 3 seats", l)
		}
		t.Run("with a line break in a path", func(t *testing.T) {
			// The server writes the path as it is: it is refused rather than read
			// as what it pretends to be.
			s.hang(t, 2, "/api/v1/namespaces/default/pods/x%0Aforged/status")
			r := eventually(t, p, true, func(r plane.Replica) bool { return r.Fault != nil })
			if r.Fault.Reason != v1alpha1.ReasonUndecodable || !strings.Contains(r.Fault.Message, "no client is judged") || r.Held != nil {
				t.Errorf("fault %+v, held %+v", *r.Fault, r.Held)
			}
		})
	})
}

func held(r plane.Replica) []plane.Held {
	return slices.DeleteFunc(slices.Clone(r.Held), func(h plane.Held) bool { return h.Client.User != "agent" })
}

// realPage fetches a page as it comes.
func (s *realServer) realPage(tb testing.TB, accept, encoding string) []byte {
	tb.Helper()
	httpClient, err := rest.HTTPClientFor(s.env.Config)
	if err != nil {
		tb.Fatal(err)
	}
	defer httpClient.CloseIdleConnections()
	body, err := fetch(context.WithoutCancel(tb.Context()), httpClient, s.address, accept, encoding)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func fetch(ctx context.Context, c *http.Client, address, accept, encoding string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+pagePath, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("Accept-Encoding", encoding)
	response, err := c.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if got := response.Header.Get("Content-Encoding"); encoding == "gzip" && got != "gzip" {
		return nil, fmt.Errorf("encoding %q, want gzip", got)
	}
	var b bytes.Buffer
	_, err = b.ReadFrom(response.Body)
	return b.Bytes(), err
}
