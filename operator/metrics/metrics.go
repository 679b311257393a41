// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics tells Prometheus the series of monitoring/series that are set as things
// happen. Those of what was promised are counted at every scrape (operator/sla/ledger).
package metrics

import (
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/monitoring/series"
)

// told are the series by name.
type told struct {
	series.Series
	gauge     *prometheus.GaugeVec
	counter   *prometheus.CounterVec
	histogram *prometheus.HistogramVec
}

// Set are the series of one operator. It is safe for concurrent use.
type Set struct {
	by   map[string]told
	list []string
}

// New makes the series of the list with these names; a name that is not there is a
// programmer's error and panics.
func New(names ...string) *Set {
	s := &Set{by: map[string]told{}, list: names}
	all := series.List()
	for _, name := range names {
		i := slices.IndexFunc(all, func(one series.Series) bool { return one.Name == name })
		if i < 0 {
			panic("there is no series " + name)
		}
		one := all[i]
		t, labels := told{Series: one}, Labels(one)
		switch one.Kind {
		case series.Gauge:
			t.gauge = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: one.Help}, labels)
		case series.Counter:
			t.counter = prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: one.Help}, labels)
		case series.Histogram:
			t.histogram = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: one.Help, Buckets: one.Buckets}, labels)
		}
		s.by[name] = t
	}
	return s
}

// Labels are the names of the labels of a series, those of its control plane first.
func Labels(s series.Series) (names []string) {
	if !s.Operator {
		names = slices.Clone(series.Of)
	}
	for _, l := range s.Labels {
		names = append(names, l.Name)
	}
	return names
}

// Describe implements prometheus.Collector.
func (s *Set) Describe(out chan<- *prometheus.Desc) {
	for _, name := range s.list {
		s.by[name].collector().Describe(out)
	}
}

// Collect implements prometheus.Collector.
func (s *Set) Collect(out chan<- prometheus.Metric) {
	for _, name := range s.list {
		s.by[name].collector().Collect(out)
	}
}

func (t told) collector() prometheus.Collector {
	switch {
	case t.gauge != nil:
		return t.gauge
	case t.counter != nil:
		return t.counter
	default:
		return t.histogram
	}
}

// Gauge sets a gauge of a control plane.
func (s *Set) Gauge(name string, key types.NamespacedName, value float64, labels ...string) {
	s.by[name].gauge.WithLabelValues(of(key, labels)...).Set(value)
}

// Count adds to a counter of a control plane; what is no number, or below zero, adds nothing.
func (s *Set) Count(name string, key types.NamespacedName, more float64, labels ...string) {
	if more > 0 {
		s.by[name].counter.WithLabelValues(of(key, labels)...).Add(more)
	}
}

// Touch has a counter of a control plane be there, with nothing counted.
func (s *Set) Touch(name string, key types.NamespacedName, labels ...string) {
	s.by[name].counter.WithLabelValues(of(key, labels)...)
}

// Observe adds to a histogram of a control plane.
func (s *Set) Observe(name string, key types.NamespacedName, value float64, labels ...string) {
	s.by[name].histogram.WithLabelValues(of(key, labels)...).Observe(value)
}

// ObserveOwn adds to a histogram of the operator itself.
func (s *Set) ObserveOwn(name string, value float64, labels ...string) {
	s.by[name].histogram.WithLabelValues(labels...).Observe(value)
}

func of(key types.NamespacedName, labels []string) []string {
	return append([]string{key.Namespace, key.Name}, labels...)
}

// Begin has the counters and histograms of a control plane that have fixed labels, or none,
// be there with nothing counted: a rate over what appears with its first event misses that.
// Without names it is all of them.
func (s *Set) Begin(key types.NamespacedName, names ...string) {
	if len(names) == 0 {
		names = s.list
	}
	for _, name := range names {
		t := s.by[name]
		if t.Operator || t.gauge != nil {
			continue
		}
		for _, values := range t.Combinations() {
			if t.counter != nil {
				t.counter.WithLabelValues(of(key, values)...)
			} else {
				t.histogram.WithLabelValues(of(key, values)...)
			}
		}
	}
}

// Forget removes what was told of a control plane that is gone.
func (s *Set) Forget(key types.NamespacedName) {
	match := prometheus.Labels{series.Of[0]: key.Namespace, series.Of[1]: key.Name}
	for _, name := range s.list {
		switch t := s.by[name]; {
		case t.Operator:
		case t.gauge != nil:
			t.gauge.DeletePartialMatch(match)
		case t.counter != nil:
			t.counter.DeletePartialMatch(match)
		default:
			t.histogram.DeletePartialMatch(match)
		}
	}
}

// Desc is the description of a series, for what is counted at every scrape.
func Desc(name string) (*prometheus.Desc, error) {
	for _, s := range series.List() {
		if s.Name == name {
			return prometheus.NewDesc(name, s.Help, Labels(s), nil), nil
		}
	}
	return nil, fmt.Errorf("there is no series %s", name)
}
