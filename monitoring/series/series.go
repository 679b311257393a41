// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package series is what the operator tells Prometheus, as data: the one list that its
// exporter, the rules, the dashboards and the reference are made from. A rule that names
// a series that is not here does not build.
//
// Series of a control plane are there from the first pass over its profile, with 0 where
// nothing has happened yet, and go with it: a rule on them is never without an answer
// while an operator lives. Their number is bounded: a control plane has those of List, with
// the values that stand here and no others, whatever its tenant does.
package series

import "slices"

// Kind is what kind of series it is.
type Kind string

// The kinds of series.
const (
	Gauge     Kind = "gauge"
	Counter   Kind = "counter"
	Histogram Kind = "histogram"
)

// Label is one label and the values that it can have; none of a label whose values are not
// fixed.
type Label struct {
	Name   string
	Values []string
}

// Series is one name and what it tells.
type Series struct {
	Name, Help string
	Kind       Kind
	// Operator is whether it is of the operator itself; else it is of one control plane and
	// has the labels namespace and name of its profile before the others.
	Operator bool
	Labels   []Label
	// Together tells whether values of the labels, in their order, can be those of one series;
	// nil is that all can.
	Together func(values []string) bool
	// Buckets are a histogram's.
	Buckets []float64
}

// Combinations are all values that the labels of a series can have together; none where the
// values of one are not fixed.
func (s Series) Combinations() [][]string {
	all := [][]string{nil}
	for _, l := range s.Labels {
		var next [][]string
		for _, before := range all {
			for _, v := range l.Values {
				next = append(next, append(slices.Clone(before), v))
			}
		}
		all = next
	}
	if s.Together == nil {
		return all
	}
	return slices.DeleteFunc(all, func(values []string) bool { return !s.Together(values) })
}

// Of are the labels of a control plane.
var Of = []string{"namespace", "name"}

// Values of labels.
var (
	verdicts  = Label{"verdict", []string{"up", "down", "blind"}}
	doors     = Label{"door", []string{"balancer", "replica"}}
	questions = Label{"question", []string{"ready", "read", "write"}}
	results   = Label{"result", []string{"served", "late", "refused", "failed", "denied"}}
	phases    = Label{"phase", []string{"dial", "tls", "wait", "body", "done"}}
	scopes    = Label{"scope", []string{"resource", "namespace", "cluster"}}
	kinds     = Label{"kind", []string{"good", "slow", "shedding", "bad", "unseen"}}
	causes    = Label{"cause", []string{"Evenkeel", "Zone", "Etcd", "Offender", "Rollout", "Unknown"}}
	readings  = Label{"definition", []string{"minutes", "runs", "requests"}}
	periods   = Label{"period", []string{"month", "30d"}}
	component = Label{"component", []string{"kube-apiserver", "etcd"}}
	resources = Label{"resource", []string{"cpu", "memory"}}
	creds     = Label{"certificate", []string{"access", "serving", "etcd-client"}}
)
