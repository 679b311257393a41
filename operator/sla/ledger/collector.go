// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/monitoring/series"
	"evenkeel.dev/evenkeel/operator/metrics"
	"evenkeel.dev/evenkeel/operator/sla/vantage"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// Collector tells Prometheus what the books hold, as of the moment of the scrape: neither a
// pass that hangs nor a host cluster that is down stops it. A replica that does not lead tells what is
// down, and of itself.
type Collector struct {
	Books  *Books
	Points *vantage.Points
	Now    func() time.Time

	descs map[string]*prometheus.Desc
}

// collected are the series that it tells.
var collected = []string{
	series.Down, series.DownSeconds, series.Unseen, series.Rounds, series.Requests, series.Failed, series.Shed, series.Jailed, series.Slow, series.QueueSeconds,
	series.ResponseBytes, series.Target, series.Available, series.BudgetLeft, series.Minutes, series.BadMinutes, series.LedgerUnsaved,
	series.Points, series.Leading,
}

// NewCollector makes the collector of some books.
func NewCollector(b *Books, p *vantage.Points, now func() time.Time) (*Collector, error) {
	c := &Collector{Books: b, Points: p, Now: now, descs: map[string]*prometheus.Desc{}}
	for _, name := range collected {
		d, err := metrics.Desc(name)
		if err != nil {
			return nil, err
		}
		c.descs[name] = d
	}
	return c, nil
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	now, leads := c.Now(), c.Points.Leads()
	own := func(name string, value float64) {
		out <- prometheus.MustNewConstMetric(c.descs[name], prometheus.GaugeValue, value)
	}
	own(series.Points, float64(c.Points.Alive(now)))
	own(series.Leading, one(leads))
	for key, book := range c.Books.All() {
		t := book.telling(c.Points.Self, c.Points.Others(key), now)
		c.tellDown(out, key, t)
		if leads {
			c.tell(out, key, t)
		}
	}
}

// telling is what is told of one book.
type telling struct {
	Standing
	told
	target    float64
	unsaved   int
	downFor   float64
	available [2][3]float64
	left      [2]float64
}

func (b *Book) telling(point string, others []sla.Look, now time.Time) telling {
	target := b.Promised()
	t := telling{Standing: b.Standing(point, others, target, now), target: target}
	b.mu.Lock()
	defer b.mu.Unlock()
	t.told, t.unsaved = b.told.clone(), b.unsaved
	if !b.recalled {
		t.unsaved = len(b.accounts)
	}
	if !t.DownFrom.IsZero() {
		t.downFor = max(0, now.Sub(t.DownFrom).Seconds())
	}
	for i, p := range []struct {
		totals sla.Totals
		budget sla.Budget
	}{{t.Month, t.MonthBudget}, {t.Thirty, t.ThirtyBudget}} {
		if !t.Known { // what nobody has read is not good
			t.available[i], t.left[i] = [3]float64{math.NaN(), math.NaN(), math.NaN()}, math.NaN()
			continue
		}
		t.available[i], t.left[i] = [3]float64{1, 1, 1}, p.budget.Left()
		a := p.totals.Availability()
		if a.Known {
			t.available[i][0], t.available[i][1] = a.Minutes, a.Runs
		}
		if a.Asked {
			t.available[i][2] = a.Requests
		}
	}
	return t
}

// tellDown tells whether a control plane is down, as every replica does: where the host cluster
// is down nobody leads, and an outage is one all the same.
func (c *Collector) tellDown(out chan<- prometheus.Metric, key types.NamespacedName, t telling) {
	for name, value := range map[string]float64{series.Down: one(t.Verdict == sla.Down), series.DownSeconds: t.downFor} {
		out <- prometheus.MustNewConstMetric(c.descs[name], prometheus.GaugeValue, value, key.Namespace, key.Name)
	}
}

// tell tells of one control plane what the replica that leads does.
func (c *Collector) tell(out chan<- prometheus.Metric, key types.NamespacedName, t telling) {
	put := func(name string, kind prometheus.ValueType, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(c.descs[name], kind, value, append([]string{key.Namespace, key.Name}, labels...)...)
	}
	gauge := func(name string, value float64, labels ...string) { put(name, prometheus.GaugeValue, value, labels...) }
	counter := func(name string, value float64, labels ...string) {
		put(name, prometheus.CounterValue, value, labels...)
	}
	gauge(series.Unseen, one(t.Verdict == sla.Blind && !t.Asleep))
	for verdict, word := range map[sla.Verdict]string{sla.Up: "up", sla.Down: "down", sla.Blind: "blind"} {
		counter(series.Rounds, t.rounds[verdict], word)
	}
	counter(series.Requests, t.sums.Requests)
	counter(series.Failed, t.sums.Failed)
	counter(series.Shed, t.sums.Shed)
	counter(series.Jailed, t.jailed)
	for _, scope := range []string{"resource", "namespace", "cluster"} {
		counter(series.Slow, t.slow[scope], scope)
	}
	counter(series.QueueSeconds, t.sums.Waited)
	counter(series.ResponseBytes, t.bytes)
	gauge(series.Target, t.target)
	for i, period := range []string{"month", "30d"} {
		for j, definition := range []string{"minutes", "runs", "requests"} {
			gauge(series.Available, t.available[i][j], period, definition)
		}
		gauge(series.BudgetLeft, t.left[i], period)
	}
	for _, kind := range []string{"good", "slow", "shedding", "bad", "unseen"} {
		counter(series.Minutes, t.minutes[kind], kind)
	}
	for _, cause := range sla.Causes() {
		counter(series.BadMinutes, t.causes[cause], cause.String())
	}
	gauge(series.LedgerUnsaved, float64(t.unsaved))
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
