// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

var now = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// metrics answers as metrics.k8s.io would; metrics-server itself is asked in the tests of
// bench/testbed.
type metrics struct {
	status int
	body   string
	// endless goes on with the body's last byte.
	endless bool
}

func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != path {
		http.Error(w, "not asked for", http.StatusTeapot)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(m.status)
	_, _ = io.WriteString(w, m.body)
	for fill := strings.Repeat(" ", 1<<20); m.endless; {
		if _, err := io.WriteString(w, fill); err != nil {
			return
		}
	}
}

func newReader(t *testing.T, m *metrics, clock func() time.Time) *Reader {
	t.Helper()
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	c, err := discovery.NewDiscoveryClientForConfig(&rest.Config{Host: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	return New(c.RESTClient(), clock)
}

// list is a list of pods a, b, ... that each use 250m and 64Mi in container app.
func list(at time.Time, pods ...string) string {
	var items []string
	for _, p := range pods {
		items = append(items, fmt.Sprintf(`{"metadata":{"namespace":"ns","name":%q},"timestamp":%q,"window":"20s","containers":[{"name":"app","usage":{"cpu":"250m","memory":"64Mi"}}]}`, p, at.Format(time.RFC3339)))
	}
	return `{"kind":"PodMetricsList","metadata":{"continue":""},"items":[` + strings.Join(items, ",") + `]}`
}

func TestWhatPodsUse(t *testing.T) {
	clock := now
	m := &metrics{status: http.StatusOK, body: list(now, "a", "b")}
	r := newReader(t, m, func() time.Time { return clock })
	if f := r.Fault(); f == nil || f.Reason != v1alpha1.ReasonUsageUnknown || !strings.Contains(f.Message, "not been asked yet") {
		t.Errorf("before it is asked: %+v", f)
	}
	r.Ask(t.Context())
	if f := r.Fault(); f != nil {
		t.Fatal(f.Message)
	}
	want := sizing.Usage{At: now, CPU: 0.25, Memory: 64 << 20}
	for _, pod := range []string{"a", "b"} {
		if got, ok := r.Of("ns", pod, "app"); !ok || !got.At.Equal(want.At) || got.CPU != want.CPU || got.Memory != want.Memory {
			t.Errorf("%s uses %+v, %v", pod, got, ok)
		}
	}
	for _, of := range [][3]string{{"ns", "c", "app"}, {"ns", "a", "sidecar"}, {"other", "a", "app"}} {
		if got, ok := r.Of(of[0], of[1], of[2]); ok {
			t.Errorf("%v uses %+v", of, got)
		}
	}
	// An answer that fails takes nothing away before its time.
	m.status, m.body = http.StatusServiceUnavailable, "no"
	r.Ask(t.Context())
	clock = now.Add(keepFor - time.Second)
	if _, ok := r.Of("ns", "a", "app"); !ok || r.Fault() == nil {
		t.Error("what was told less than five minutes ago is not told on")
	}
	clock = now.Add(keepFor)
	if _, ok := r.Of("ns", "a", "app"); ok {
		t.Error("what was told five minutes ago is told on")
	}
	// One that succeeds is the whole of it.
	m.status, m.body = http.StatusOK, list(clock, "b")
	r.Ask(t.Context())
	if _, ok := r.Of("ns", "a", "app"); ok || r.Fault() != nil {
		t.Errorf("a pod that is gone is known still, or: %+v", r.Fault())
	}
}

// What is no whole list is not taken, and it is said what to do.
func TestAnswersThatAreNone(t *testing.T) {
	whole := list(now, "a", "b")
	for name, c := range map[string]struct {
		answer metrics
		want   string
	}{
		"no such API":   {metrics{status: http.StatusNotFound}, "install metrics-server"},
		"not allowed":   {metrics{status: http.StatusForbidden}, "may not list pods of metrics.k8s.io"},
		"not available": {metrics{status: http.StatusServiceUnavailable}, "look at metrics-server and its APIService"},
		"broken":        {metrics{status: http.StatusInternalServerError}, "reading what pods use from metrics.k8s.io"},
		"nothing":       {metrics{status: http.StatusOK}, "no list of PodMetrics"},
		"no object":     {metrics{status: http.StatusOK, body: `[]`}, "no list of PodMetrics"},
		"no items":      {metrics{status: http.StatusOK, body: `{"items":{}}`}, "no list of PodMetrics"},
		"a wrong item":  {metrics{status: http.StatusOK, body: `{"items":[{"containers":1}]}`}, "no list of PodMetrics"},
		"half a list":   {metrics{status: http.StatusOK, body: whole[:len(whole)-3]}, "no list of PodMetrics"},
		"no end":        {metrics{status: http.StatusOK, body: whole[:len(whole)-1]}, "no list of PodMetrics"},
		"too large":     {metrics{status: http.StatusOK, body: whole[:len(whole)-1], endless: true}, "the answer is larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReader(t, &c.answer, func() time.Time { return now })
			r.largest = 2 << 20
			r.Ask(t.Context())
			if f := r.Fault(); f == nil || f.Reason != v1alpha1.ReasonUsageUnknown || !strings.Contains(f.Message, c.want) {
				t.Errorf("the fault is %+v, want one with %q", f, c.want)
			}
			if u, ok := r.Of("ns", "a", "app"); ok {
				t.Errorf("half an answer is told on: %+v", u)
			}
		})
	}
}
