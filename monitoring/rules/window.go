// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/monitoring/series"
)

// The names of what is recorded. All have the labels namespace, name and sli, those of windows
// the label window as well.
const (
	// Allowed is the share that may be bad: what the promise leaves.
	Allowed = "controlplane:evenkeel_allowed:ratio"
	// BadRate and AllRate are of five minutes, in a second.
	BadRate = "controlplane:evenkeel_bad:rate5m"
	AllRate = "controlplane:evenkeel_all:rate5m"
	// Bad and All are how many there were in a window.
	Bad = "controlplane:evenkeel_bad:increase"
	All = "controlplane:evenkeel_all:increase"
	// Burn is how many times faster than allowed the budget is used: 1 uses all of it in the
	// period and no more. It is there only where something was asked, and never NaN.
	Burn = "controlplane:evenkeel_burn:ratio"
	// Database is what the growth of etcd's database is foretold from. 0 is not known, and a
	// database that is known again has not grown.
	Database = "controlplane:evenkeel_etcd_database_bytes:max"
)

// servedWell is the share of requests that are to be served well: not refused, not late by
// the objective of their scope, not failed. It is a constant, as nobody is promised it: the
// official objectives of latency are of the 99th percentile.
const servedWell = 0.99

// A target of 1 allows nothing; a hundred-thousandth is allowed all the same, as what is
// divided by nothing is no number.
const leastAllowed = 0.00001

// sli is one thing that is good or bad, and counted.
type sli struct {
	name string
	// bad and all sum up what f (rate or increase) says of the counters in a window.
	bad, all func(f growth, window string) string
	// allowed is the share that may be bad.
	allowed string
}

type growth func(window, name string, matchers ...string) string

// slis are the objectives. Rounds that were blind are neither good nor bad.
func slis() []sli {
	promised := fmt.Sprintf("clamp_min(1 - %s, %f)", least(series.Target), leastAllowed)
	requests := func(f growth, w string) string { return f(w, series.Requests) }
	return []sli{
		{
			name: "rounds", allowed: promised,
			bad: func(f growth, w string) string { return f(w, series.Rounds, is("verdict", "down")) },
			all: func(f growth, w string) string { return f(w, series.Rounds, in("verdict", "up", "down")) },
		},
		{
			name: "requests", allowed: promised, all: requests,
			bad: func(f growth, w string) string { return f(w, series.Failed) },
		},
		{
			name: "served", allowed: fmt.Sprintf("0 * %s + %.2f", least(series.Target), 1-servedWell), all: requests,
			bad: func(f growth, w string) string {
				return lines(f(w, series.Shed), "+ "+f(w, series.Slow), "+ "+f(w, series.Failed))
			},
		},
	}
}

// The windows that are summed up from the counters, and those that are too long for it: a
// thousand control planes over three days are some hundred million samples. These are
// summed up from five minutes' rates, of which one is taken every stepEvery.
var (
	short = []time.Duration{5 * time.Minute, 30 * time.Minute, time.Hour}
	long  = []time.Duration{2 * time.Hour, 6 * time.Hour, 24 * time.Hour, 72 * time.Hour}
)

func shortWindows() (out []Recording) {
	for _, s := range slis() {
		out = append(out, Recording{Name: Allowed, Expr: s.allowed, Labels: map[string]string{"sli": s.name}})
	}
	for _, w := range short {
		for _, s := range slis() {
			labels := map[string]string{"sli": s.name, "window": span(w)}
			out = append(out,
				Recording{Name: Bad, Expr: s.bad(increase, span(w)), Labels: labels},
				Recording{Name: All, Expr: s.all(increase, span(w)), Labels: labels})
		}
		out = append(out, burn(w))
	}
	return out
}

func steps() (out []Recording) {
	for _, s := range slis() {
		labels := map[string]string{"sli": s.name}
		out = append(out,
			Recording{Name: BadRate, Expr: s.bad(rate, "5m"), Labels: labels},
			Recording{Name: AllRate, Expr: s.all(rate, "5m"), Labels: labels})
	}
	return append(out, Recording{Name: Database, Expr: most(series.EtcdDatabase) + " > 0"})
}

func longWindows() (out []Recording) {
	for _, w := range long {
		labels := map[string]string{"window": span(w)}
		sum := func(name string) string {
			return fmt.Sprintf("sum_over_time(%s[%s]) * %d", name, span(w), stepEvery/time.Second)
		}
		out = append(out, Recording{Name: Bad, Expr: sum(BadRate), Labels: labels}, Recording{Name: All, Expr: sum(AllRate), Labels: labels}, burn(w))
	}
	return out
}

// burn is of all objectives at once. Where nothing was asked there is none.
func burn(w time.Duration) Recording {
	in := is("window", span(w))
	return Recording{Name: Burn, Labels: map[string]string{"window": span(w)}, Expr: lines(
		fmt.Sprintf("%s / (%s > 0)", selector(Bad, in), selector(All, in)),
		fmt.Sprintf("/ on (%s, sli) group_left () %s", of, Allowed))}
}
