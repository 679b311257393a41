// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
)

// kind is one sort of requests that apiservers count: by verb and scope, and the bucket that
// is its objective.
type kind struct {
	verb, scope, le string
	share           float64
	writes          bool
}

// kinds are what a tenant asks: of ten requests seven read.
var kinds = []kind{
	{"GET", "resource", "1", 0.5, false},
	{"LIST", "namespace", "30", 0.15, false},
	{"LIST", "cluster", "30", 0.05, false},
	{"PUT", "resource", "1", 0.3, true},
}

// passOwn counts what the apiservers count themselves. A code has no series before its first
// request, and a scope has none that nobody reads.
func (p *plant) passOwn(seconds float64, now phase) {
	if now.Own.Gone || now.Own.Down {
		return
	}
	asked := kinds
	if len(now.Own.Scopes) == 1 {
		asked = []kind{{"GET", "resource", "1", 0.7, false}, kinds[3]}
	}
	for _, k := range asked {
		t := now.Own.of(k, now.traffic)
		n := or(t.Requests, calmRequests) * seconds * k.share
		failed, shed, slow := n*or(t.Failed, calmFailed), n*or(t.Shed, 0), n*or(t.Slow, calmSlow)
		count := func(code string, by float64) {
			if by > 0 {
				p.own[fmt.Sprintf("apiserver_request_total{verb=%q,scope=%q,code=%q}", k.verb, k.scope, code)] += by
			}
		}
		count("200", n-failed-shed)
		count("503", failed)
		count("429", shed)
		const histogram = "apiserver_request_sli_duration_seconds"
		set := fmt.Sprintf("verb=%q,scope=%q", k.verb, k.scope)
		p.own[fmt.Sprintf("%s_count{%s}", histogram, set)] += n
		p.own[fmt.Sprintf("%s_bucket{%s,le=%q}", histogram, set, k.le)] += n - slow
		p.own[fmt.Sprintf("%s_bucket{%s,le=\"+Inf\"}", histogram, set)] += n
	}
}

// of is the traffic of a kind: its own, that of all, or what the operator sees.
func (o own) of(k kind, seen traffic) traffic {
	t := o.Reads
	if k.writes {
		t = o.Writes
	}
	for _, from := range []traffic{o.traffic, seen} {
		t.Requests, t.Failed = first(t.Requests, from.Requests), first(t.Failed, from.Failed)
		t.Shed, t.Slow = first(t.Shed, from.Shed), first(t.Slow, from.Slow)
	}
	return t
}

func first(a, b *float64) *float64 {
	if a != nil {
		return a
	}
	return b
}

// tellsOwn is what the apiservers tell; nothing where they are gone.
func (p *plant) tellsOwn(now phase) ([]sample, error) {
	more := []string{"job", "apiserver", "instance", "10.0.0.1:6443", "namespace", p.namespace, "name", p.name}
	switch {
	case now.Own.Gone:
		return nil, nil
	case now.Own.Down:
		return p.samples(map[string]float64{"up": 0}, more...)
	}
	all := maps.Clone(p.own)
	all["up"] = 1
	return p.samples(all, more...)
}
