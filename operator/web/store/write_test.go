// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/encoding/protowire"
)

// receiver is a store that decodes what arrives.
type receiver struct {
	mu       sync.Mutex
	statuses []int
	got      map[string]float64
	asked    int
}

func (s *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if len(s.statuses) > 0 {
		status := s.statuses[0]
		s.statuses = s.statuses[1:]
		if status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
	}
	packed, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Content-Type") != "application/x-protobuf" || r.Header.Get("Content-Encoding") != "snappy" || r.Header.Get("X-Prometheus-Remote-Write-Version") != "0.1.0" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	body, err := snappy.Decode(nil, packed)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	each(body, func(series []byte) {
		var labels []string
		var value float64
		eachField(series, func(field protowire.Number, one []byte) {
			switch int(field) {
			case seriesLabels:
				var pair []string
				eachField(one, func(_ protowire.Number, text []byte) { pair = append(pair, string(text)) })
				labels = append(labels, strings.Join(pair, "="))
			case seriesSamples:
				bits, _ := protowire.ConsumeFixed64(one[1:])
				value = math.Float64frombits(bits)
			}
		})
		s.got[strings.Join(labels, ",")] = value
	})
}

func each(b []byte, do func([]byte)) {
	eachField(b, func(_ protowire.Number, one []byte) { do(one) })
}

func eachField(b []byte, do func(protowire.Number, []byte)) {
	for len(b) > 0 {
		field, _, n := protowire.ConsumeTag(b)
		one, m := protowire.ConsumeBytes(b[n:])
		if n < 0 || m < 0 {
			return
		}
		do(field, one)
		b = b[n+m:]
	}
}

func (s *receiver) await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 500 {
		s.mu.Lock()
		ok := is()
		s.mu.Unlock()
		if ok {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s did not come about: %v", what, s.got)
}

// What is gathered arrives, whole and once, by a store that was down first.
func TestWhatIsToldArrives(t *testing.T) {
	registry := prometheus.NewRegistry()
	down := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "evenkeel_down", Help: "Down."}, []string{"namespace", "name"})
	took := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "evenkeel_took_seconds", Help: "Took.", Buckets: []float64{1}})
	registry.MustRegister(down, took)
	down.WithLabelValues("tenant-acme", "acme").Set(1)
	took.Observe(.5)
	s := &receiver{got: map[string]float64{}, statuses: []int{http.StatusServiceUnavailable, http.StatusServiceUnavailable, http.StatusServiceUnavailable}}
	server := httptest.NewServer(s)
	defer server.Close()
	w := newTestWriter(t, server.URL+"/api/v1/write", registry, nil)
	want := map[string]float64{
		"__name__=evenkeel_down,instance=evenkeel-0,job=evenkeel,name=acme,namespace=tenant-acme": 1,
		"__name__=evenkeel_took_seconds_bucket,instance=evenkeel-0,job=evenkeel,le=1":             1,
		"__name__=evenkeel_took_seconds_bucket,instance=evenkeel-0,job=evenkeel,le=+Inf":          1,
		"__name__=evenkeel_took_seconds_count,instance=evenkeel-0,job=evenkeel":                   1,
		"__name__=evenkeel_took_seconds_sum,instance=evenkeel-0,job=evenkeel":                     .5,
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go w.Start(ctx) //nolint:errcheck // it ends without
	s.await(t, "the series", func() bool { return maps.Equal(s.got, want) && s.asked >= 4 })
}

// What is not told any more ends in the store at once, and so does all when the process does: the
// last word of one that is gone is not to stand for five minutes.
func TestWhatIsToldNoMoreEnds(t *testing.T) {
	registry := prometheus.NewRegistry()
	down := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "evenkeel_down", Help: "Down."}, []string{"name"})
	registry.MustRegister(down)
	down.WithLabelValues("stays").Set(1)
	down.WithLabelValues("goes").Set(1)
	s := &receiver{got: map[string]float64{}}
	server := httptest.NewServer(s)
	defer server.Close()
	w := newTestWriter(t, server.URL, registry, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan struct{})
	go func() { defer close(ended); _ = w.Start(ctx) }()
	has := func(name string, want uint64) bool {
		got, told := s.got["__name__=evenkeel_down,instance=evenkeel-0,job=evenkeel,name="+name]
		return told && math.Float64bits(got) == want
	}
	one := math.Float64bits(1)
	s.await(t, "both", func() bool { return has("stays", one) && has("goes", one) })
	down.DeleteLabelValues("goes")
	s.await(t, "the end of one", func() bool { return has("stays", one) && has("goes", staleNaN) })
	asked := 0
	s.await(t, "more of the other", func() bool {
		if asked == 0 {
			asked = s.asked
			delete(s.got, "__name__=evenkeel_down,instance=evenkeel-0,job=evenkeel,name=goes")
		}
		return s.asked > asked+1
	})
	s.mu.Lock()
	if len(s.got) != 1 {
		t.Errorf("what has ended is told of again: %v", s.got)
	}
	s.mu.Unlock()
	cancel()
	<-ended
	s.mu.Lock()
	defer s.mu.Unlock()
	if !has("stays", staleNaN) {
		t.Errorf("when the process ends there is %v", s.got)
	}
}

// A store that refuses samples for good is not asked again for them.
func TestWhatIsRefusedIsDropped(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "a", Help: "A."}))
	s := &receiver{got: map[string]float64{}, statuses: []int{http.StatusBadRequest}}
	server := httptest.NewServer(s)
	defer server.Close()
	var mu sync.Mutex
	var log []string
	w := newTestWriter(t, server.URL, registry, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		log = append(log, line)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go w.Start(ctx) //nolint:errcheck // it ends without
	s.await(t, "the second request", func() bool { return s.asked >= 2 && len(s.got) == 1 })
	time.Sleep(3 * w.every)
	cancel()
	mu.Lock()
	defer mu.Unlock()
	if told := strings.Join(log, "\n"); strings.Count(told, "does not take all samples") != 1 {
		t.Errorf("the log is\n%s", told)
	}
}

func newTestWriter(t *testing.T, address string, from prometheus.Gatherer, log func(string)) *Writer {
	t.Helper()
	if log == nil {
		log = func(string) {}
	}
	w, err := NewWriter(address, "", nil, from, map[string]string{"job": "evenkeel", "instance": "evenkeel-0"}, time.Now, funcr.New(func(_, line string) { log(line) }, funcr.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	w.every, w.first = 50*time.Millisecond, time.Millisecond
	return w
}

// What waits is bounded, and the oldest goes first.
func TestTheQueueIsBounded(t *testing.T) {
	q := newQueue()
	for i := range 40 {
		q.add(&batch{packed: make([]byte, 1<<20), samples: i})
	}
	if first := q.first(); q.bytes > mostQueued || first.samples != 8 {
		t.Errorf("%d bytes wait, the first is %d", q.bytes, first.samples)
	}
	if n := q.losses(); n != 28 || q.losses() != 0 {
		t.Errorf("%d are lost, want 28", n)
	}
}
