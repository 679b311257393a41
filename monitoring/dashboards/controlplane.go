// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"fmt"

	"evenkeel.dev/evenkeel/monitoring/grafana"
	"evenkeel.dev/evenkeel/monitoring/series"
)

// controlPlane answers: what was promised to this one, what did it get, and why not more?
func controlPlane() grafana.Dashboard {
	return grafana.Dashboard{
		UID: ControlPlaneUID, Title: "Evenkeel / Control plane", Tags: []string{Tag}, From: "24h",
		Description: "One control plane: its promise and what was kept of it, what probes and requests meet, its seats and sizes, and what Evenkeel does, which is marked in every picture.",
		Variables:   []grafana.Variable{namespaces(false), planes(false)},
		Annotations: []grafana.Annotation{one.marks()},
		Rows: []grafana.Row{
			{Title: "What was promised", Panels: promise()},
			{Title: "Bad minutes", Panels: badMinutes()},
			{Title: "Probes", Panels: probes()},
			{Title: "Requests", Panels: requests()},
			{Title: "Seats", Panels: seats()},
			{Title: "Sizes and replicas", Panels: sizes()},
			{Title: "What Evenkeel sees and does", Panels: seenAndDone(one)},
		},
	}
}

// states are what a control plane is, as state tells it.
var states = []grafana.Named{{Value: "0", Text: "up", Color: good}, {Value: "1", Text: "down", Color: bad}, {Value: "2", Text: "unseen", Color: unknown}}

// state is up only where whoever leads says so: another replica tells that it is not down while it
// knows nothing as well.
func state() string {
	return fmt.Sprintf("%s > 0 or 2 * %s", one.agreed(series.Down), one.of(series.Unseen).max())
}

func promise() []grafana.Panel {
	available := func(period, definition string) string {
		return one.of(series.Available, `period="`+period+`"`, `definition="`+definition+`"`).max()
	}
	kept := func(title, description, expr string) grafana.Panel {
		p := number(title, description, grafana.Ratio, expr, asItIs)
		p.Decimals = new(3)
		return p
	}
	budget := func(title, description, period string) grafana.Panel {
		return number(title, description, grafana.Ratio, one.of(series.BudgetLeft, `period="`+period+`"`).max(), budgets)
	}
	up := number("Now", "Up, down as all vantage points see it, or unseen: nobody can tell.", grafana.State, state(), none)
	up.States = states
	return []grafana.Panel{
		up,
		kept("Promised", "Availability that is promised.", one.of(series.Target).max()),
		kept("Kept, this month", "By bad minutes, of those seen since the month began.", available("month", "minutes")),
		kept("Kept, 30 days", "By bad minutes, of those seen in 30 days.", available("30d", "minutes")),
		budget("Budget left, this month", "What is left of the month's error budget. Below zero more was used than was promised. Minutes that nobody saw use none.", "month"),
		budget("Budget left, 30 days", "What is left of the error budget of the last 30 days.", "30d"),
		kept("Kept, this month, of requests", "Requests and probes that were not answered with a 5xx, of all, since the month began.", available("month", "requests")),
		kept("Kept, this month, in runs of five", "By bad minutes that are part of an outage of five and more, as some contracts count.", available("month", "runs")),
		once(number("Bad minutes, 30 days", "Bad minutes that were counted in 30 days.", grafana.Minutes, one.of(series.Minutes, `kind="bad"`).risen("30d"), grafana.Below(good).From(1, warn))),
		once(number("Unseen minutes, 30 days", "Minutes of 30 days in which nobody could tell.", grafana.Minutes, one.of(series.Minutes, `kind="unseen"`).risen("30d"), grafana.Below(good).From(10, unknown))),
		number("Burn rate, 1 hour", "How many times faster than the promise allows the budget is used up.", grafana.Times, one.burn("1h"), burns),
		number("Down for", "How long it has been down without a round of probes in between that was up.", grafana.Seconds, one.agreed(series.DownSeconds), none),
	}
}

func badMinutes() []grafana.Panel {
	timeline := grafana.Panel{
		Kind: grafana.StateTimeline, Title: "Up, down or unseen", Description: "What the vantage points agree on.", Unit: grafana.State,
		Width: full, Height: low, Thresholds: asItIs, States: states, Targets: []grafana.Target{line(state(), "{{name}}")},
	}
	left := limits(picture("Budget left", "What is left of the error budget, of the month and of 30 days. A new month begins with all of it.", grafana.Ratio, third,
		line(one.of(series.BudgetLeft).and("period").max(), "{{period}}")), budgets)
	left.Min, left.Max = nil, new(1.0)
	fast := grafana.Below(good).From(1, warn).From(14.4, bad)
	burning := limits(picture("Burn rates, of minutes", "How many times faster than the promise allows the budget is used up. At 14.4 two days end a month's budget.",
		grafana.Times, half, line(one.burn("1h"), "1 h"), line(one.burn("6h"), "6 h"), line(one.burn("3d"), "3 d")), fast)
	rounds, allRounds := one.of(series.Rounds, `verdict="down"`), one.of(series.Rounds, `verdict!="blind"`)
	failed, requests := one.of(series.Failed), one.of(series.Requests)
	alerts := limits(picture("Burn rates, as alerts have them",
		"The same of rounds of probes and of requests, which alerts are on: a page needs the short window and the long one beyond 14.4. Rounds tell sooner than minutes.", grafana.Times, half,
		line(one.burnOf(rounds, allRounds, "5m"), "rounds 5 m"), line(one.burnOf(rounds, allRounds, "1h"), "rounds 1 h"),
		line(one.burnOf(failed, requests, "5m"), "requests 5 m"), line(one.burnOf(failed, requests, "1h"), "requests 1 h")), fast)
	return []grafana.Panel{
		timeline, burning, alerts, left,
		stacked(picture("Bad minutes an hour, by cause", "Bad minutes of the hour before, by what they are put down to. What Evenkeel did itself stands first, and is not hidden.",
			grafana.Minutes, third, line(one.of(series.BadMinutes).and("cause").risen("1h"), "{{cause}}"))),
		stacked(picture("Minutes an hour that were not good", "Slow minutes and those in which requests were shed are no outage; unseen ones are neither good nor bad.",
			grafana.Minutes, third, line(one.of(series.Minutes, `kind!="good"`).and("kind").risen("1h"), "{{kind}}"))),
	}
}

func probes() []grafana.Panel {
	probes, took := one.of(series.Probes), one.of(series.ProbeSeconds)
	return []grafana.Panel{
		picture("Probes by door and result", "Probes a second of all vantage points. Late is an answer after its deadline, refused is a 429, denied is refused by credentials and nobody's outage.",
			grafana.Rate, half, line(probes.and("door", "result").rate(), "{{door}} {{result}}")),
		limits(picture("How long probes took", "Probes that were answered, at the balancer and at the replicas. What is good at replicas and slow at the balancer is slow on the way.",
			grafana.Seconds, half, line(took.and("door").quantile(.5), "{{door}} median"), line(took.and("door").quantile(.99), "{{door}} 99th percentile")),
			grafana.Below(good).From(1, warn)),
		picture("Probes that were not served, by question and phase", "Readiness is exempt from queues, reads and writes are not: what fails alone tells what is broken. The phase tells how far it came: wait is that no answer came, as the request is queued or the server stuck.",
			grafana.Rate, half, line(probes.where(`result!="served"`).and("question", "result", "phase").rate(), "{{question}} {{result}} {{phase}}")),
		picture("Rounds by verdict", "Rounds of probes a second, by what all vantage points together say.", grafana.Rate, half,
			line(one.of(series.Rounds).and("verdict").rate(), "{{verdict}}")),
	}
}
