// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"evenkeel.dev/evenkeel/monitoring/grafana"
	"evenkeel.dev/evenkeel/monitoring/series"
)

// requests are what others than Evenkeel meet: how many, what fails, and how long.
func requests() []grafana.Panel {
	all, failed, shed, slow := one.of(series.Requests), one.of(series.Failed), one.of(series.Shed), one.of(series.Slow)
	waited := one.of(series.QueueSeconds)
	return []grafana.Panel{
		picture("Requests", "Requests a second that ended, watches left out, and probes that came to nothing.", grafana.Rate, half,
			line(all.rate(), "all"), line(failed.rate(), "failed"), line(shed.rate(), "shed"), line(one.of(series.Jailed).rate(), "refused to jailed clients, and not among all")),
		limits(picture("Failed and shed", "The part of requests that was answered with a 5xx or never, and that was refused with a 429. A minute with more than 5 % failed is bad.",
			grafana.Ratio, half, line(ratio(failed, all), "failed"), line(ratio(shed, all), "shed")), grafana.Below(good).From(.05, bad)),
		picture("Slow, by scope", "Requests a second that took longer than the objective of their scope: 1 s for one object, 30 s for a namespace or the cluster.", grafana.Rate, third,
			line(slow.and("scope").rate(), "{{scope}}")),
		limits(picture("Waiting in queues, of a request", "Time that a request waits in the queue of its priority level, in the mean.", grafana.Seconds, third,
			line(ratio(waited, all), "mean")), grafana.Below(good).From(.1, warn).From(1, bad)),
		picture("Bytes of answers", "Bytes a second of answers, events of watches among them.", grafana.ByteRate, third,
			line(one.of(series.ResponseBytes).rate(), "bytes")),
	}
}

// seats are what the apiservers carry.
func seats() []grafana.Panel {
	return []grafana.Panel{
		steps(picture("Seats of a replica", "Seats in use on the busiest replica, those that are usable, and what the inflight flags allow.", grafana.Seats, half,
			line(one.of(series.Used).max(), "in use"), line(one.of(series.LoadLine).max(), "load line"), line(one.of(series.Ceiling).max(), "ceiling"))),
		picture("Waiting requests", "Requests that wait in queues, of all replicas.", grafana.Count, quarter,
			line(one.of(series.Waiting).max(), "waiting")),
		steps(picture("Jailed clients", "Clients that are held to few seats.", grafana.Count, quarter,
			line(one.of(series.Sentences).max(), "jailed"))),
	}
}

// sizes are what the pods have and should have.
func sizes() []grafana.Panel {
	of := func(title, description, unit, resource string) grafana.Panel {
		match := `resource="` + resource + `"`
		return steps(picture(title, description, unit, half,
			line(one.of(series.Size, match).and("component").max(), "{{component}} now"),
			// 0 is not known, and would draw a fall that there is none.
			line(one.of(series.Wanted, match).and("component").max()+" > 0", "{{component}} wanted")))
	}
	return []grafana.Panel{
		of("CPU of one pod", "What one pod requests, and what it should request.", grafana.Cores, "cpu"),
		of("Memory of one pod", "What one pod requests, and what it should request.", grafana.Bytes, "memory"),
		steps(picture("Apiserver replicas", "Replicas that there are to be, those that are ready, and those of these that cannot be observed.", grafana.Count, half,
			line(one.of(series.Replicas).max(), "to be"), line(one.of(series.ReplicasReady).max(), "ready"), line(one.of(series.Blind).max(), "blind"))),
		steps(picture("Members of etcd", "Members that there are to be, those that are ready, and those that answer Evenkeel. None where the profile names no etcd.", grafana.Count, half,
			line(one.of(series.EtcdMembers).max(), "to be"), line(one.of(series.EtcdMembersReady).max(), "ready"), line(one.of(series.EtcdSeen).max(), "seen"))),
	}
}

// seenAndDone are the conditions of the profile, and the decisions.
func seenAndDone(s scope) []grafana.Panel {
	expires := s.of(series.Expires).and("certificate")
	return []grafana.Panel{
		conditions(s.of(series.Condition), "{{type}}", 14),
		stacked(picture("Decisions an hour, by step", "What was decided in the hour before, carried out or not.", grafana.PerHour, half,
			line(s.of(series.Decisions).and("step").happened("1h"), "{{step}}"))),
		limits(picture("Time since the last pass", "A pass that does not come leaves everything as it is, and unsaid.", grafana.Seconds, quarter,
			line("time() - "+s.of(series.LastPass).max(), "since")), grafana.Below(good).From(60, warn).From(300, bad)),
		bars("Certificates end in", "Time until certificates end, those that are known.", grafana.Seconds, quarter,
			grafana.Below(bad).From(3*86400, warn).From(14*86400, good), "("+expires.max()+" > 0) - time()", "{{certificate}}"),
	}
}

// conditions are drawn in colors that judge nothing: some are well when True, others when
// False.
func conditions(q query, legend string, height int) grafana.Panel {
	return grafana.Panel{
		Kind: grafana.StateTimeline, Title: "Conditions", Unit: grafana.State, Width: full, Height: height, Thresholds: asItIs,
		Description: "Conditions of the profile and how they changed. Whether True is well depends on the condition; kubectl describe says why it is what it is.",
		States: []grafana.Named{
			{Value: "1", Text: "True", Color: plain}, {Value: "0", Text: "False", Color: "gray"}, {Value: "-1", Text: "Unknown", Color: unknown},
		},
		Targets: []grafana.Target{line(q.and("type").max(), legend)},
	}
}
