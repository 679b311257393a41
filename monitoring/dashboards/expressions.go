// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"fmt"
	"slices"
	"strings"

	"evenkeel.dev/evenkeel/monitoring/series"
)

// scope is which control planes an expression is of: matchers without braces.
type scope string

// What the variables of a dashboard choose.
const (
	// everywhere is of fleets, in the namespaces that are chosen.
	everywhere scope = `namespace=~"$namespace"`
	// chosen are the control planes that are chosen, and one is the one that is.
	chosen scope = `namespace=~"$namespace",name=~"$name"`
	one    scope = `namespace="$namespace",name="$name"`
	// operator is of the operator's own series, which are of no control plane.
	operator scope = ""
)

// now is the window of rates, which Grafana sets to what the step and the scrapes need.
const now = "$__rate_interval"

// shown is the window of all that is shown.
const shown = "$__range"

// query is a selection of one series. Two operator pods may tell of the same control plane
// for some seconds, when another becomes the leader: gauges are the greater of the two, and
// counters the sum of what each of them counted up.
type query struct {
	name  string
	match []string
	by    []string
}

// of selects a series.
func (s scope) of(name string, match ...string) query {
	q := query{name: name, by: series.Of}
	if s == operator {
		q.by = nil
	} else {
		q.match = append(q.match, string(s))
	}
	q.match = append(q.match, match...)
	return q
}

// where selects by more.
func (q query) where(match ...string) query {
	q.match = slices.Concat(q.match, match)
	return q
}

// and keeps these labels too.
func (q query) and(labels ...string) query {
	q.by = slices.Concat(q.by, labels)
	return q
}

// only keeps these labels and no others: it is of all control planes together.
func (q query) only(labels ...string) query {
	q.by = labels
	return q
}

func (q query) selector() string {
	if len(q.match) == 0 {
		return q.name
	}
	return q.name + "{" + strings.Join(q.match, ",") + "}"
}

// over aggregates something over the labels that are kept.
func (q query) over(how, what string) string {
	if len(q.by) == 0 {
		return how + "(" + what + ")"
	}
	return fmt.Sprintf("%s by (%s) (%s)", how, strings.Join(q.by, ", "), what)
}

// max is a gauge.
func (q query) max() string { return q.over("max", q.selector()) }

// agreed is the max of what every operator replica tells of an outage, where whoever leads does
// not see the control plane up, and 0 where it does: a replica that is cut off may be the only one
// that does not get through.
func (s scope) agreed(name string) string {
	down, up := s.of(series.Down), s.of(series.Unseen)
	leads := down.over("max", series.SeenUp(down.selector(), up.selector()))
	told := s.of(name).max()
	return fmt.Sprintf("(%[1]s unless %[2]s or 0 * %[1]s)", told, leads)
}

// rate is a counter's by second, and risen what it counted up in a window.
func (q query) rate() string { return q.over("sum", "rate("+q.selector()+"["+now+"])") }

func (q query) risen(window string) string {
	return q.over("sum", "increase("+q.selector()+"["+window+"])")
}

// happened is risen of a counter whose label values are not all there from the beginning: a
// rare one begins with its first event, which an increase does not see. A series that was
// not there before the window and began with few counts these. (One that began with many
// was there, and only not scraped.)
func (q query) happened(window string) string {
	began := q.over("sum", fmt.Sprintf("(min_over_time(%[1]s[%[2]s]) <= 3) unless (%[1]s offset %[2]s)", q.selector(), window))
	return fmt.Sprintf("%[1]s + (%[2]s or %[1]s * 0)", q.risen(window), began)
}

// quantile is a histogram's, by the labels that are kept.
func (q query) quantile(of float64) string {
	q.name += "_bucket"
	q.by = slices.Concat(q.by, []string{"le"})
	return fmt.Sprintf("histogram_quantile(%g, %s)", of, q.rate())
}

// buckets are what fell into each of a histogram's in a window, by the labels that are kept,
// and rare the quantile of that. Both count what happened first: steps are few.
func (q query) buckets(window string) string {
	q.name += "_bucket"
	q.by = slices.Concat(q.by, []string{"le"})
	return q.happened(window)
}

func (q query) rare(of float64, window string) string {
	return fmt.Sprintf("histogram_quantile(%g, %s)", of, q.buckets(window))
}

// total is the sum over all control planes of what is one value for each.
func total(each string) string { return "sum(" + each + ")" }

// worst keeps of something the control planes of which another thing is the least.
func worst(n int, each, least string) string {
	return fmt.Sprintf("%s and on (namespace, name) bottomk(%d, %s)", each, n, least)
}

// burn is how many times faster than it may the budget is used up: the share of bad minutes
// of those seen, in a window, by the share that is promised to be the most. Minutes that
// nobody saw burn nothing.
func (s scope) burn(window string) string {
	return s.burnOf(s.of(series.BadMinutes), s.of(series.Minutes, `kind!="unseen"`), window)
}

// burnOf is the same of anything that is counted, as the alerts have it of rounds of probes
// and of requests. A target of 1 allows a hundred-thousandth, as they do.
func (s scope) burnOf(bad, all query, window string) string {
	return fmt.Sprintf("%s / clamp_min(%s, 1) / clamp_min(1 - %s, 0.00001)", bad.risen(window), all.risen(window), s.of(series.Target).max())
}

// ratio is one counter's rate by another's; 0 while nothing is counted.
func ratio(part, of query) string {
	return fmt.Sprintf("%s / clamp_min(%s, 1e-9)", part.rate(), of.rate())
}
