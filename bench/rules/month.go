// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// month is a story of so many healthy days: what happens to a control plane that keeps its
// promise. bad are minutes of outage that begin at noon of the second day.
//
//   - requests follow the day, a quarter at night; 0.01 % to 0.05 % fail, another share each hour;
//   - two or three times a day a single round fails through the balancer;
//   - each day replicas are rolled out, resized or moved, one after the other: a round is lost
//     with each of the three;
//   - each tenth day the operator restarts and counts from 0, each fifteenth another leads;
//   - each third day some minutes are not seen;
//   - etcd's leader changes with a rollout.
func month(days, bad int, seed uint64) fixture {
	f := fixture{Key: "month", Title: fmt.Sprintf("%d healthy days", days), Target: 0.9995, Tenants: 1, Name: "acme", Scrape: span(time.Minute)}
	r := rand.New(rand.NewPCG(seed, 30)) //nolint:gosec // a story that repeats
	leader := "evenkeel-0"
	for day := range days {
		for hour := range 24 {
			calm := phase{operators: operators{Leader: leader}, traffic: traffic{
				Requests: new(20 * (1 - 0.6*math.Cos(2*math.Pi*float64(hour-2)/24))),
				Failed:   new(0.0001 + 0.0004*r.Float64()), Slow: new(0.002 * r.Float64()), Shed: new(0.001 * r.Float64()),
			}}
			var events []phase
			one := func(p phase, lasts time.Duration) phase {
				p.traffic, p.For = calm.traffic, span(lasts)
				if p.Leader == "" {
					p.Leader = leader
				}
				return p
			}
			lost := one(phase{look: look{Rounds: "down", Balancer: "failed"}}, 10*time.Second)
			if r.Float64() < 2.5/24 {
				// Two in a row would be an outage of 20 s, and one that is to be paged.
				events = append(events, lost, one(phase{}, 2*time.Minute))
			}
			switch {
			case hour == 10:
				moved := lost
				moved.Once = map[string]float64{"evenkeel_etcd_leader_changes_total": 1}
				events = append(events, lost, one(phase{}, 4*time.Minute), lost, one(phase{}, 4*time.Minute), moved)
			case hour == 12 && day == 1 && bad > 0:
				events = append(events, one(phase{look: look{Rounds: "down", Balancer: "failed", Replica: "failed"}}, time.Duration(bad)*time.Minute))
			case hour == 15 && day%10 == 5:
				events = append(events, one(phase{operators: operators{Runs: "none"}}, 50*time.Second), one(phase{}, time.Minute))
			case hour == 16 && day%15 == 7:
				events = append(events, one(phase{operators: operators{Leader: "none", Runs: map[string]string{"evenkeel-0": "evenkeel-1", "evenkeel-1": "evenkeel-0"}[leader]}}, 20*time.Second))
				leader = map[string]string{"evenkeel-0": "evenkeel-1", "evenkeel-1": "evenkeel-0"}[leader]
				events = append(events, one(phase{}, time.Minute))
			case hour == 18 && day%3 == 2:
				events = append(events, one(phase{look: look{Rounds: "blind"}}, time.Duration(2+r.IntN(6))*time.Minute))
			}
			f.Phases = append(f.Phases, filled(calm, events, r)...)
		}
	}
	return f
}

// filled is an hour with some events in it, the first of them after some minutes.
func filled(calm phase, events []phase, r *rand.Rand) []phase {
	rest, at := calm, calm
	at.For = span(time.Duration(60+r.IntN(600)) * time.Second)
	left := time.Hour - time.Duration(at.For)
	for _, e := range events {
		left -= time.Duration(e.For)
		rest.Leader = e.Leader
	}
	rest.For = span(left)
	if rest.Leader == "none" {
		rest.Leader = ""
	}
	return append(append([]phase{at}, events...), rest)
}

// playMonth plays healthy days and tells what fired.
//
// Everything is scraped each minute and evaluated every other, but for the steps: the shortest window of a
// budget is five minutes, and the page about an outage is given the longest time for which
// it was down since the last scrape, which is more than a fine scrape would show it. Only
// pages and what burns slowly are evaluated.
func playMonth(f fixture, ruleFile string) ([]firing, error) {
	t := theater{
		fixture: f, clock: late9, coarse: 2 * time.Minute, alone: true, worst: true,
		keep: func(group, severity, _ string) bool { return severity == "page" || group == "evenkeel.slow" },
	}
	return t.play(ruleFile)
}

// pages are the pages of what fired.
func pages(all []firing) (out []firing) {
	for _, f := range all {
		if f.severity == "page" {
			out = append(out, f)
		}
	}
	return out
}
