// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// story is how healthy days are made: what happens to a control plane that keeps its promise,
// and to the operator beside it.
type story struct {
	r *rand.Rand
	// leader and standby are the operator's replicas now, and named is how many have had a name.
	leader, standby string
	named           int
	// calm is the traffic of the hour.
	calm traffic
}

// month is a story of so many healthy days. bad are minutes of outage that begin at noon of the
// second day.
//
//   - requests follow the day, a quarter at night; 0.01 % to 0.05 % fail, another share each hour;
//   - two or three times a day a single round fails through the balancer;
//   - what else happens, and how often, is in the schedule.
//
// What happens, and some minutes after it, is scraped and evaluated as often as ever. In between
// nothing changes but the traffic, and every minute and every five are enough.
func month(days, bad int, seed uint64) fixture {
	f := fixture{Key: "month", Title: fmt.Sprintf("%d healthy days", days), Target: 0.9995, Tenants: 1, Name: "acme", Scrape: span(time.Minute)}
	s := &story{r: rand.New(rand.NewPCG(seed, 30)), leader: pods[0], standby: pods[1], named: len(pods)} //nolint:gosec // a story that repeats
	for day := range days {
		for hour := range 24 {
			s.calm = traffic{
				Requests: new(20 * (1 - 0.6*math.Cos(2*math.Pi*float64(hour-2)/24))),
				Failed:   new(0.0001 + 0.0004*s.r.Float64()), Slow: new(0.002 * s.r.Float64()), Shed: new(0.001 * s.r.Float64()),
			}
			f.Phases = append(f.Phases, s.hour(day, hour, bad)...)
		}
	}
	return f
}

// quietly is how often rules are evaluated while nothing happens.
const quietly = 5 * time.Minute

// settles is for how long it is looked at closely what follows on something.
const settles = 3 * time.Minute

// hour is an hour and what happens in it, the first of it after some minutes.
func (s *story) hour(day, hour, bad int) []phase {
	before := s.lasts(time.Duration(60+s.r.IntN(600))*time.Second, phase{})
	all := []phase{before}
	if s.r.Float64() < 2.5/24 {
		// Two in a row would be an outage of 20 s, and one that is to be paged.
		all = append(all, s.loses(phase{}), s.closely(2*time.Minute, phase{}))
	}
	for _, one := range schedule {
		if one.hour == hour && day%one.every == one.on {
			all = append(all, one.happens(s)...)
		}
	}
	if hour == 12 && day == 1 && bad > 0 {
		all = append(all, s.closely(time.Duration(bad)*time.Minute, phase{look: look{Rounds: "down", Balancer: "failed", Replica: "failed"}}))
	}
	if len(all) > 1 {
		all = append(all, s.closely(settles, phase{}))
	}
	left := time.Hour
	for _, p := range all {
		left -= time.Duration(p.For)
	}
	return append(all, s.lasts(left, phase{}))
}

// lasts is a phase under the operator replicas that there are now, with the traffic of the hour
// where it has none of its own.
func (s *story) lasts(d time.Duration, p phase) phase {
	p.For = span(d)
	if p.Runs == "" {
		p.Runs = s.leader + " " + s.standby
	}
	if p.Leader == "" {
		p.Leader = s.leader
	}
	p.traffic = traffic{
		Requests: first(p.Requests, s.calm.Requests), Failed: first(p.Failed, s.calm.Failed), Shed: first(p.Shed, s.calm.Shed), Slow: first(p.Slow, s.calm.Slow),
	}
	return p
}

// closely is one that is looked at closely.
func (s *story) closely(d time.Duration, p phase) phase {
	p.Closely = true
	return s.lasts(d, p)
}

// loses is one in which a single round fails through the balancer.
func (s *story) loses(p phase) phase {
	p.Rounds, p.Balancer = "down", "failed"
	return s.closely(roundEvery*time.Second, p)
}

// playMonth plays healthy days and tells what fired. What calls nobody is left out.
func playMonth(f fixture, ruleFile string) ([]firing, error) {
	t := theater{
		fixture: f, clock: late9, coarse: quietly, alone: true,
		keep: func(_, severity, _ string) bool { return severity != "info" },
	}
	return t.play(ruleFile)
}

// times is how often they fired.
func times(all []firing) (n int) {
	for _, f := range all {
		n += 1 + f.stops
	}
	return n
}

// counts are the names of alerts that fired, and how often.
func counts(all []firing) (out []string) {
	for _, name := range names(all) {
		one := slices.DeleteFunc(slices.Clone(all), func(f firing) bool { return f.String() != name })
		out = append(out, fmt.Sprintf("%s %d times", name, times(one)))
	}
	return out
}

// of are those of a severity.
func of(all []firing, severity string) []firing {
	return slices.DeleteFunc(slices.Clone(all), func(f firing) bool { return f.severity != severity })
}
