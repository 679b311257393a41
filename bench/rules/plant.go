// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"evenkeel.dev/evenkeel/monitoring/series"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// roundEvery is how often a control plane is probed.
const roundEvery = 10

// plant is one control plane: what each operator replica knows of it, and what its apiservers
// have counted themselves.
type plant struct {
	namespace, name string
	target          float64
	views           map[string]*view
	// own are the apiservers' counters, by the series as text.
	own map[string]float64
	// rounds is how many there were in this phase.
	rounds int
	sets   map[string]labels.Labels
}

func newPlant(namespace, name string, target float64) *plant {
	return &plant{namespace: namespace, name: name, target: target, views: map[string]*view{}, own: map[string]float64{}, sets: map[string]labels.Labels{}}
}

// begin begins a phase: what replicas know that do not run any more is lost.
func (p *plant) begin(at int, now phase) {
	p.rounds = 0
	if at == 0 {
		at = longAgo
	}
	runs := now.runs()
	maps.DeleteFunc(p.views, func(pod string, _ *view) bool { return !slices.Contains(runs, pod) })
	for _, pod := range runs {
		v := p.views[pod]
		if v == nil {
			v = newView(at)
			p.views[pod] = v
		}
		v.knows = v.knows || now.Host != "down"
		switch leads := pod == now.leader(); {
		case !leads:
			v.led = -1
		case v.led == -1:
			v.led = at
		}
	}
	if v := p.views[now.leader()]; v != nil {
		for name, n := range now.Once {
			v.counted[name] += n
		}
	}
}

// round plays a round of probes of every replica at a second, of which what failed is known
// some seconds later.
func (p *plant) round(at, answer int, now phase) {
	own := map[string]sla.Verdict{}
	for pod, v := range p.views {
		if v.recall(at, now); v.knows {
			own[pod] = v.own(word(now.met(pod).Rounds, p.rounds))
		}
	}
	p.rounds++
	for pod := range own {
		heard := func(other string) bool { return now.hears(pod, other) }
		p.views[pod].round(at, answer, together(pod, own, heard), now.met(pod))
	}
}

// word is the verdict of a round by its number.
func word(verdicts string, n int) string {
	if all := strings.Fields(verdicts); len(all) > 0 {
		return all[n%len(all)]
	}
	return "up"
}

// pass counts what happens in so many seconds; while nobody leads only the apiservers do.
func (p *plant) pass(seconds float64, now phase) {
	if v := p.views[now.leader()]; v != nil && v.knows {
		v.pass(seconds, now)
	}
	p.passOwn(seconds, now)
}

// gauges are what the operator's gauges tell at a second of a phase that began at another.
func (p *plant) gauges(v *view, at, began int, now phase) (map[string]float64, error) {
	told := map[string]float64{}
	for _, name := range calmSeries(series.Gauge) {
		told[name] = calmGauges[base(name)]
	}
	for kind, v := range calmConditions {
		told[named(series.Condition, fmt.Sprintf("type=%q", kind))] = v
	}
	for _, c := range []string{"access", "serving", "etcd-client"} {
		told[named(series.Expires, fmt.Sprintf("certificate=%q", c))] = epoch + 300*86400
	}
	told[series.LastPass] = float64(epoch + at - 2)
	told[series.Target] = p.target
	maps.Copy(told, v.down(at))
	if v.verdict == sla.Blind {
		told[series.Unseen] = 1
	}
	for name, text := range now.Gauges {
		value, err := gauge(text, at, began)
		if err != nil {
			return nil, fmt.Errorf("reading the value of %s: %w", name, err)
		}
		told[name] = value
	}
	maps.Copy(told, v.unread(at))
	if at-v.led < membersAfter {
		maps.Copy(told, membersUnseen)
	}
	return told, nil
}

// base is the name of a series without its labels.
func base(name string) string {
	name, _, _ = strings.Cut(name, "{")
	return name
}

// gauge reads the value of a gauge at a second.
func gauge(text string, at, began int) (float64, error) {
	if rest, ok := strings.CutPrefix(text, "in "); ok {
		d, err := model.ParseDuration(rest)
		return float64(epoch+began) + time.Duration(d).Seconds(), err
	}
	if rest, ok := strings.CutPrefix(text, "ago "); ok {
		d, err := model.ParseDuration(rest)
		return float64(epoch+began) - time.Duration(d).Seconds(), err
	}
	first, each, grows := strings.Cut(text, " + ")
	v, err := strconv.ParseFloat(first, 64)
	if err != nil || !grows {
		return v, err
	}
	slope, err := strconv.ParseFloat(strings.TrimSuffix(each, "/s"), 64)
	return v + slope*float64(at-began), err
}

// tells is what an operator replica tells of the control plane: all where it leads, else its
// own probes and whether it is down.
func (p *plant) tells(pod string, at, began int, now phase) ([]sample, error) {
	v := p.views[pod]
	if v == nil || !v.knows {
		return nil, nil
	}
	v.recall(at, now)
	leads := pod == now.leader()
	all := v.down(at)
	if leads {
		gauges, err := p.gauges(v, at, began, now)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, gauges)
	}
	for name, n := range v.counted {
		if leads || strings.HasPrefix(name, series.Probes) {
			all[name] = n
		}
	}
	if leads && (at-v.led < passAfter || now.Passes == "none") {
		maps.DeleteFunc(all, func(name string, _ float64) bool { return !atOnce(name) })
	}
	return p.samples(all, "job", "evenkeel", "pod", pod, "namespace", p.namespace, "name", p.name)
}

// samples puts labels to values.
func (p *plant) samples(all map[string]float64, more ...string) ([]sample, error) {
	out := make([]sample, 0, len(all))
	for name, v := range all {
		key := name + "\x00" + strings.Join(more[:4], "\x00")
		set, ok := p.sets[key]
		if !ok {
			var err error
			if set, err = labeled(name, more...); err != nil {
				return nil, err
			}
			p.sets[key] = set
		}
		out = append(out, sample{set, v})
	}
	return out, nil
}

func or(v *float64, calm float64) float64 {
	if v == nil {
		return calm
	}
	return *v
}
