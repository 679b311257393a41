// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/monitoring/series"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// Probes are counted by the phase in which they ended, and whatever comes of one is counted in
// a series that was there before it.
func TestProbesByPhase(t *testing.T) {
	key := types.NamespacedName{Namespace: "tenant-acme", Name: "phases"}
	t.Cleanup(func() { measured.Forget(key) })
	tellProbes(key, probe.Round{})
	there := probesOf(t, key)
	var all []sla.Probe
	for _, r := range []sla.Result{sla.Served, sla.Late, sla.Refused, sla.Denied} {
		all = append(all, sla.Probe{Question: sla.Write, Result: r, Phase: sla.Done, Took: time.Second})
	}
	for _, phase := range []sla.Phase{sla.Dial, sla.TLS, sla.Wait, sla.Body} {
		all = append(all, sla.Probe{Replica: "kube-apiserver-0", Question: sla.Read, Result: sla.Failed, Phase: phase})
	}
	tellProbes(key, probe.Round{Probes: append(all, all[len(all)-2])})
	got, counted := probesOf(t, key), map[string]float64{}
	if len(got) != len(there) || len(there) != 48 {
		t.Errorf("%d series, and %d before anything was counted", len(got), len(there))
	}
	for set, n := range got {
		if n > 0 {
			counted[set] = n
		}
	}
	want := map[string]float64{
		"balancer done write served": 1, "balancer done write late": 1, "balancer done write refused": 1, "balancer done write denied": 1,
		"replica dial read failed": 1, "replica tls read failed": 1, "replica wait read failed": 2, "replica body read failed": 1,
	}
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

// probesOf are the series of probes of a control plane, by the values of their own labels in
// the order of their names.
func probesOf(t *testing.T, key types.NamespacedName) map[string]float64 {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(measured)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() != series.Probes {
				continue
			}
			var own []string
			of := types.NamespacedName{}
			for _, l := range m.GetLabel() {
				switch l.GetName() {
				case "namespace":
					of.Namespace = l.GetValue()
				case "name":
					of.Name = l.GetValue()
				default:
					own = append(own, l.GetValue())
				}
			}
			if of == key {
				all[strings.Join(own, " ")] = m.GetCounter().GetValue()
			}
		}
	}
	return all
}
