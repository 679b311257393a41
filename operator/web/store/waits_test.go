// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// A store that asks to be left alone for a day is asked again all the same, and a page to
// sign in at has taken nothing.
func TestHowAStoreRefuses(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "a", Help: "A."}))
	s, asked := &receiver{got: map[string]float64{}}, atomic.Int64{}
	page := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect is followed") }))
	defer page.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1, 2:
			w.Header().Set("Retry-After", "86400")
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			http.Redirect(w, r, "/login", http.StatusFound)
		default:
			if r.URL.Path == "/login" {
				page.Config.Handler.ServeHTTP(w, r)
				return
			}
			s.ServeHTTP(w, r)
		}
	}))
	defer server.Close()
	w := newTestWriter(t, server.URL, registry, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go w.Start(ctx) //nolint:errcheck // it ends without
	s.await(t, "a sample", func() bool { return len(s.got) == 1 })
}

// What waits is packed: of a thousand control planes some minutes fit.
func TestHowManyMinutesWait(t *testing.T) {
	registry := prometheus.NewRegistry()
	gauges := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "evenkeel_replica_used_seats", Help: "A."}, []string{"namespace", "name", "what"})
	registry.MustRegister(gauges)
	for i := range 1000 {
		for j := range 40 {
			gauges.WithLabelValues("tenant-"+strconv.Itoa(i), "plane-"+strconv.Itoa(i), strconv.Itoa(j)).Set(float64(i * j))
		}
	}
	w := newTestWriter(t, "http://127.0.0.1:1", registry, nil)
	w.gather()
	if each := float64(w.queue.bytes) / 40000; len(w.queue.waiting) != 20 || each > 40 {
		t.Errorf("%d requests wait, with %.0f bytes for each sample", len(w.queue.waiting), each)
	} else {
		t.Logf("%.1f bytes for each sample", each)
	}
}
