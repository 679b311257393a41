// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/monitoring/series"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// longAgo is when whoever runs as a story begins has begun, in seconds from it.
const longAgo = -24 * 3600

// view is what one operator replica knows of a control plane. It ends with its process: who
// comes back begins anew.
type view struct {
	// counted are its counters, by the series as text.
	counted map[string]float64
	// began is when its process did, and led since when it leads; -1 is not.
	began, led int
	// knows is whether it has been told which control planes there are, which one whose
	// process begins while the host cluster's API is down is not.
	knows bool
	// served is whether it has seen the control plane serve, or read in the ledger that it did,
	// and recalled whether it has read that.
	served, recalled bool
	// verdict is what it says with those whom it hears. downFrom is the first of the rounds
	// that are down now, and told since when that is known; -1 is none.
	verdict        sla.Verdict
	downFrom, told int
}

func newView(at int) *view {
	v := &view{counted: map[string]float64{}, began: at, led: -1, downFrom: -1, told: -1}
	for _, name := range calmSeries(series.Counter) {
		v.counted[name] = 0
	}
	for _, applied := range []string{"true", "false"} { // as the first pass does it: an alert is on these
		v.counted[named(series.Decisions, fmt.Sprintf("step=%q,reason=%q,applied=%q", "StopSteps", "PlanStopped", applied))] = 0
	}
	for _, s := range series.List() {
		if s.Name == series.Probes {
			for _, c := range combinations(s) {
				v.counted[named(s.Name, c)] = 0
			}
		}
	}
	return v
}

// own is what a round says to this replica alone, as the operator judges it: what it has never
// seen serve is being made, and not down.
func (v *view) own(word string) sla.Verdict {
	switch {
	case word == "up":
		v.served = true
		return sla.Up
	case word == "down" && v.served:
		return sla.Down
	default:
		return sla.Blind
	}
}

// round takes in what a round says together with those of others; that it failed is known some
// seconds later.
func (v *view) round(at, answer int, verdict sla.Verdict, met look) {
	v.verdict = verdict
	v.counted[named(series.Rounds, fmt.Sprintf("verdict=%q", strings.ToLower(string(verdict))))]++
	switch {
	case verdict != sla.Down:
		v.downFrom, v.told = -1, -1
	case v.downFrom < 0:
		v.downFrom, v.told = at, at+answer
	}
	if verdict == sla.Down {
		v.counted[series.Requests]++
		v.counted[series.Failed]++
	}
	v.probes("balancer", met.Balancer, 1, "ready", "read", "write")
	v.probes("replica", met.Replica, 3, "ready", "read")
}

// probes counts what came of so many probes of each of these questions.
func (v *view) probes(door, came string, n float64, questions ...string) {
	result, share := "served", 1.0
	if parts := strings.Fields(came); len(parts) > 0 {
		result = parts[0]
		if len(parts) > 1 {
			share, _ = strconv.ParseFloat(parts[1], 64)
		}
	}
	for _, q := range questions {
		set := func(result string) string {
			phase := "done"
			if result == "failed" {
				phase = "wait"
			}
			return named(series.Probes, fmt.Sprintf("door=%q,question=%q,result=%q,phase=%q", door, q, result, phase))
		}
		v.counted[set(result)] += n * share
		v.counted[set("served")] += n * (1 - share)
	}
}

// pass counts what became of a tenant's requests in so many seconds, as whoever leads does.
func (v *view) pass(seconds float64, now phase) {
	requests := or(now.Requests, calmRequests) * seconds
	v.counted[series.Requests] += requests
	v.counted[series.Failed] += requests * or(now.Failed, calmFailed)
	v.counted[series.Shed] += requests * or(now.Shed, 0)
	v.counted[named(series.Slow, `scope="resource"`)] += requests * or(now.Slow, calmSlow)
	v.counted[series.QueueSeconds] += requests * max(now.Waits, 0.001)
	v.counted[series.ResponseBytes] += or(now.Bytes, calmBytes) * seconds
	for name, each := range now.Counters {
		v.counted[name] += each * seconds
	}
}

// down is what every replica tells, whether it leads or not (tellDown of
// operator/sla/ledger).
func (v *view) down(at int) map[string]float64 {
	if v.downFrom < 0 || at < v.told {
		return map[string]float64{series.Down: 0, series.DownSeconds: 0}
	}
	return map[string]float64{series.Down: 1, series.DownSeconds: float64(at - v.downFrom)}
}

// together is what a replica says with all whom it hears: down where each that sees at all
// sees it down. It is the operator's own function; times are left out, as all have just
// looked.
func together(pod string, own map[string]sla.Verdict, heard func(other string) bool) sla.Verdict {
	looks := []sla.Look{{Point: pod, Verdict: own[pod]}}
	for other, verdict := range own {
		if other != pod && heard(other) {
			looks = append(looks, sla.Look{Point: other, Verdict: verdict})
		}
	}
	verdict, _ := sla.Agree(looks, time.Time{}, sla.Alive)
	return verdict
}
