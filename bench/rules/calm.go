// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"evenkeel.dev/evenkeel/monitoring/series"
)

// In calm a control plane of three replicas and three members has so many requests in a
// second, of which so many fail and are slow.
const (
	calmRequests, calmFailed, calmSlow = 20, 0.0001, 0.0001
	calmBytes                          = 2e6
)

// calmGauges are what gauges tell in calm; those that do not stand tell 0. Certificates end
// in most of a year, and a pass has just ended: see gauges.
var calmGauges = map[string]float64{
	series.Available: 1, series.BudgetLeft: 1,
	series.LoadLine: 60, series.Ceiling: 600, series.Used: 12, series.Replicas: 3, series.ReplicasReady: 3,
	series.EtcdMembers: 3, series.EtcdMembersReady: 3, series.EtcdSeen: 3, series.EtcdHasLeader: 1,
	series.EtcdFsync: 0.004, series.EtcdCommit: 0.008, series.EtcdDatabase: 600e6, series.EtcdInUse: 400e6, series.EtcdQuota: 8e9,
}

// calmConditions are the conditions that are told in calm.
var calmConditions = map[string]float64{
	"Ready": 1, "Observed": 1, "LoadLineInForce": 1, "OffenderFound": 0, "CeilingReached": 0,
	"Protected": 1, "EtcdHealthy": 1, "ZonesSpread": 1, "PlanProceeds": 1, "FlagsManaged": -1,
}

// combinations are the label sets that a series of the list has, by the values that stand
// there; without those whose values are not fixed.
func combinations(s series.Series) (all []string) {
	for _, values := range s.Combinations() {
		set := make([]string, len(values))
		for i, v := range values {
			set[i] = fmt.Sprintf("%s=%q", s.Labels[i].Name, v)
		}
		all = append(all, strings.Join(set, ","))
	}
	return all
}

// calmSeries are the series that each control plane has from its first pass, by kind, as they
// stand in an expression and without its own labels.
func calmSeries(kind series.Kind) (all []string) {
	for _, s := range series.List() {
		if s.Operator || s.Kind != kind || s.Name == series.Probes {
			continue
		}
		for _, c := range combinations(s) {
			all = append(all, named(s.Name, c))
		}
	}
	if kind == series.Gauge {
		for kind := range calmConditions {
			all = append(all, named(series.Condition, fmt.Sprintf("type=%q", kind)))
		}
	}
	return all
}

func named(name, set string) string {
	if set == "" {
		return name
	}
	return name + "{" + set + "}"
}

var reader = parser.NewParser(parser.Options{})

// labeled are the labels of a series with some more.
func labeled(text string, more ...string) (labels.Labels, error) {
	of, err := reader.ParseMetric(text)
	if err != nil {
		return labels.EmptyLabels(), fmt.Errorf("reading the series %s: %w", text, err)
	}
	b := labels.NewBuilder(of)
	for i := 0; i+1 < len(more); i += 2 {
		b.Set(more[i], more[i+1])
	}
	return b.Labels(), nil
}
