// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
)

// evaluate evaluates the groups that are due at a second, in the order of their file. Until
// shortly before the fault that is once a minute at the most: calm is long, and dear to play.
func (t *theater) evaluate(at int, closely bool) error {
	for _, g := range t.groups {
		every := int(max(g.Interval(), t.coarse) / time.Second)
		if at < t.calmUntil {
			every = max(every, 60)
		}
		if closely || g.Name() == "evenkeel.steps" {
			every = int(g.Interval() / time.Second)
		}
		if at%every != t.clock.evaluate%every {
			continue
		}
		before := t.evaluated[g.Name()]
		t.evaluated[g.Name()] = at
		g.Eval(context.Background(), time.Unix(int64(epoch+at), 0))
		for _, r := range g.Rules() {
			if err := r.LastError(); err != nil {
				return fmt.Errorf("evaluating %s: %w", r.Name(), err)
			}
		}
		for _, r := range g.AlertingRules() {
			r.ForEachActiveAlert(func(a *rules.Alert) {
				if a.State == rules.StateFiring {
					t.fires(at, before, a)
				}
			})
		}
	}
	return nil
}

// fires notes an alert of a group that was evaluated before at another second.
func (t *theater) fires(at, before int, a *rules.Alert) {
	key := a.Labels.String()
	if f := t.fired[key]; f != nil {
		if f.last < before {
			f.stops++
		}
		f.last = at
		return
	}
	var text []string
	a.Annotations.Range(func(l labels.Label) { text = append(text, l.Value) })
	t.fired[key] = &firing{
		fired:     fired{a.Labels.Get("severity"), a.Labels.Get("alertname")},
		namespace: a.Labels.Get("namespace"), name: a.Labels.Get("name"),
		first: at, last: at, text: strings.Join(text, "\n"),
	}
}

// names are those of alerts that fired, once each.
func names(all []firing) (out []string) {
	for _, f := range all {
		out = append(out, f.String())
	}
	slices.Sort(out)
	return slices.Compact(out)
}
