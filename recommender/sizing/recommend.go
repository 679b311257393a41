// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import (
	"fmt"
	"time"
)

const (
	// margin is what is requested beside the need, and spare what is worth giving back.
	margin, spare = 1.05, 1.18
	// healed is how much more than it had a container gets that was killed for memory.
	healed = 1.2
	// scarred is how long a kill is remembered.
	scarred = 24 * time.Hour
	// settledSamples are what makes history as good as the curve: the curve's weight
	// falls with each.
	settledSamples = 60
	// steepest is the most that growth to come may add at once.
	steepest = 1.5
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
	// ByWound: a kill for memory.
	ByWound Voice = "Wound"
)

// Size is what a container is to request, in cores or bytes.
type Size struct {
	// Lower is the need: below it a change is due at once. Target is what to request,
	// and above Upper it is worth giving back.
	Lower, Target, Upper float64
	// Uncapped is the target without bounds.
	Uncapped float64
	Voice    Voice
	Why      string
}

// Bounds are what a size may be; 0 is no bound.
type Bounds struct{ Least, Most float64 }

// Recommend is the size now. curve is what the curve gives for what the control plane
// carries, and grown what it will give when a change made now has paid off.
func (h *History) Recommend(now time.Time, curve, grown float64, curveError float64, bounds Bounds) Size {
	need, voice := h.need(now, curveError)
	growth := 1.0
	if curve > 0 && grown > curve {
		growth = min(grown/curve, steepest)
	}
	s := Size{Voice: voice, Lower: need * curve * growth}
	s.Uncapped = s.Lower * margin
	s.Target = bounds.within(s.Uncapped)
	s.Lower = min(s.Lower, s.Target)
	s.Upper = max(bounds.within(s.Uncapped*spare), s.Target)
	s.Why = h.why(need, voice, growth)
	return s
}

func (b Bounds) within(v float64) float64 {
	if b.Most > 0 {
		v = min(v, b.Most)
	}
	return max(v, b.Least)
}

// need is the ratio of the loudest voice.
func (h *History) need(now time.Time, curveError float64) (float64, Voice) {
	most, voice := h.prior(curveError), ByCurve
	say := func(v float64, by Voice) {
		if v > most {
			most, voice = v, by
		}
	}
	if h.samples > 0 {
		say(h.ratios.Percentile(h.rule.Quantile), ByHistory)
	}
	say(h.now(now), ByNow)
	say(h.ahead(now), ByDay)
	if h.rule.Kind == Memory && now.Sub(h.wounded) < scarred {
		say(h.wound, ByWound)
	}
	return most, voice
}

// prior is what the curve says for itself: all of it and its error before the first
// sample, and less with each.
func (h *History) prior(curveError float64) float64 {
	weight := 1 - float64(h.samples)/settledSamples
	return max(weight, 0) * (1 + curveError)
}

func (h *History) why(need float64, voice Voice, growth float64) string {
	var why string
	switch voice {
	case ByHistory:
		why = fmt.Sprintf("%.0f %% of the minutes of the last hours took up to %.2f of what the curve gives", 100*h.rule.Quantile, need)
	case ByNow:
		why = fmt.Sprintf("the last minutes took %.2f of what the curve gives", need)
	case ByDay:
		why = fmt.Sprintf("this hour took %.2f of what the curve gives on the days before", need)
	case ByWound:
		why = fmt.Sprintf("it was killed for memory: %.2f of what the curve gives is a fifth more than it had", need)
	default:
		why = fmt.Sprintf("the curve and its error, as %d samples are too few to know better", h.samples)
	}
	if growth > 1 {
		why += fmt.Sprintf("; growth to come adds %.0f %%", 100*(growth-1))
	}
	return why
}
