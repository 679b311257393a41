// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// Two host clusters send to one store, each with a control plane of the same name: they stay
// two.
func TestTwoHostClustersInOneStore(t *testing.T) {
	s := &receiver{got: map[string]float64{}}
	server := httptest.NewServer(s)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for cluster, seats := range map[string]float64{"eu1": 10, "us1": 99} {
		registry := prometheus.NewRegistry()
		used := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "evenkeel_used_seats", Help: "Used."}, []string{"namespace", "name"})
		registry.MustRegister(used)
		used.WithLabelValues("tenant-acme", "acme").Set(seats)
		w := newTestWriter(t, server.URL, registry, nil)
		w.labels = Labels{"cluster": cluster}.With(w.labels)
		go w.Start(ctx) //nolint:errcheck // it ends without
	}
	want := map[string]float64{
		"__name__=evenkeel_used_seats,cluster=eu1,instance=evenkeel-0,job=evenkeel,name=acme,namespace=tenant-acme": 10,
		"__name__=evenkeel_used_seats,cluster=us1,instance=evenkeel-0,job=evenkeel,name=acme,namespace=tenant-acme": 99,
	}
	s.await(t, "the series of both", func() bool { return maps.Equal(s.got, want) })
}

// All that is asked for has the labels, and none of them can end its quotes.
func TestLabelsAreAskedFor(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		query := r.FormValue("query")
		const matchers = `namespace="tenant-acme",name="acme",cluster="eu\"1\\",zone="a,b=c"`
		if n := strings.Count(query, "{"); n == 0 || strings.Count(query, matchers) != n {
			t.Errorf("asked %s", query)
		}
		answer(w, matrixOf())
	}))
	defer server.Close()
	labels, err := ParseLabels([]string{`zone=a,b=c`, `cluster=eu"1\`})
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(server.URL, "", labels, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Series(t.Context(), acme, since, since.Add(time.Hour), time.Minute); err != nil || asked.Load() == 0 {
		t.Errorf("%d questions: %v", asked.Load(), err)
	}
}

// Labels are named as Prometheus has it, have a value, and stand for nothing that series say
// themselves.
func TestParseLabels(t *testing.T) {
	got, err := ParseLabels([]string{"cluster=eu1", "_a9=x=y z"})
	if diff := cmp.Diff(Labels{"cluster": "eu1", "_a9": "x=y z"}, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	for want, texts := range map[string][]string{
		"want NAME=VALUE":        {"cluster", "cluster=", ""},
		"a name is of letters":   {"=eu1", "9a=x", "a-b=x", "a.b=x", "clüster=x", " cluster=x", `a"}=x`},
		"of their own":           {"namespace=x", "name=x", "job=x", "instance=x", "le=x", "component=x", "resource=x"},
		"are the store's own":    {"__name__=x", "__tenant=x"},
		"its value is not UTF-8": {"cluster=\xff"},
	} {
		for _, text := range texts {
			if _, err := ParseLabels([]string{"a=b", text}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v, want %q", text, err, want)
			}
		}
	}
	if _, err := ParseLabels([]string{"cluster=a", "cluster=b"}); err == nil || !strings.Contains(err.Error(), "one of this name already") {
		t.Errorf("a label twice: %v", err)
	}
}
