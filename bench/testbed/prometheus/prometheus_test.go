// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package prometheus_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/testbed/process"
	"evenkeel.dev/evenkeel/bench/testbed/prometheus"
)

const rule = `groups:
- name: test
  rules:
  - alert: Down
    expr: evenkeel_down == 1
    for: 1s
    labels: {severity: page}
    annotations: {summary: "{{ $labels.name }} is down"}
`

func TestMain(m *testing.M) {
	process.MaybeShim()
	os.Exit(m.Run())
}

// world is where servers run.
type world struct {
	*testing.T
	dir, binary string
	runner      *process.Runner
}

func newWorld(t *testing.T) *world {
	t.Helper()
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run `make test`, which builds the upstream servers first")
	}
	w := &world{T: t, dir: t.TempDir(), binary: filepath.Join(assets, "prometheus")}
	var err error
	if w.runner, err = process.NewRunner(w.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Whatever a failed test has left; after a good one there is nothing.
		if err := process.Clean(w.dir); err != nil {
			t.Error(err)
		}
	})
	return w
}

// start starts a server in a folder of this name.
func (w *world) start(name string, o prometheus.Options) *prometheus.Server {
	w.Helper()
	o.Binary, o.Dir, o.Runner, o.Logf = w.binary, filepath.Join(w.dir, name), w.runner, w.Logf
	o.Scrape, o.Evaluate = 200*time.Millisecond, 200*time.Millisecond
	s, err := prometheus.Start(w.Context(), o)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *world) stop(s *prometheus.Server) {
	w.Helper()
	if err := s.Stop(w.Context()); err != nil {
		w.Error(err)
	}
	if err := s.Alive(); err == nil || !strings.Contains(err.Error(), "has ended (status 0 )") {
		w.Errorf("after its stop: %v", err)
	}
}

// target is a control plane that is down while the value is 1; it returns its address.
func (w *world) target(down *atomic.Int64) string {
	w.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = fmt.Fprintf(answer, "evenkeel_down{namespace=\"tenant-acme\",name=\"acme\"} %d\n", down.Load())
	}))
	w.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// seen waits until an expression gives the value.
func (w *world) seen(s *prometheus.Server, expression string, want float64) {
	w.Helper()
	err := await.Until(w.Context(), 30*time.Second, 50*time.Millisecond, expression, func(ctx context.Context) error {
		all, err := s.Instant(ctx, expression, time.Time{})
		if err == nil && (len(all) != 1 || all[0].Points[0].Value != want) {
			err = fmt.Errorf("it gives %v", all)
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

// What a target tells is scraped, its rule fires once it has held, and after a restart on
// the same folder what was is still known.
func TestScrapesAndFires(t *testing.T) {
	w := newWorld(t)
	rules := filepath.Join(w.dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte(rule), 0o600); err != nil {
		t.Fatal(err)
	}
	var down atomic.Int64
	o := prometheus.Options{Rules: []string{rules}, Targets: []prometheus.Target{{
		Job: "evenkeel", Address: w.target(&down), Labels: map[string]string{"pod": "evenkeel-0"},
	}}}
	s := w.start("one", o)
	w.seen(s, `evenkeel_down{job="evenkeel",pod="evenkeel-0"}`, 0)
	w.seen(s, "scalar(sum(evenkeel_down))", 0)
	if all, err := s.Alerts(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("alerts of what is well: %v, %v", all, err)
	}

	began := time.Now()
	down.Store(1)
	alert, err := s.AwaitFiring(t.Context(), 30*time.Second, map[string]string{"alertname": "Down", "name": "acme"})
	if err != nil {
		t.Fatal(err)
	}
	fired := time.Now()
	if alert.Labels["severity"] != "page" || alert.Annotations["summary"] != "acme is down" || alert.Value != 1 {
		t.Errorf("the alert is %+v", alert)
	}
	if alert.ActiveAt.Before(began) || alert.ActiveAt.After(fired.Add(-900*time.Millisecond)) {
		t.Errorf("down at %s and firing at %s, but active at %s: it is to hold for a second first", began, fired, alert.ActiveAt)
	}
	all, err := s.Range(t.Context(), `sum by (name) (evenkeel_down)`, fired.Add(-10*time.Second), fired, 200*time.Millisecond)
	if err != nil || len(all) != 1 || all[0].Labels["name"] != "acme" || len(all[0].Points) < 5 {
		t.Errorf("the range is %v, %v", all, err)
	}
	w.stop(s)

	again := w.start("one", prometheus.Options{})
	was, err := again.Instant(t.Context(), `max_over_time(evenkeel_down[1h])`, time.Time{})
	if err != nil || len(was) != 1 || was[0].Points[0].Value != 1 {
		t.Errorf("after a restart it knows %v, %v", was, err)
	}
	w.stop(again)
}

// One that takes writes has what another scrapes.
func TestTakesWrites(t *testing.T) {
	w := newWorld(t)
	var down atomic.Int64
	down.Store(1)
	store := w.start("store", prometheus.Options{ReceiveWrites: true, OutOfOrder: time.Hour})
	agent := w.start("agent", prometheus.Options{WriteTo: store.WriteURL(), Targets: []prometheus.Target{{Address: w.target(&down)}}})
	w.seen(store, `evenkeel_down{job="target"}`, 1)
	w.stop(agent)
	w.stop(store)
}

func TestSaysWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	rules := filepath.Join(w.dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte("groups: [{name: x, rules: [{alert: A, expr: 'sum('}]}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := prometheus.Options{Binary: w.binary, Dir: filepath.Join(w.dir, "wrong"), Runner: w.runner, Rules: []string{rules}}
	if _, err := prometheus.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "could not parse expression") {
		t.Errorf("of a rule that does not parse it says %v", err)
	}
	o.Rules = []string{rules + ".gone"}
	if _, err := prometheus.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "finding the rules") {
		t.Errorf("of rules that are not there it says %v", err)
	}
	s := w.start("right", prometheus.Options{})
	if _, err := s.Instant(t.Context(), "sum(", time.Time{}); err == nil || !strings.Contains(err.Error(), "asking for sum(: /api/v1/query answered 400 Bad Request") {
		t.Errorf("of an expression that does not parse it says %v", err)
	}
	if _, err := s.AwaitFiring(t.Context(), 200*time.Millisecond, map[string]string{"alertname": "X"}); err == nil || !strings.Contains(err.Error(), "it is not there, of 0 alerts") {
		t.Errorf("of an alert that does not come it says %v", err)
	}
	w.stop(s)
}
