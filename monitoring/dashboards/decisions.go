// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"evenkeel.dev/evenkeel/monitoring/grafana"
	"evenkeel.dev/evenkeel/monitoring/series"
)

// decisions answers: what does Evenkeel do, why, how fast, and at what cost?
func decisions() grafana.Dashboard {
	return grafana.Dashboard{
		UID: DecisionsUID, Title: "Evenkeel / Decisions", Tags: []string{Tag}, From: "24h",
		Description: "What Evenkeel decided, why, whether it was carried out, how soon it was in force, and what it cost.",
		Variables: []grafana.Variable{namespaces(true), planes(true), {
			Name: "type", Label: "Condition", Description: "Conditions to show; of many control planes choose a few.", Series: series.Condition, Of: "type", In: string(chosen), Many: true,
		}},
		Rows: []grafana.Row{
			{Title: "In the time that is shown", Panels: decided()},
			{Title: "Over time", Panels: overTime()},
			{Title: "How soon it is in force", Panels: inForce()},
			{Title: "Conditions", Panels: []grafana.Panel{
				conditions(chosen.of(series.Condition, `type=~"$type"`), byPlane+" {{type}}", 14),
			}},
		},
	}
}

func decided() []grafana.Panel {
	q := chosen.of(series.Decisions)
	return []grafana.Panel{
		once(number("Decisions", "All that was decided.", grafana.Count, q.only().happened(shown), asItIs)),
		once(number("Carried out", "Decisions that changed something.", grafana.Count, q.where(`applied="true"`).only().happened(shown), asItIs)),
		once(number("Not carried out", "Decisions that changed nothing: advice (mode Recommend), or writes that were refused.", grafana.Count,
			q.where(`applied="false"`).only().happened(shown), asItIs)),
		once(number("Bad minutes by Evenkeel", "Bad minutes that are put down to Evenkeel's own steps: what it cost.", grafana.Minutes,
			total(chosen.of(series.BadMinutes, `cause="Evenkeel"`).risen(shown)), none)),
		number("Jailed clients", "Clients that are held to few seats now.", grafana.Count, total(chosen.of(series.Sentences).max()), grafana.Below(good).From(1, warn)),
		once(number("In force, 99th percentile", "Time from the acknowledged write of a step until every ready replica was read back to obey. Of all control planes.", grafana.Seconds,
			operator.of(series.InForce).rare(.99, shown), grafana.Below(good).From(1, warn).From(3, bad))),
		{
			Kind: grafana.Table, Title: "Decisions by step and reason", Description: "How often each step was decided for each reason in the time that is shown, and whether it was carried out.",
			Unit: grafana.Count, Width: half, Height: 10, Thresholds: asItIs,
			Targets: []grafana.Target{line("("+q.only("step", "reason", "applied").happened(shown)+") > 0", "")},
			Columns: []grafana.Column{
				{Label: "step", Title: "Step"}, {Label: "reason", Title: "Reason"}, {Label: "applied", Title: "Carried out"},
				{Target: 0, Title: "Decisions", Sort: true, Down: true},
			},
		},
		{
			Kind: grafana.Table, Title: "Decisions by control plane", Description: "The twenty control planes of which most was decided in the time that is shown. A name leads to its control plane.",
			Unit: grafana.Count, Width: half, Height: 10, Thresholds: asItIs,
			Targets: []grafana.Target{line("topk(20, "+q.happened(shown)+")", "")},
			Columns: []grafana.Column{
				{Label: "namespace", Title: "namespace"}, {Label: "name", Title: "name", Links: []grafana.Link{toRow}},
				{Target: 0, Title: "Decisions", Sort: true, Down: true},
			},
		},
	}
}

func overTime() []grafana.Panel {
	q := chosen.of(series.Decisions)
	return []grafana.Panel{
		stacked(picture("Decisions an hour, by step", "What was decided in the hour before.", grafana.PerHour, half, line(q.only("step").happened("1h"), "{{step}}"))),
		stacked(picture("Decisions an hour, by reason", "Why, of the ten most frequent reasons of the hour before.", grafana.PerHour, half,
			line("topk(10, "+q.only("reason").happened("1h")+")", "{{reason}}"))),
		stacked(picture("Decisions an hour, carried out or not", "Those that were not carried out are advice (mode Recommend), or were refused.", grafana.PerHour, half,
			line(q.only("applied").happened("1h"), "carried out: {{applied}}"))),
		stacked(picture("Bad minutes an hour, by cause", "What the control planes suffered beside it, and what of that is put down to Evenkeel.", grafana.Minutes, half,
			line(chosen.of(series.BadMinutes).only("cause").risen("1h"), "{{cause}}"))),
	}
}

func inForce() []grafana.Panel {
	q := operator.of(series.InForce)
	levels := grafana.Below(good).From(1, warn).From(3, bad)
	spread := bars("Steps by the time that they took", "How many steps were in force within how many seconds, in the time that is shown. Of all control planes.",
		grafana.Count, third, asItIs, q.buckets(shown), "{{le}}")
	spread.Targets[0].Buckets = true
	return []grafana.Panel{
		limits(picture("Time until in force", "Time from the acknowledged write of a step until every ready replica was read back to obey, of the hour before. Of all control planes.", grafana.Seconds, third,
			line(q.rare(.5, "1h"), "median"), line(q.rare(.99, "1h"), "99th percentile")), levels),
		spread,
		bars("Time until in force, by step", "The 99th percentile of each step, in the time that is shown. Of all control planes.", grafana.Seconds, third, levels,
			q.and("step").rare(.99, shown)+" >= 0", "{{step}}"),
	}
}
