// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"evenkeel.dev/evenkeel/monitoring/grafana"
	"evenkeel.dev/evenkeel/monitoring/series"
)

// operatorHealth tells whether the rest of a dashboard can be believed.
func operatorHealth() []grafana.Panel {
	leading, passes := operator.of(series.Leading), everywhere.of(series.LastPass)
	expires := everywhere.of(series.Expires).and("certificate")
	soonest := bars("Certificates that end first", "The ten that end first: of Evenkeel's access, of what replicas and balancers serve with, and of Evenkeel's for etcd. Those that are not known are left out.",
		grafana.Seconds, half, grafana.Below(bad).From(3*86400, warn).From(14*86400, good),
		"sort(bottomk(10, ("+expires.max()+" > 0) - time()))", byPlane+" {{certificate}}")
	soonest.Links = []grafana.Link{toPlane}
	return []grafana.Panel{
		number("Operator pods", "Operator pods that are scraped. Two or more are two vantage points or more.", grafana.Count,
			"count("+leading.selector()+")", grafana.Below(bad).From(1, warn).From(2, good)),
		number("Leaders", "Operator pods that lead. None for longer than half a minute, or two, is wrong.", grafana.Count,
			"sum("+leading.selector()+")", grafana.Below(bad).From(1, good).From(2, bad)),
		number("Vantage points", "Vantage points that are alive and see. With one nobody contradicts an outage, and that is said with it.", grafana.Count,
			operator.of(series.Points).max(), grafana.Below(bad).From(1, warn).From(2, good)),
		number("Oldest pass", "Time since the last pass over the control plane that has waited longest.", grafana.Seconds,
			"time() - min("+passes.max()+")", grafana.Below(good).From(60, warn).From(300, bad)),
		number("Minutes not saved", "Minutes that were not good and are not written to their ledgers yet.", grafana.Minutes,
			total(everywhere.of(series.LedgerUnsaved).max()), grafana.Below(good).From(10, warn).From(60, bad)),
		number("First certificate ends in", "Time until the first certificate ends that Evenkeel knows of.", grafana.Seconds,
			"min("+expires.max()+" > 0) - time()", grafana.Below(bad).From(3*86400, warn).From(14*86400, good)),
		{
			Kind: grafana.StateTimeline, Title: "Who leads", Description: "Which operator pod leads, and when that changed. Series of control planes are told by this one alone.",
			Unit: grafana.State, Width: half, Height: high, Thresholds: asItIs,
			States:  []grafana.Named{{Value: "0", Text: "stands by", Color: "gray"}, {Value: "1", Text: "leads", Color: plain}},
			Targets: []grafana.Target{line("max by (instance) ("+leading.selector()+")", "{{instance}}")},
		},
		steps(picture("Vantage points, as each pod counts them", "Vantage points that are alive and see, as each operator pod counts them. Pods that differ do not see each other.", grafana.Count, half,
			line("max by (instance) ("+operator.of(series.Points).selector()+")", "{{instance}}"))),
		limits(picture("Time of one look", "How long one look at all replicas and the flow control of a control plane took.", grafana.Seconds, half,
			line(operator.of(series.Observe).quantile(.5), "median"), line(operator.of(series.Observe).quantile(.99), "99th percentile")),
			grafana.Below(good).From(1, warn).From(5, bad)),
		soonest,
	}
}
