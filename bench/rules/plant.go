// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"evenkeel.dev/evenkeel/monitoring/series"
)

// roundEvery is how often a control plane is probed.
const roundEvery = 10

// plant is one control plane: what the operator has counted of it, and what its apiservers
// have counted themselves.
type plant struct {
	namespace, name string
	target          float64
	// counted are the operator's counters, own those of the apiservers, both by the series as
	// text.
	counted, own map[string]float64
	// rounds is how many there were in this phase; downFrom is the first of those that are down
	// now, and told since when that is known; -1 is none.
	rounds         int
	downFrom, told int
	blind          bool
	// worst is for how long it was down since the last scrape, where that is kept: a coarse
	// scrape would not see what a fine one does.
	worst      int
	keepsWorst bool
	sets       map[string]labels.Labels
}

func newPlant(namespace, name string, target float64) *plant {
	p := &plant{namespace: namespace, name: name, target: target, own: map[string]float64{}, downFrom: -1, told: -1, sets: map[string]labels.Labels{}}
	p.reset()
	return p
}

// reset begins the operator's counters at 0: all of them are there.
func (p *plant) reset() {
	p.counted = map[string]float64{}
	for _, name := range calmSeries(series.Counter) {
		p.counted[name] = 0
	}
	for _, s := range series.List() {
		if s.Name == series.Probes {
			for _, c := range combinations(s) {
				p.counted[named(s.Name, c)] = 0
			}
		}
	}
	p.downFrom, p.told = -1, -1
}

// begin begins a phase; reset is whether the operator counts anew.
func (p *plant) begin(now phase, reset bool) {
	if p.rounds = 0; reset {
		p.reset()
	}
	for name, n := range now.Once {
		p.counted[name] += n
	}
}

// round plays a round of probes at a second, of which what failed is known some seconds later.
func (p *plant) round(at, answer int, now phase) {
	verdicts := strings.Fields(now.Rounds)
	verdict := "up"
	if len(verdicts) > 0 {
		verdict = verdicts[p.rounds%len(verdicts)]
	}
	p.rounds++
	p.counted[named(series.Rounds, fmt.Sprintf("verdict=%q", verdict))]++
	p.blind = verdict == "blind"
	switch {
	case verdict != "down":
		if p.keepsWorst && p.downFrom >= 0 && at >= p.told {
			p.worst = max(p.worst, at-p.downFrom)
		}
		p.downFrom, p.told = -1, -1
	case p.downFrom < 0:
		p.downFrom, p.told = at, at+answer
	}
	const asked = 2 // a read and a write through the balancer
	if verdict == "down" {
		p.counted[series.Requests] += asked
		p.counted[series.Failed] += asked
	}
	p.probes("balancer", now.Balancer, 1, "ready", "read", "write")
	p.probes("replica", now.Replica, 3, "ready", "read")
}

// probes counts what came of so many probes of each of these questions.
func (p *plant) probes(door, came string, n float64, questions ...string) {
	result, share := "served", 1.0
	if parts := strings.Fields(came); len(parts) > 0 {
		result = parts[0]
		if len(parts) > 1 {
			share, _ = strconv.ParseFloat(parts[1], 64)
		}
	}
	for _, q := range questions {
		set := func(result string) string {
			phase := "done"
			if result == "failed" {
				phase = "wait"
			}
			return named(series.Probes, fmt.Sprintf("door=%q,question=%q,result=%q,phase=%q", door, q, result, phase))
		}
		p.counted[set(result)] += n * share
		p.counted[set("served")] += n * (1 - share)
	}
}

// pass counts what happens in so many seconds.
func (p *plant) pass(seconds float64, now phase) {
	requests := or(now.Requests, calmRequests) * seconds
	p.counted[series.Requests] += requests
	p.counted[series.Failed] += requests * or(now.Failed, calmFailed)
	p.counted[series.Shed] += requests * or(now.Shed, 0)
	p.counted[named(series.Slow, `scope="resource"`)] += requests * or(now.Slow, calmSlow)
	p.counted[series.QueueSeconds] += requests * max(now.Waits, 0.001)
	p.counted[series.ResponseBytes] += or(now.Bytes, calmBytes) * seconds
	for name, each := range now.Counters {
		p.counted[name] += each * seconds
	}
	p.passOwn(seconds, now)
}

// gauges are what the operator's gauges tell at a second of a phase that began at another.
func (p *plant) gauges(at, began int, now phase) (map[string]float64, error) {
	told := map[string]float64{}
	for _, name := range calmSeries(series.Gauge) {
		told[name] = calmGauges[name[:len(name)-len(after(name))]]
	}
	for kind, v := range calmConditions {
		told[named(series.Condition, fmt.Sprintf("type=%q", kind))] = v
	}
	for _, c := range []string{"access", "serving", "etcd-client"} {
		told[named(series.Expires, fmt.Sprintf("certificate=%q", c))] = epoch + 300*86400
	}
	told[series.LastPass] = float64(epoch + at - 2)
	told[series.Target] = p.target
	if p.downFrom >= 0 && at >= p.told {
		told[series.Down], told[series.DownSeconds] = 1, float64(at-p.downFrom)
	}
	if p.worst > 0 {
		told[series.DownSeconds], p.worst = max(told[series.DownSeconds], float64(p.worst)), 0
	}
	if p.blind {
		told[series.Unseen] = 1
	}
	for name, text := range now.Gauges {
		v, err := gauge(text, at, began)
		if err != nil {
			return nil, fmt.Errorf("reading the value of %s: %w", name, err)
		}
		told[name] = v
	}
	return told, nil
}

// after is the labels of a series as text, with their braces.
func after(name string) string {
	if i := strings.IndexByte(name, '{'); i >= 0 {
		return name[i:]
	}
	return ""
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
// own probes.
func (p *plant) tells(pod string, leads bool, at, began int, now phase) ([]sample, error) {
	all := map[string]float64{}
	if leads {
		gauges, err := p.gauges(at, began, now)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, gauges)
	}
	for name, v := range p.counted {
		if leads || strings.HasPrefix(name, series.Probes) {
			all[name] = v
		}
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
