// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/sla"
)

func near(a, b float64) bool      { return math.Abs(a-b) < 1e-9 }
func trim(minutes float64) string { return fmt.Sprintf("%.1f", minutes) }

func probe(replica string, q sla.Question, r sla.Result) sla.Probe {
	p := sla.Probe{Replica: replica, Question: q, Result: r}
	if r == sla.Failed {
		p.Why = replica + " " + string(q) + " failed"
	}
	return p
}

// unasked is a probe that never left.
func unasked(replica string) sla.Probe {
	return sla.Probe{Replica: replica, Question: sla.Read, Result: sla.Failed, Phase: sla.Dial, Unasked: true, Why: "no such host here"}
}

func TestJudge(t *testing.T) {
	tests := []struct {
		name  string
		round []sla.Probe
		want  sla.Verdict
		why   string
	}{
		{"nothing was asked", nil, sla.Blind, ""},
		{"all is well", []sla.Probe{probe("", sla.Read, sla.Served), probe("", sla.Write, sla.Served), probe("a", sla.Read, sla.Served)}, sla.Up, ""},
		{"reads are served and writes are not", []sla.Probe{probe("", sla.Read, sla.Served), probe("", sla.Write, sla.Failed)}, sla.Down, " Write failed"},
		{"one replica is gone and the balancer serves", []sla.Probe{probe("", sla.Read, sla.Served), probe("a", sla.Read, sla.Failed)}, sla.Up, ""},
		{"the balancer is gone", []sla.Probe{probe("", sla.Read, sla.Failed), probe("a", sla.Read, sla.Served)}, sla.Down, " Read failed"},
		{"readiness at the balancer is nobody's request", []sla.Probe{probe("", sla.Ready, sla.Failed), probe("", sla.Read, sla.Served)}, sla.Up, ""},
		{"refused is answered", []sla.Probe{probe("", sla.Read, sla.Refused)}, sla.Up, ""},
		{"late is served", []sla.Probe{probe("", sla.Read, sla.Late)}, sla.Up, ""},
		{"the balancer denies it, a replica serves", []sla.Probe{probe("", sla.Read, sla.Denied), probe("a", sla.Read, sla.Failed), probe("b", sla.Read, sla.Served)}, sla.Up, ""},
		{"no balancer, and every replica fails", []sla.Probe{probe("a", sla.Ready, sla.Failed), probe("b", sla.Read, sla.Failed)}, sla.Down, "a Ready failed"},
		{"no balancer, and a replica reads and does not write", []sla.Probe{probe("a", sla.Read, sla.Served), probe("a", sla.Write, sla.Failed), probe("b", sla.Read, sla.Served)}, sla.Down, "a Write failed"},
		{"no balancer, and the replica that was to write is gone", []sla.Probe{probe("a", sla.Read, sla.Failed), probe("a", sla.Write, sla.Failed), probe("b", sla.Read, sla.Served)}, sla.Up, ""},
		{"the balancer's name cannot be looked up here, a replica serves", []sla.Probe{unasked(""), probe("a", sla.Read, sla.Served)}, sla.Up, ""},
		{"nor anybody else's", []sla.Probe{unasked(""), unasked("a")}, sla.Blind, ""},
		{"everybody denies it", []sla.Probe{probe("", sla.Read, sla.Denied), probe("a", sla.Read, sla.Denied)}, sla.Blind, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, why := sla.Judge(tt.round); got != tt.want || !strings.Contains(why, tt.why) {
				t.Errorf("%s (%q), not %s (%q)", got, why, tt.want, tt.why)
			}
		})
	}
}

func TestAgree(t *testing.T) {
	now := at("2026-11-26 14:00:00")
	look := func(point string, v sla.Verdict, age time.Duration) sla.Look {
		return sla.Look{Point: point, Verdict: v, At: now.Add(-age), Why: "dial: connection refused"}
	}
	tests := []struct {
		name  string
		looks []sla.Look
		want  sla.Verdict
		why   string
	}{
		{"nobody looked", nil, sla.Blind, ""},
		{"both see it down", []sla.Look{look("a", sla.Down, 0), look("b", sla.Down, 9*time.Second)}, sla.Down, "dial: connection refused (seen from a and b)"},
		{"one sees it up", []sla.Look{look("a", sla.Down, 0), look("b", sla.Up, 0)}, sla.Up, ""},
		{"the other is blind", []sla.Look{look("a", sla.Down, 0), look("b", sla.Blind, 0)}, sla.Down, "dial: connection refused (seen from a alone)"},
		{"the other has been dead for long", []sla.Look{look("a", sla.Down, 0), look("b", sla.Up, time.Minute)}, sla.Down, "(seen from a alone)"},
		{"the other's clock is far ahead", []sla.Look{look("a", sla.Down, 0), look("b", sla.Up, -time.Minute)}, sla.Down, "(seen from a alone)"},
		{"both are blind", []sla.Look{look("a", sla.Blind, 0), look("b", sla.Blind, 0)}, sla.Blind, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, why := sla.Agree(tt.looks, now, 25*time.Second); got != tt.want || !strings.Contains(why, tt.why) {
				t.Errorf("%s (%q), not %s (%q)", got, why, tt.want, tt.why)
			}
		})
	}
}

func TestWhatAMinuteWas(t *testing.T) {
	sums := func(failed, shed, slow float64) sla.Sums {
		return sla.Sums{Requests: 1000, Failed: failed, Shed: shed, Slow: slow}
	}
	tests := []struct {
		name string
		seen sla.Seen
		want sla.Letter
		why  string
	}{
		{"nobody looked", sla.Seen{}, sla.Unseen, ""},
		{"requests alone call no minute good", sla.Seen{Sums: sums(0, 0, 0)}, sla.Unseen, ""},
		{"requests alone can call one bad", sla.Seen{Sums: sums(100, 0, 0)}, sla.ByUnknown, "100 of 1000 requests failed"},
		{"good", sla.Seen{Up: 60, Sums: sums(50, 10, 10)}, sla.Good, ""},
		{"down for ten seconds", sla.Seen{Up: 50, Down: 10}, sla.Good, ""},
		{"down for half of it", sla.Seen{Up: 30, Down: 30, Why: "no answer"}, sla.ByUnknown, "no answer"},
		{"some of each, and less than half of it either", sla.Seen{Up: 23, Down: 22}, sla.Unseen, ""},
		{"a third was seen, and all of it down", sla.Seen{Down: 20, Why: "no answer"}, sla.ByUnknown, "no answer"},
		{"little was seen, and all of it down", sla.Seen{Down: 10}, sla.Unseen, ""},
		{"little was seen, and all of it up", sla.Seen{Up: 10}, sla.Good, ""},
		{"few requests say nothing", sla.Seen{Up: 60, Sums: sla.Sums{Requests: 20, Failed: 20}}, sla.Good, ""},
		{"many fail", sla.Seen{Up: 60, Sums: sums(51, 0, 0)}, sla.ByUnknown, "51 of 1000 requests failed"},
		{"sheds", sla.Seen{Up: 60, Sums: sums(0, 11, 11)}, sla.Shedding, ""},
		{"slow", sla.Seen{Up: 60, Sums: sums(0, 0, 11)}, sla.Slow, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, why := tt.seen.Letter(); got != tt.want || why != tt.why {
				t.Errorf("%s (%q), not %s (%q)", got, why, tt.want, tt.why)
			}
		})
	}
}

func TestCause(t *testing.T) {
	all := sla.Circumstances{Evenkeel: "etcd-1 restarts for its size", Zone: "zone c", Etcd: "no leader", Offender: "agent", Rollout: "a rollout"}
	for _, tt := range []struct {
		leave func(*sla.Circumstances)
		want  sla.Letter
		why   string
	}{
		{func(*sla.Circumstances) {}, sla.ByEvenkeel, "no answer; etcd-1 restarts for its size"},
		{func(c *sla.Circumstances) { c.Evenkeel = "" }, sla.ByZone, "no answer; zone c"},
		{func(c *sla.Circumstances) { c.Zone = "" }, sla.ByEtcd, "no answer; no leader"},
		{func(c *sla.Circumstances) { c.Etcd = "" }, sla.ByOffender, "no answer; agent"},
		{func(c *sla.Circumstances) { c.Offender = "" }, sla.ByRollout, "no answer; a rollout"},
		{func(c *sla.Circumstances) { c.Rollout = "" }, sla.ByUnknown, "no answer"},
	} {
		tt.leave(&all)
		if got, why := all.Cause("no answer"); got != tt.want || why != tt.why {
			t.Errorf("%s (%q), not %s (%q)", got, why, tt.want, tt.why)
		}
	}
}
