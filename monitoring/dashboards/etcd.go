// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"fmt"

	"evenkeel.dev/evenkeel/monitoring/grafana"
	"evenkeel.dev/evenkeel/monitoring/series"
)

// etcd answers: is the store well, and when is it full?
func etcd() grafana.Dashboard {
	return grafana.Dashboard{
		UID: EtcdUID, Title: "Evenkeel / etcd", Tags: []string{Tag}, From: "24h",
		Description: "The etcd of one control plane or of many: leader and members, its disk, and how full its database is. Control planes whose profile names no etcd are left out.",
		Variables:   []grafana.Variable{namespaces(true), planes(true)},
		Annotations: []grafana.Annotation{chosen.marks()},
		Rows: []grafana.Row{
			{Title: "Now", Panels: etcdNow()},
			{Title: "Members and leader", Panels: members()},
			{Title: "Disk", Panels: disk()},
			{Title: "Database", Panels: database()},
		},
	}
}

// stored keeps of something the control planes whose profile names an etcd.
func stored(each string) string {
	return each + " and on (namespace, name) (" + chosen.of(series.EtcdMembers).max() + " > 0)"
}

// fill is the part of the quota that the database has; where no quota is known there is none.
func fill() string {
	return chosen.of(series.EtcdDatabase).max() + " / (" + chosen.of(series.EtcdQuota).max() + " > 0)"
}

// sizes6h are the sizes of databases in six hours, whoever told them: what a leader told whose process
// has ended would grow on by itself. A size of 0 is not known.
func sizes6h() string { return "(" + chosen.of(series.EtcdDatabase).max() + " > 0)[6h:1m]" }

// known keeps of something the control planes of which a member is seen.
func known(each string) string {
	return each + " and on (namespace, name) (" + chosen.of(series.EtcdSeen).max() + " > 0)"
}

// year is the longest time that is told until a database is full, in seconds.
const year = 365 * 86400.0

// fullIn is the time until the database has its quota, as it grew in six hours: a year
// where it does not grow.
func fullIn() string {
	q := chosen.of(series.EtcdDatabase)
	left := "(" + chosen.of(series.EtcdQuota).max() + " > 0) - (" + q.max() + " > 0)"
	return fmt.Sprintf("clamp((%s) / clamp_min(deriv(%s), 1), 0, %.0f)", left, sizes6h(), year)
}

func etcdNow() []grafana.Panel {
	leader := number("Leader", "Whether every etcd has a leader of which a member is seen. Without one nothing is written.", grafana.State,
		"min("+known(chosen.of(series.EtcdHasLeader).max())+")", grafana.Below(bad).From(1, good))
	leader.States = []grafana.Named{{Value: "0", Text: "none", Color: bad}, {Value: "1", Text: "there", Color: good}}
	missing := chosen.of(series.EtcdMembers).max() + " - " + chosen.of(series.EtcdMembersReady).max()
	unseen := chosen.of(series.EtcdMembersReady).max() + " - " + chosen.of(series.EtcdSeen).max()
	return []grafana.Panel{
		leader,
		number("Members missing", "Members that there are to be and that are not ready.", grafana.Count, total(missing), none),
		number("Members unseen", "Members that are ready and do not answer Evenkeel.", grafana.Count, total(unseen), grafana.Below(good).From(1, unknown)),
		number("Alarms", "Alarms that etcd has raised. With one for space it takes no writes.", grafana.Count, total(chosen.of(series.EtcdAlarms).max()), none),
		number("Fullest", "The largest part of a quota that a database has. At 100 % etcd takes no writes.", grafana.Ratio,
			"max("+fill()+")", grafana.Below(good).From(.8, warn).From(.95, bad)),
		number("First full in", "Time until the first database has its quota, as it grew in the last six hours, a year at the most. A defragmentation within them makes it look longer than it is.",
			grafana.Seconds, "min("+fullIn()+")", grafana.Below(bad).From(86400, warn).From(7*86400, good)),
	}
}

func members() []grafana.Panel {
	leaders := grafana.Panel{
		Kind: grafana.StateTimeline, Title: "Has a leader", Description: "Whether a member that answers knows a leader.", Unit: grafana.State,
		Width: half, Height: high, Thresholds: asItIs,
		States:  []grafana.Named{{Value: "0", Text: "none", Color: bad}, {Value: "1", Text: "leader", Color: good}},
		Targets: []grafana.Target{line(known(chosen.of(series.EtcdHasLeader).max()), byPlane)},
	}
	return []grafana.Panel{
		leaders,
		stacked(picture("Leader changes an hour", "Changes of the leader in the hour before. Evenkeel moves leaders one at a time, which is marked; others are of a slow disk or network.",
			grafana.PerHour, half, line(stored(chosen.of(series.EtcdLeaderMoves).risen("1h")), byPlane))),
		steps(picture("Members", "Members that there are to be, those that are ready, and those that answer Evenkeel.", grafana.Count, half,
			line(stored(chosen.of(series.EtcdMembers).max()), byPlane+" to be"), line(stored(chosen.of(series.EtcdMembersReady).max()), byPlane+" ready"),
			line(stored(chosen.of(series.EtcdSeen).max()), byPlane+" seen"))),
		steps(picture("Alarms, by control plane", "Alarms that etcd has raised.", grafana.Count, half, line(stored(chosen.of(series.EtcdAlarms).max()), byPlane))),
	}
}

func disk() []grafana.Panel {
	return []grafana.Panel{
		limits(picture("Fsync of the log, 99th percentile", "Of the slowest member. Beyond half a second members lose their leader.", grafana.Seconds, half,
			line(stored(chosen.of(series.EtcdFsync).max()), byPlane)), grafana.Below(good).From(.1, warn).From(.5, bad)),
		limits(picture("Commit of the database, 99th percentile", "Of the slowest member.", grafana.Seconds, half,
			line(stored(chosen.of(series.EtcdCommit).max()), byPlane)), grafana.Below(good).From(.1, warn).From(.25, bad)),
	}
}

func database() []grafana.Panel {
	size, used, quota := chosen.of(series.EtcdDatabase), chosen.of(series.EtcdInUse), chosen.of(series.EtcdQuota)
	soon := "predict_linear(" + sizes6h() + ", 4 * 3600)"
	until := limits(picture("Full in", "Time until the database has its quota, as it grew in six hours, a year at the most.", grafana.Seconds, half,
		line(fullIn(), byPlane)), grafana.Below(bad).From(86400, warn).From(7*86400, good))
	until.Max = new(year)
	return []grafana.Panel{
		picture("Database, in use and quota", "Size of the database file of the largest member, what of it is in use, and the size at which etcd refuses writes, where that is known.",
			grafana.Bytes, half, line(stored(size.max()), byPlane+" file"), line(stored(used.max()), byPlane+" in use"), line(quota.max()+" > 0", byPlane+" quota")),
		picture("Database in four hours", "What the file comes to in four hours if it grows as in the last six, beside the quota.", grafana.Bytes, half,
			line(stored(soon), byPlane+" in 4 h"), line(quota.max()+" > 0", byPlane+" quota")),
		limits(picture("Part of the quota", "The part of the quota that the database file has.", grafana.Ratio, third, line(fill(), byPlane)), grafana.Below(good).From(.8, warn).From(.95, bad)),
		picture("Fragmented", "The part of the file that nothing uses: what a defragmentation gives back.", grafana.Ratio, third,
			line(stored("1 - "+used.max()+" / clamp_min("+size.max()+", 1)"), byPlane)),
		{
			Kind: grafana.BarGauge, Title: "Memory of a member", Description: "What one pod of etcd requests.", Unit: grafana.Bytes, Width: third, Height: high, Thresholds: asItIs,
			Targets: []grafana.Target{{Expr: "sort_desc(" + stored(chosen.of(series.Size, `component="etcd"`, `resource="memory"`).max()) + ")", Legend: byPlane, Now: true}},
		},
		until,
		bars("Full first", "The ten whose databases have their quota first, and in how long.", grafana.Seconds, half,
			grafana.Below(bad).From(86400, warn).From(7*86400, good), "sort(bottomk(10, "+fullIn()+"))", byPlane),
	}
}
