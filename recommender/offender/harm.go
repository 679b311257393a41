// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// When a flow's requests count as slow. Both must hold: a ratio alone would call
// 3 ms against 1 ms harm, a difference alone would call a slow disk harm.
const (
	// slowRatio is how many times its calm mean.
	slowRatio = 3.0
	// slowBy is how much above its calm mean, in seconds. Leases that take 20 ms
	// longer are still renewed in time: this is early, on purpose, because harm
	// alone jails nobody.
	slowBy = 0.020
	// slowUnknown is the mean, in seconds, that counts as slow while there is no
	// baseline: half of the 1 s that the Kubernetes SLO grants the slowest
	// hundredth of single-object requests.
	slowUnknown = 0.5
	// pulseSlow is when the smallest request says that a replica is out of
	// breath, whatever its baseline.
	pulseSlow = 100 * time.Millisecond
)

// Slow is a flow whose requests are slow on one replica, or a replica whose pulse
// is (Schema empty).
type Slow struct {
	Replica, Schema string
	// Mean and Calm are seconds per request now and in calm times; Calm is 0
	// while unknown.
	Mean, Calm float64
}

// String says it as evidence.
func (s Slow) String() string {
	what := "requests of " + s.Schema
	if s.Schema == "" {
		what = "the smallest request"
	}
	if s.Calm <= 0 {
		return fmt.Sprintf("%s on %s took %s each (no calm mean known yet)", what, s.Replica, seconds(s.Mean))
	}
	return fmt.Sprintf("%s on %s took %s each, %.0f times their calm %s", what, s.Replica, seconds(s.Mean), s.Mean/s.Calm, seconds(s.Calm))
}

// Harm is who suffers.
type Harm struct {
	// Slow are the slow flows, the slowest against its calm mean first.
	Slow []Slow
	// Full are the levels, on any replica, that have no seat left while requests
	// wait or are refused. They are a reason to look closer, not yet harm.
	Full []string
}

// shownSlow is how many slow flows the evidence lists.
const shownSlow = 3

// Evidence is the harm in words, a line for each of the slowest flows at its
// worst replica.
func (h Harm) Evidence() []string {
	var lines []string
	shown := map[string]bool{}
	for _, s := range h.Slow {
		if shown[s.Schema] || len(shown) == shownSlow {
			continue
		}
		shown[s.Schema] = true
		line := s.String()
		if others := h.replicas(s.Schema) - 1; others > 0 {
			line += fmt.Sprintf("; slow on %d other replicas too", others)
		}
		lines = append(lines, line)
	}
	return lines
}

func (h Harm) replicas(schema string) int {
	n := 0
	for _, s := range h.Slow {
		if s.Schema == schema {
			n++
		}
	}
	return n
}

// Found is true when somebody suffers.
func (h Harm) Found() bool { return len(h.Slow) > 0 }

// worst is how many times its calm mean the slowest flow takes; 0 when none is slow
// or no calm mean is known.
func (h Harm) worst() float64 {
	most := 0.0
	for _, s := range h.Slow {
		if s.Calm > 0 {
			most = max(most, s.Mean/s.Calm)
		}
	}
	return most
}

// Without is the harm to others than the flows of one schema: what a client's own
// requests suffer is no evidence against it.
func (h Harm) Without(schema string) Harm {
	h.Slow = slices.DeleteFunc(slices.Clone(h.Slow), func(s Slow) bool { return s.Schema == schema })
	return h
}

// Look says who suffers, given what was seen and what is usual. Flows of jails do
// not count, and windows and pulses that began before since do not either: they hold
// requests from before a sentence was in force.
func Look(replicas []plane.Replica, baselines map[string]plane.Baseline, since time.Time) Harm {
	var harm Harm
	for _, r := range replicas {
		if !r.Ready {
			continue
		}
		harm.Full = append(harm.Full, full(r)...)
		if r.Pulse >= pulseSlow && !r.Pulsed.Before(since) && tooSlow(r.Pulse.Seconds(), baselines[pulseKey]) {
			harm.Slow = append(harm.Slow, Slow{Replica: r.Name, Mean: r.Pulse.Seconds(), Calm: trusted(baselines[pulseKey])})
		}
		if r.Window <= 0 || r.Observed.Add(-r.Window).Before(since) {
			continue
		}
		for _, f := range r.Flows {
			if f.Requests < leastRequests || isJail(f.Level) {
				continue
			}
			mean := (f.ExecSeconds + f.WaitSeconds) / f.Requests
			if tooSlow(mean, baselines[f.Schema]) {
				harm.Slow = append(harm.Slow, Slow{Replica: r.Name, Schema: f.Schema, Mean: mean, Calm: trusted(baselines[f.Schema])})
			}
		}
	}
	slices.SortStableFunc(harm.Slow, func(a, b Slow) int { return cmp.Compare(b.ratio(), a.ratio()) })
	slices.Sort(harm.Full)
	harm.Full = slices.Compact(harm.Full)
	return harm
}

func full(r plane.Replica) []string {
	var levels []string
	for _, l := range r.Levels {
		if !isJail(l.Name) && l.Current > 0 && l.Executing*20 >= l.Current*19 && (l.Waiting > 0 || l.Rejected > 0) {
			levels = append(levels, l.Name)
		}
	}
	return levels
}

func tooSlow(mean float64, calm plane.Baseline) bool {
	if trusted(calm) == 0 {
		return mean >= slowUnknown
	}
	return mean >= slowRatio*calm.Mean && mean >= calm.Mean+slowBy
}

// trusted is the calm mean, or 0 while there is too little evidence for one.
func trusted(b plane.Baseline) float64 {
	if b.Weight < trustedWeight {
		return 0
	}
	return b.Mean
}

// ratio orders flows without a baseline by how far they are past slowUnknown.
func (s Slow) ratio() float64 {
	if s.Calm <= 0 {
		return s.Mean / slowUnknown
	}
	return s.Mean / s.Calm
}

// seconds prints a duration with two digits that matter.
func seconds(s float64) string {
	if s >= 1 {
		return fmt.Sprintf("%.1f s", s)
	}
	return fmt.Sprintf("%.0f ms", s*1000)
}
