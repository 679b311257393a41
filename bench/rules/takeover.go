// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"slices"

	"evenkeel.dev/evenkeel/monitoring/series"
)

// What a replica that begins to lead knows of a control plane only so many seconds later.
const (
	// recallAfter is for the ledger: until then nothing is known of the budget.
	recallAfter = 4
	// passAfter is for the first pass: until then only what the books hold is told.
	passAfter = 10
	// membersAfter is for etcd's members, whom the first pass does not wait for.
	membersAfter = 20
)

// booked are the series that are told at the scrape, from what probes and the ledger say (the
// collector of operator/sla/ledger); all others are set by passes.
var booked = []string{
	series.Down, series.DownSeconds, series.Unseen, series.Rounds, series.Requests, series.Failed, series.Shed, series.Jailed, series.Slow,
	series.QueueSeconds, series.ResponseBytes, series.Target, series.Available, series.BudgetLeft, series.Minutes, series.BadMinutes, series.LedgerUnsaved,
}

// membersUnseen is what is told of etcd's members where none of them is looked at.
var membersUnseen = map[string]float64{
	series.EtcdSeen: 0, series.EtcdHasLeader: 0, series.EtcdFsync: 0, series.EtcdCommit: 0, series.EtcdDatabase: 0, series.EtcdInUse: 0,
	series.EtcdQuota: 0, series.EtcdAlarms: 0, named(series.Condition, `type="EtcdHealthy"`): -1,
}

// recall has whoever leads read the ledger, and know by it that the control plane has served.
func (v *view) recall(at int, now phase) {
	v.recalled = v.recalled || v.led != -1 && at-v.led >= recallAfter && now.Ledger != "unread"
	v.served = v.served || v.recalled
}

// unread is what is told in place of the budget before the ledger has been read: no number, and
// that all minutes since are in memory alone.
func (v *view) unread(at int) map[string]float64 {
	told := map[string]float64{}
	if v.recalled {
		return told
	}
	for _, name := range calmSeries(series.Gauge) {
		if is := base(name); is == series.Available || is == series.BudgetLeft {
			told[name] = math.NaN()
		}
	}
	told[series.LedgerUnsaved] = math.Floor(float64(at-v.led) / 60)
	return told
}

// atOnce tells whether a replica tells a series before its first pass.
func atOnce(name string) bool {
	return slices.Contains(booked, base(name)) || base(name) == series.Probes
}
