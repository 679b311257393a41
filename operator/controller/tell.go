// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"hash/fnv"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// labels of what is told by control plane.
var labels = []string{"namespace", "name"}

var (
	loadLineSeats = gauge("load_line_seats", "Usable seats of one replica: the load line.")
	ceilingSeats  = gauge("ceiling_seats", "Seats that the inflight flags allow one replica.")
	usedSeats     = gauge("used_seats", "Seats in use on the busiest replica.")
	sentences     = gauge("sentences", "Clients that are jailed.")
	blindReplicas = gauge("blind_replicas", "Ready replicas that cannot be observed.")

	decisionsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "evenkeel_decisions_total", Help: "Decisions, by what was decided, why, and whether it was carried out.",
	}, append([]string{"step", "reason", "applied"}, labels...))
	stepInForceSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "evenkeel_step_in_force_seconds", Help: "Time from the acknowledged write of a step until every ready replica was read back to obey.",
		Buckets: []float64{.05, .1, .2, .5, 1, 2, 3},
	}, []string{"step"})
	observeSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "evenkeel_observe_duration_seconds", Help: "Time of one look at all replicas and the flow control of a control plane.",
		Buckets: []float64{.01, .02, .05, .1, .2, .5, 1, 2, 5},
	})
)

func gauge(name, help string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "evenkeel_" + name, Help: help}, labels)
}

func init() { //nolint:gochecknoinits // the way controller-runtime's registry is used
	metrics.Registry.MustRegister(loadLineSeats, ceilingSeats, usedSeats, sentences, blindReplicas,
		decisionsTotal, stepInForceSeconds, observeSeconds)
}

// tell makes events and metrics of what has been written to the status.
func (p *pass) tell() {
	p.tellReady()
	for _, d := range p.kept.news {
		kind := corev1.EventTypeNormal
		if !d.Applied && d.Outcome != "shown only" || d.Reason == v1alpha1.ReasonPlanStopped {
			kind = corev1.EventTypeWarning
		}
		p.event(kind, d.Reason, d.Step, d.Message)
		decisionsTotal.WithLabelValues(d.Step, d.Reason, word(d.Applied), p.cpp.Namespace, p.cpp.Name).Inc()
	}
	p.kept.news = nil
	for _, o := range p.outcomes {
		if !o.Written.IsZero() && !o.InForce.IsZero() {
			stepInForceSeconds.WithLabelValues(string(o.Kind)).Observe(o.InForce.Sub(o.Written).Seconds())
		}
	}
	blind := 0
	for _, r := range p.snapshot.Replicas {
		if r.Ready && r.Fault != nil {
			blind++
		}
	}
	of := func(g *prometheus.GaugeVec) prometheus.Gauge { return g.WithLabelValues(p.cpp.Namespace, p.cpp.Name) }
	of(blindReplicas).Set(float64(blind))
	of(sentences).Set(float64(p.status.Jailed))
	if p.fault == nil {
		line := p.plan.LoadLine
		of(loadLineSeats).Set(float64(line.Seats))
		of(ceilingSeats).Set(float64(line.Ceiling))
		of(usedSeats).Set(float64(line.Used))
	}
}

// tellReady tells when something goes wrong for a reason of its own, and when it is
// over. What is only being settled, Unknown, is not worth an event.
func (p *pass) tellReady() {
	ready := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status == metav1.ConditionUnknown {
		return
	}
	reason := trouble(p.status)
	if reason == p.kept.trouble {
		return
	}
	p.kept.trouble = reason
	if reason == "" {
		p.event(corev1.EventTypeNormal, ready.Reason, "Recover", ready.Message)
		return
	}
	p.event(corev1.EventTypeWarning, reason, "Hold", ready.Message)
}

// trouble is the reason of a status that is not ready.
func trouble(status *v1alpha1.ControlPlaneProfileStatus) string {
	if c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady); c != nil && c.Status == metav1.ConditionFalse {
		return c.Reason
	}
	return ""
}

// forget removes what was told of a control plane that is gone.
func forget(key types.NamespacedName) {
	match := prometheus.Labels{"namespace": key.Namespace, "name": key.Name}
	for _, g := range []*prometheus.GaugeVec{loadLineSeats, ceilingSeats, usedSeats, sentences, blindReplicas} {
		g.DeletePartialMatch(match)
	}
	decisionsTotal.DeletePartialMatch(match)
}

// event tells the profile's readers. The API's events are one series where all but
// their text is the same, and keep the first text: two clients jailed one after the
// other would look like one. A reference that follows the text keeps them apart.
func (p *pass) event(kind, reason, action, message string) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(message))
	about := &corev1.ObjectReference{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: "ControlPlaneProfile",
		Namespace: p.cpp.Namespace, Name: p.cpp.Name, UID: p.cpp.UID, FieldPath: fmt.Sprintf("status#%08x", h.Sum32()),
	}
	p.r.Events.Eventf(p.cpp, about, kind, reason, action, "%s", cut(message, longText))
}

func word(applied bool) string {
	if applied {
		return "true"
	}
	return "false"
}
