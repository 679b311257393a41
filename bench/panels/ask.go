// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"evenkeel.dev/evenkeel/bench/testbed/prometheus"
	"evenkeel.dev/evenkeel/monitoring/series"
)

const (
	// points are about how many a picture of half a page has.
	points = 300
	// finest is the least step between two.
	finest = 15 * time.Second
	// askWithin bounds all questions together.
	askWithin = 10 * time.Minute
)

// Options say what to ask, and for what.
type Options struct {
	// URL is the server's, without a slash at the end.
	URL string
	// Namespace and Name are the control plane that is chosen where one is; empty is the
	// first that there is.
	Namespace, Name string
	// Range is how far back is looked.
	Range time.Duration
}

// Failure is an expression that was refused, or had no answer in time.
type Failure struct {
	Question
	Error string `json:"error"`
}

// Result is what became of the questions.
type Result struct {
	Panels      int `json:"panels"`
	Expressions int `json:"expressions"`
	// Empty are those without a single number.
	Empty  []Question `json:"empty"`
	Failed []Failure  `json:"failed"`
	// Slowest is where the answer took longest.
	Slowest        string  `json:"slowest"`
	SlowestSeconds float64 `json:"slowestSeconds"`
}

// Ask asks a running Prometheus for every panel, as of now.
func Ask(ctx context.Context, o Options) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	client := prometheus.Client{URL: o.URL}
	c, err := o.choose(ctx, client)
	if err != nil {
		return Result{}, err
	}
	r := Result{Empty: []Question{}, Failed: []Failure{}}
	panels := map[string]bool{}
	to := time.Now()
	for _, q := range questions() {
		if ctx.Err() != nil {
			return Result{}, fmt.Errorf("asking for the panels: %w", ctx.Err())
		}
		panels[q.Dashboard+q.Panel] = true
		r.Expressions++
		began := time.Now()
		some, err := answers(ctx, client, q, c.fill(q.Expr), to, o.Range)
		if took := time.Since(began).Seconds(); took > r.SlowestSeconds {
			r.Slowest, r.SlowestSeconds = q.String(), took
		}
		switch {
		case err != nil:
			r.Failed = append(r.Failed, Failure{Question: q, Error: err.Error()})
		case !some:
			r.Empty = append(r.Empty, q)
		}
	}
	r.Panels = len(panels)
	return r, nil
}

// choose chooses a control plane and the windows.
func (o Options) choose(ctx context.Context, client prometheus.Client) (chosen, error) {
	c := chosen{namespace: o.Namespace, name: o.Name, shown: prometheusTime(o.Range), rateWindow: prometheusTime(max(4*finest, o.step()+finest))}
	if c.namespace != "" && c.name != "" {
		return c, nil
	}
	there, err := client.Instant(ctx, series.Target, time.Time{})
	if err != nil {
		return chosen{}, fmt.Errorf("looking for control planes: %w", err)
	}
	for _, s := range there {
		namespace, name := s.Labels["namespace"], s.Labels["name"]
		if (o.Namespace == "" || o.Namespace == namespace) && (o.Name == "" || o.Name == name) {
			c.namespace, c.name = namespace, name
			return c, nil
		}
	}
	return chosen{}, errors.New("looking for control planes: no " + series.Target + " of such a one is told")
}

func (o Options) step() time.Duration { return max(o.Range/points, finest).Round(time.Second) }

// answers tells whether an expression gives a number.
func answers(ctx context.Context, client prometheus.Client, q Question, expr string, to time.Time, back time.Duration) (bool, error) {
	var all []prometheus.Series
	var err error
	if q.instant() {
		all, err = client.Instant(ctx, expr, to)
	} else {
		all, err = client.Range(ctx, expr, to.Add(-back), to, Options{Range: back}.step())
	}
	if err != nil {
		return false, err
	}
	for _, s := range all {
		for _, p := range s.Points {
			if !math.IsNaN(p.Value) {
				return true, nil
			}
		}
	}
	return false, nil
}

// prometheusTime is a time as expressions have it.
func prometheusTime(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }
