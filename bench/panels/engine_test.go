// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
)

const (
	// minutes is how long the synthetic data is.
	minutes = 12 * 60
	// most and lookback are the server's own: samples of one query, and how old a value may
	// be.
	most, lookback = 50_000_000, 5 * time.Minute
)

// one is what a person has chosen in the tests.
var one = chosen{namespace: "tenant-a", name: "main", rateWindow: "5m", shown: "6h"}

// end is the last time of the data, which begins in 1970.
var end = time.Unix(minutes*60, 0)

// engine evaluates as the server does: without what is experimental.
type engine struct {
	*promql.Engine
	store storage.Storage
}

func load(t *testing.T, all []line) engine {
	t.Helper()
	text := make([]string, 0, len(all))
	for _, l := range all {
		text = append(text, l.String())
	}
	return loadText(t, strings.Join(text, "\n"))
}

// loadText loads series of promqltest, a line for each, with a value for each minute.
func loadText(t *testing.T, text string) engine {
	t.Helper()
	store := promqltest.LoadedStorage(t, "load 1m\n"+text)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	e := promqltest.NewTestEngineWithOpts(t, promql.EngineOpts{
		MaxSamples: most, Timeout: time.Minute, LookbackDelta: lookback, Parser: parser.NewParser(parser.Options{}),
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
		EnableAtModifier:         true, EnableNegativeOffset: true,
	})
	return engine{e, store}
}

// answer is what an expression gives: the series that have numbers, how many these are
// together, and the last of each.
type answer struct {
	series  []labels.Labels
	values  []float64
	numbers int
}

// ask asks as Grafana does.
func (e engine) ask(ctx context.Context, q Question) (answer, error) {
	var query promql.Query
	var err error
	if q.instant() {
		query, err = e.NewInstantQuery(ctx, e.store, nil, one.fill(q.Expr), end)
	} else {
		query, err = e.NewRangeQuery(ctx, e.store, nil, one.fill(q.Expr), end.Add(-30*time.Minute), end, 5*time.Minute)
	}
	if err != nil {
		return answer{}, err
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return answer{}, result.Err
	}
	var a answer
	switch v := result.Value.(type) {
	case promql.Vector:
		for _, s := range v {
			a.add(s.Metric, promql.FPoint{F: s.F})
		}
	case promql.Matrix:
		for _, s := range v {
			a.add(s.Metric, s.Floats...)
		}
	default:
		return answer{}, fmt.Errorf("it gives a %s", v.Type())
	}
	return a, nil
}

func (a *answer) add(of labels.Labels, points ...promql.FPoint) {
	last := math.NaN()
	for _, p := range points {
		if !math.IsNaN(p.F) {
			last = p.F
			a.numbers++
		}
	}
	if !math.IsNaN(last) {
		a.series, a.values = append(a.series, of.Copy()), append(a.values, last)
	}
}
