// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import (
	"fmt"
	"math"
	"time"
)

const (
	// margin is what is requested beside the need, and spare what is worth giving back.
	margin, spare = 1.05, 1.07
	// healed is how much more than it had a container gets that was killed for memory.
	healed = 1.2
	// young is how long a container is taken for one whose peaks have not been seen: its
	// control plane is set up, filled and upgraded.
	young = 3 * 24 * time.Hour
	// scarred is how long a kill is remembered.
	scarred = 7 * 24 * time.Hour
	// settledSamples are what makes history as good as the curve: the curve's weight
	// falls with each.
	settledSamples = 60
	// soon is the part of growth to come that comes before a change made now is in force
	// everywhere.
	soon = 1.0 / 6
)

// Voice is who asked for the most.
type Voice string

// The voices.
const (
	// ByCurve: there is no history yet, or too little.
	ByCurve Voice = "Curve"
	// ByHistory: what most minutes of the last hours needed.
	ByHistory Voice = "History"
	// ByNow: what the last minutes needed.
	ByNow Voice = "Now"
	// ByDay: what this hour has needed on the days before.
	ByDay Voice = "Day"
	// BySpikes: what memory has needed for minutes, now and then.
	BySpikes Voice = "Spikes"
	// ByStart: what a start or an awakening takes, while its own have not been seen.
	ByStart Voice = "Start"
	// ByWound: a kill for memory.
	ByWound Voice = "Wound"
)

// Size is what a container is to request, in cores or bytes.
type Size struct {
	// Lower is the need: below it a change is due at once. Target is what to request, with
	// a margin and what growth will add, and above Upper it is worth giving back.
	Lower, Target, Upper float64
	// Uncapped is the target without bounds.
	Uncapped float64
	// Ratio is the need as a part of what the curve gives now, and Growth the factor of
	// what is to come.
	Ratio, Growth float64
	Voice         Voice
	// What else it takes to say why.
	rule    Rule
	samples int
	unit    bool
	now     float64
}

// Bounds are what a size may be; 0 is no bound.
type Bounds struct{ Least, Most float64 }

// Recommend is the size now. ok is false while nothing is known: there is neither a curve
// nor a sample.
func (h *History) Recommend(now time.Time, ref Reference, bounds Bounds) (s Size, ok bool) {
	if ref.Unit && len(h.last) == 0 && h.samples == 0 && h.wound == 0 {
		return Size{}, false
	}
	need, voice := h.need(now, ref)
	need *= h.per
	growth := 1.0
	if ref.Now > 0 && ref.Grown > ref.Now {
		growth = ref.Grown / ref.Now
	}
	s = Size{
		Voice: voice, Ratio: need, Growth: growth, Lower: need * max(ref.Soon, ref.Now+(ref.Grown-ref.Now)*soon),
		rule: h.rule, samples: h.samples, unit: ref.Unit, now: ref.Now,
	}
	s.Uncapped = need * ref.Now * growth * margin
	s.Target = bounds.within(s.Uncapped)
	s.Lower = max(min(s.Lower, s.Target), bounds.Least) // what is below the least is raised at once
	s.Upper = max(bounds.within(s.Uncapped*spare), s.Target)
	return s, true
}

// Clear is the size with so many times as much beside it, within the bounds: a limit that
// follows the request is to be clear of what is needed.
func (s Size) Clear(times float64, b Bounds) Size {
	if !(times > 1) {
		return s
	}
	s.Uncapped *= times
	s.Target = b.within(s.Uncapped)
	s.Lower = max(min(s.Lower*times, s.Target), b.Least)
	s.Upper = max(b.within(s.Uncapped*spare), s.Target)
	return s
}

// Beside is how many times what is needed a request must be for a limit of so many times
// the request to have the part of it in use at the most; no less than 1 for what is
// requested beside the need anyway.
func Beside(limit, part float64) float64 { return max(1, 1/(limit*part*margin)) }

func (b Bounds) within(v float64) float64 {
	if b.Most > 0 {
		v = min(v, b.Most)
	}
	return max(v, b.Least)
}

// need is the ratio of the loudest voice.
func (h *History) need(now time.Time, ref Reference) (float64, Voice) {
	most, voice := h.prior(ref), ByCurve
	say := func(v float64, by Voice) {
		if v > most {
			most, voice = v, by
		}
	}
	if h.samples > 0 {
		say(h.ratios.Percentile(h.rule.Quantile), ByHistory)
	}
	say(h.now(now), ByNow)
	if alone := ref.Unit && h.rule.Kind == Memory; alone {
		say(h.rising(now), ByNow)
		if h.swings(now) {
			say(h.ahead(now, anyDay), ByDay)
		}
	}
	say(h.ahead(now, mostDays), ByDay)
	if h.rule.Kind == Memory {
		say(h.spikes.reserve(now), BySpikes)
		if ref.Peak > 0 && (h.first.IsZero() || now.Sub(h.first) < young) {
			say(max(h.prior(ref), h.usual())*(1+ref.Peak), ByStart)
		}
		if now.Sub(h.wounded) < scarred {
			say(h.wound, ByWound)
		}
	}
	return most, voice
}

// prior is what the curve says for itself: all of it and its error before the first
// sample, and less with each.
func (h *History) prior(ref Reference) float64 {
	if ref.Unit {
		return 0
	}
	weight := 1 - float64(h.samples)/settledSamples
	return max(weight, 0) * (1 + ref.Error) / h.per
}

// Why is the size in words: as a part of what the curve gives where there is one.
func (s Size) Why() string {
	part := fmt.Sprintf("%.2f of what the profile gives", s.Ratio)
	if s.unit {
		part = Words(s.rule.Kind, s.Ratio*s.now)
	}
	var why string
	switch s.Voice {
	case ByHistory:
		why = fmt.Sprintf("%.0f %% of the minutes of the last hours took up to %s", 100*s.rule.Quantile, part)
	case ByNow:
		why = "the last minutes took " + part
	case ByDay:
		why = "at this time of the day it has taken, on two of three days, " + part
	case BySpikes:
		why = "it has risen for minutes now and then, and with a reserve for the next time that is " + part
	case ByStart:
		why = "in its first three days there is room for a start or an awakening, as the profile tells of them, and that is " + part
	case ByWound:
		why = "it was killed for memory, and a fifth more than it had is " + part
	default:
		why = fmt.Sprintf("the profile and its error: %d samples are too few to know better", s.samples)
	}
	if s.Growth > 1 {
		why += fmt.Sprintf("; what is to come adds %.0f %%", 100*(s.Growth-1))
	}
	return why
}

// Words is an amount of a kind for people.
func Words(k Kind, v float64) string {
	if k == CPU {
		return fmt.Sprintf("%.0fm", math.Ceil(v*1000))
	}
	if v < 1<<30 {
		return fmt.Sprintf("%.0fMi", math.Ceil(v/(1<<20)))
	}
	return fmt.Sprintf("%.1fGi", v/(1<<30))
}
