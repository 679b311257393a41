// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/sla"
)

// An outage of any length and at any time, seen every ten seconds, is in the ledger to within
// half a minute and a round at either end: a minute is bad as a whole or not, by the rounds
// that fall into it.
func TestAnOutageIsInTheLedger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g sla.Gathering
		var l sla.Ledger
		begin := at("2026-11-26 14:00:00")
		down := begin.Add(time.Duration(rapid.IntRange(60, 3600).Draw(t, "down")) * time.Second)
		up := down.Add(time.Duration(rapid.IntRange(10, 3600).Draw(t, "for")) * time.Second)
		offset := time.Duration(rapid.IntRange(0, 9999).Draw(t, "offset")) * time.Millisecond
		for now := begin.Add(offset); now.Before(up.Add(10 * time.Minute)); now = now.Add(10 * time.Second) {
			var over *sla.Account
			if g, over = g.Turn(now); over != nil {
				l = l.Enter(*over)
			}
			if !now.Before(down) && now.Before(up) {
				g = g.During(sla.Circumstances{Etcd: "etcd: no leader"}).Round(sla.Down, "no answer")
				continue
			}
			g = g.Round(sla.Up, "")
		}
		through, _ := l.Through()
		got := l.Totals(sla.MinuteOf(begin), through+1)
		const off = 2 * (30*time.Second + 10*time.Second)
		if lasted := up.Sub(down).Minutes(); math.Abs(float64(got.Bad)-lasted) > off.Minutes() {
			t.Fatalf("an outage of %.2f minutes is %d in the ledger: %v", lasted, got.Bad, l.Days[0].Runs)
		}
		if got.By[sla.ByEtcd] != got.Bad || got.Unseen() > 1 {
			t.Fatalf("%+v", got)
		}
		for _, o := range l.Outages {
			if o.Why != "no answer; etcd: no leader" {
				t.Fatalf("%+v", o)
			}
		}
	})
}

func TestAMinuteThatGoesBy(t *testing.T) {
	var g sla.Gathering
	now := at("2026-11-26 14:00:50")
	g, over := g.Turn(now)
	if over != nil || !g.Open() {
		t.Fatalf("the first minute: %+v, %+v", g, over)
	}
	g = g.Round(sla.Blind, "").Round(sla.Up, "").Requests(sla.Sums{Requests: 40, Shed: 10}).Requests(sla.Sums{Requests: 2})
	if g, over = g.Turn(now.Add(5 * time.Second)); over != nil {
		t.Fatalf("it ended early: %+v", over)
	}
	g = g.During(sla.Circumstances{Zone: "first"}).During(sla.Circumstances{Zone: "second", Evenkeel: "it"})
	if g.Around.Zone != "first" || g.Around.Evenkeel != "it" {
		t.Errorf("around it: %+v", g.Around)
	}
	g, over = g.Turn(now.Add(10 * time.Second))
	if over == nil || over.Letter != sla.Shedding || over.Sums.Requests != 42 || over.Minute != sla.MinuteOf(now) || g.Around != (sla.Circumstances{}) {
		t.Fatalf("it was %+v, and the next begins with %+v", over, g)
	}
	// A clock that is set back by an hour ends the minute as well.
	if g, over = g.Turn(now.Add(-time.Hour)); over == nil || over.Letter != sla.Unseen || g.Minute != sla.MinuteOf(now)-60 {
		t.Errorf("set back: %+v, %+v", over, g)
	}
}
