// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"evenkeel.dev/evenkeel/monitoring/grafana"
	"evenkeel.dev/evenkeel/monitoring/series"
)

// most is how many control planes a list of the worst has.
const most = 20

// fleet answers: who needs me now?
func fleet() grafana.Dashboard {
	return grafana.Dashboard{
		UID: FleetUID, Title: "Evenkeel / Fleet", Tags: []string{Tag}, From: "6h",
		Description: "All control planes: who is down, whose budget is nearly gone, who is full, and whether Evenkeel itself is well.",
		Variables:   []grafana.Variable{namespaces(true)},
		Rows: []grafana.Row{
			{Title: "Now", Panels: fleetNow()},
			{Title: "What was promised", Panels: fleetPromise()},
			{Title: "Load", Panels: fleetLoad()},
			{Title: "What Evenkeel does", Panels: fleetDecisions()},
			{Title: "Evenkeel itself", Panels: operatorHealth()},
		},
	}
}

func fleetNow() []grafana.Panel {
	budget := everywhere.of(series.BudgetLeft, `period="month"`).max()
	return []grafana.Panel{
		number("Control planes", "Profiles that an operator looks after.", grafana.Count, "count("+everywhere.of(series.Target).max()+")", asItIs),
		number("Down", "Control planes that all vantage points see down.", grafana.Count, total(everywhere.agreed(series.Down)), none),
		number("Unseen", "Control planes of which nobody can tell whether they are up. These minutes are no outage, and no proof of the contrary.",
			grafana.Count, total(everywhere.of(series.Unseen).max()), grafana.Below(good).From(1, unknown)),
		number("Budgets gone", "Control planes with nothing left of this month's error budget.", grafana.Count, total("("+budget+") <= bool 0"), none),
		number("Jailed clients", "Clients that are held to few seats, of all control planes.", grafana.Count,
			total(everywhere.of(series.Sentences).max()), grafana.Below(good).From(1, warn)),
		number("Blind replicas", "Ready apiserver replicas that cannot be observed. Evenkeel holds what it has set while it cannot see.", grafana.Count,
			total(everywhere.of(series.Blind).max()), grafana.Below(good).From(1, unknown)),
	}
}

func fleetPromise() []grafana.Panel {
	budget := everywhere.of(series.BudgetLeft, `period="month"`).max()
	least := bars("Least budget left this month", "The ten control planes with the least of their budget left. Below zero more was used than was promised.",
		grafana.Ratio, half, budgets, "sort(bottomk(10, "+budget+"))", byPlane)
	least.Min, least.Max, least.Links = new(0.0), new(1.0), []grafana.Link{toPlane}
	burning := limits(picture("Burn rate of one hour",
		"How many times faster than the promise allows the budget is used up, of the ten that burn fastest, by bad minutes. At 1 a month's budget lasts a month, at 14.4 two days.",
		grafana.Times, half, line("topk(10, "+everywhere.burn("1h")+")", byPlane)), grafana.Below(good).From(1, warn).From(14.4, bad))
	return []grafana.Panel{
		worstBudgets(), least, burning,
		steps(picture("Down and unseen", "How many control planes are down, and of how many nobody can tell.", grafana.Count, half,
			line(total(everywhere.agreed(series.Down)), "down"), line(total(everywhere.of(series.Unseen).max()), "unseen"))),
		bars("Bad minutes by cause", "Bad minutes in the time that is shown, of all control planes, by what they are put down to. What Evenkeel did itself stands among them.",
			grafana.Minutes, half, asItIs, "sort_desc("+everywhere.of(series.BadMinutes).only("cause").risen(shown)+")", "{{cause}}"),
	}
}

// worstBudgets are the control planes to look at first.
func worstBudgets() grafana.Panel {
	month := everywhere.of(series.BudgetLeft, `period="month"`).max()
	of := func(each string) grafana.Target { return line(worst(most, each, month), "") }
	return grafana.Panel{
		Kind: grafana.Table, Title: "Worst budgets", Width: full, Height: 10, Unit: grafana.Count, Thresholds: asItIs,
		Description: "The twenty control planes with the least budget left this month, with what they were promised, what they got, and how fast they burn what is left. A name leads to its control plane.",
		Targets: []grafana.Target{
			of(month), of(everywhere.of(series.BudgetLeft, `period="30d"`).max()), of(everywhere.of(series.Target).max()),
			of(everywhere.of(series.Available, `period="month"`, `definition="minutes"`).max()), of(everywhere.burn("1h")), of(everywhere.burn("6h")),
			of(everywhere.agreed(series.DownSeconds)), of(everywhere.of(series.Minutes, `kind="unseen"`).risen("1d")),
		},
		Columns: []grafana.Column{
			{Label: "namespace", Title: "namespace"},
			{Label: "name", Title: "name", Links: []grafana.Link{toRow}},
			{Target: 0, Title: "Budget, month", Unit: grafana.Ratio, Thresholds: budgets, Sort: true},
			{Target: 1, Title: "Budget, 30 days", Unit: grafana.Ratio, Thresholds: budgets},
			{Target: 2, Title: "Promised", Unit: grafana.Ratio},
			{Target: 3, Title: "Kept, month", Unit: grafana.Ratio},
			{Target: 4, Title: "Burn, 1 h", Unit: grafana.Times, Thresholds: burns},
			{Target: 5, Title: "Burn, 6 h", Unit: grafana.Times, Thresholds: burns},
			{Target: 6, Title: "Down for", Unit: grafana.Seconds, Thresholds: none},
			{Target: 7, Title: "Unseen, 1 day", Unit: grafana.Minutes, Thresholds: grafana.Below(good).From(5, unknown)},
		},
	}
}

func fleetLoad() []grafana.Panel {
	fullness := everywhere.of(series.Used).max() + " / clamp_min(" + everywhere.of(series.LoadLine).max() + ", 1)"
	return []grafana.Panel{
		fullest(fullness),
		limits(picture("Seats in use of the load line", "The ten fullest: seats in use on the busiest replica, of those that are usable. At 100 % requests wait.",
			grafana.Ratio, half, line("topk(10, "+fullness+")", byPlane)), grafana.Below(good).From(.8, warn).From(1, bad)),
		picture("Waiting requests", "Requests that wait in queues, of the ten control planes with the most.", grafana.Count, third,
			line("topk(10, "+everywhere.of(series.Waiting).max()+")", byPlane)),
		steps(picture("Jailed clients, by control plane", "Clients that are held to few seats, of the ten control planes with the most.", grafana.Count, third,
			line("topk(10, "+everywhere.of(series.Sentences).max()+")", byPlane))),
		steps(picture("Blind replicas, by control plane", "Ready apiserver replicas that cannot be observed, of the ten control planes with the most.", grafana.Count, third,
			line("topk(10, "+everywhere.of(series.Blind).max()+")", byPlane))),
	}
}

func fullest(fullness string) grafana.Panel {
	of := func(each string) grafana.Target {
		return line(each+" and on (namespace, name) topk(20, "+fullness+")", "")
	}
	return grafana.Panel{
		Kind: grafana.Table, Title: "Fullest", Width: half, Height: high, Unit: grafana.Count, Thresholds: asItIs,
		Description: "The twenty control planes that have the largest part of their load line in use. Used and waiting are of now.",
		Targets: []grafana.Target{
			of(fullness), of(everywhere.of(series.Used).max()), of(everywhere.of(series.LoadLine).max()), of(everywhere.of(series.Waiting).max()),
		},
		Columns: []grafana.Column{
			{Label: "namespace", Title: "namespace"},
			{Label: "name", Title: "name", Links: []grafana.Link{toRow}},
			{Target: 0, Title: "In use", Unit: grafana.Ratio, Thresholds: grafana.Below(good).From(.8, warn).From(1, bad), Sort: true, Down: true},
			{Target: 1, Title: "Used"},
			{Target: 2, Title: "Load line"},
			{Target: 3, Title: "Waiting", Thresholds: grafana.Below(good).From(1, warn)},
		},
	}
}

func fleetDecisions() []grafana.Panel {
	q := everywhere.of(series.Decisions)
	return []grafana.Panel{
		stacked(picture("Decisions an hour, by step", "What was decided, of all control planes, in the hour before.", grafana.PerHour, half,
			line(q.only("step").happened("1h"), "{{step}}"))),
		stacked(picture("Decisions an hour, carried out or not", "Those that were not carried out are advice (mode Recommend), or were refused.", grafana.PerHour, half,
			line(q.only("applied").happened("1h"), "carried out: {{applied}}"))),
	}
}
