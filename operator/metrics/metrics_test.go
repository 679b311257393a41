// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"

	"evenkeel.dev/evenkeel/monitoring/series"
	_ "evenkeel.dev/evenkeel/operator/controller" // it tells most of the series
	"evenkeel.dev/evenkeel/operator/metrics"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/operator/sla/vantage"
)

var acme = types.NamespacedName{Namespace: "tenant-acme", Name: "acme"}

// What the operator tells is what the list says, no series more and none less: rules and
// dashboards are made from that.
func TestWhatIsToldIsWhatTheListSays(t *testing.T) {
	collector, err := ledger.NewCollector(&ledger.Books{}, &vantage.Points{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, s := range series.List() {
		want = append(want, s.Name+" "+strings.Join(metrics.Labels(s), ","))
	}
	for _, c := range []prometheus.Collector{registry.Registry.(prometheus.Collector), collector} { //nolint:forcetypeassert // a registry describes what it has
		descs := make(chan *prometheus.Desc, 1000)
		c.Describe(descs)
		close(descs)
		for d := range descs {
			name, labels := words(d.String())
			if strings.HasPrefix(name, "evenkeel_") {
				got = append(got, name+" "+labels)
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-list +told):\n%s", diff)
	}
}

// words are the name of a series and its labels, of how it describes itself.
func words(desc string) (name, labels string) {
	_, rest, _ := strings.Cut(desc, `fqName: "`)
	name, rest, _ = strings.Cut(rest, `"`)
	_, rest, _ = strings.Cut(rest, "variableLabels: {")
	labels, _, _ = strings.Cut(rest, "}")
	return name, labels
}

// Counters are there before anything is counted, never fall, and go with their control plane.
func TestSeriesOfAControlPlane(t *testing.T) {
	s := metrics.New(series.Probes, series.ProbeSeconds, series.Decisions, series.Expires)
	r := prometheus.NewRegistry()
	r.MustRegister(s)
	count := func() map[string]int {
		t.Helper()
		families, err := r.Gather()
		if err != nil {
			t.Fatal(err)
		}
		n := map[string]int{}
		for _, f := range families {
			n[f.GetName()] = len(f.GetMetric())
		}
		return n
	}
	s.Begin(acme)
	if diff := cmp.Diff(map[string]int{series.Probes: 2 * 3 * (4 + 4), series.ProbeSeconds: 2}, count()); diff != "" {
		t.Errorf("at first (-want +got):\n%s", diff)
	}
	for _, n := range []float64{2, -1, math.NaN(), 0} {
		s.Count(series.Decisions, acme, n, "PassSentence", "OffenderJailed", "true")
	}
	s.Gauge(series.Expires, acme, 5, "access")
	s.Observe(series.ProbeSeconds, acme, 0.2, "balancer")
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == series.Decisions && f.GetMetric()[0].GetCounter().GetValue() != 2 {
			t.Errorf("%v", f)
		}
	}
	s.Forget(types.NamespacedName{Namespace: "tenant-acme", Name: "other"})
	if n := count(); n[series.Probes] == 0 {
		t.Errorf("another's are gone: %v", n)
	}
	s.Forget(acme)
	if n := count(); len(n) > 0 {
		t.Errorf("these are left: %v", n)
	}
}

func TestASeriesThatThereIsNot(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it was made")
		}
	}()
	metrics.New("evenkeel_nonsense")
}
