// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import (
	"math"
	"time"

	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/util"
)

const (
	// lowest and highest bound the ratios that are told apart, and finer is how much
	// wider each bucket is than the one before: 135 of them.
	lowest, highest, finer = 0.01, 50, 1.04
	// recent is how many of the last minutes are kept as they were.
	recent = 3
)

// Sample is what one container used in a minute: cores on average, or the most bytes.
type Sample struct {
	At   time.Time
	Used float64
	// Curve is what the curve said then.
	Curve float64
}

// History is how one container's use of one kind has compared to the curve: as ratios, so
// that it holds after growth. The replicas of an apiserver share one. It is not safe for
// concurrent use.
type History struct {
	rule Rule
	// per is how many times the curve a ratio of one is; it changes with the curve.
	per    float64
	basis  basis
	ratios util.Histogram
	// last are the highest ratios of the last minutes, oldest first.
	last   []minute
	day    [hours]peak
	spikes spikes
	// wound is the least ratio that the last kill for memory asks for; passed is when as
	// much as was held then was used first since, in seconds since 1970, 0 while it has not
	// been: the allocator rounds 8 bytes more of a History up to 128.
	wound   float64
	wounded time.Time
	passed  int64
	// first is when the first sample was, and seen the last.
	first, seen time.Time
	samples     int
}

type minute struct {
	at    time.Time
	ratio float64
}

// NewHistory is a history without samples.
func NewHistory(r Rule) *History {
	return &History{rule: r, per: 1, ratios: util.NewDecayingHistogram(buckets, r.HalfLife)}
}

// buckets are those of ratios, shared by all.
var buckets = must(util.NewExponentialHistogramOptions(highest, lowest, finer, 1e-4))

func must(o util.HistogramOptions, err error) util.HistogramOptions {
	if err != nil {
		panic(err) // the bounds stand above
	}
	return o
}

// Samples is how many minutes there have been.
func (h *History) Samples() int { return h.samples }

// Seen is when the last sample was.
func (h *History) Seen() time.Time { return h.seen }

// mostRatio is the most that a sample may be of what its curve gives: a curve that gives
// next to nothing says nothing.
const mostRatio = 1e6

// Add takes a sample. One that is no number or beyond all sense, older than an hour before
// the newest, or without a curve is left out.
func (h *History) Add(s Sample) {
	ratio := s.Used / (s.Curve * h.per)
	if !(ratio >= 0 && ratio <= mostRatio) || s.Curve <= 0 || s.At.Before(h.seen.Add(-time.Hour)) {
		return
	}
	if h.first.IsZero() {
		h.first = s.At
	}
	if s.At.After(h.seen) {
		h.seen = s.At
	}
	h.remember(s.At, ratio)
	h.rise(s.At)
}

// remember keeps the last minutes, of each its highest: what replicas request is alike,
// so the busiest is what it has to cover. A minute that is over goes into the histogram.
func (h *History) remember(at time.Time, ratio float64) {
	h.heal(at, ratio)
	of := at.Truncate(time.Minute)
	n := len(h.last)
	switch {
	case n > 0 && of.Equal(h.last[n-1].at):
		h.last[n-1].ratio = max(h.last[n-1].ratio, ratio)
		return
	case n > 0 && of.Before(h.last[n-1].at):
		h.weigh(minute{of, ratio})
		return
	case n > 0:
		h.weigh(h.last[n-1])
	}
	h.last = append(h.last, minute{of, ratio})
	if len(h.last) > recent {
		h.last = append([]minute(nil), h.last[len(h.last)-recent:]...)
	}
}

// heal forgets a kill when what was missing then has been seen since: all that was given
// for it, or what was held then, and half an hour after that whatever it was is over.
func (h *History) heal(at time.Time, ratio float64) {
	if h.wound > 0 && h.passed == 0 && ratio >= h.wound/healed {
		h.passed = at.Unix()
	}
	if ratio >= h.wound || h.passed > 0 && at.Sub(time.Unix(h.passed, 0)) > longest {
		h.wound = 0
	}
}

func (h *History) weigh(m minute) {
	if h.rule.Kind == Memory {
		h.spikes = h.spikes.after(m, h.usual(), h.day[m.at.UTC().Hour()].expected(dayOf(m.at), mostDays))
	}
	h.samples++
	h.ratios.AddSample(m.ratio, 1, m.at)
}

// usual is the ratio of nine minutes in ten; 0 before the first.
func (h *History) usual() float64 {
	if h.samples == 0 {
		return 0
	}
	return h.ratios.Percentile(0.9)
}

// Base has what comes compared to what a profile gives, which is so much now; no name
// stands for a mere unit. What was learnt under another profile holds, as far as both
// speak of the same load.
func (h *History) Base(profile string, gives float64) {
	was := h.basis
	h.basis = basis{profile, gives}
	if was.profile == profile || !sane(was.gives) || !sane(gives) {
		return
	}
	if per := h.per * was.gives / gives; sane(per) {
		h.per = per
	}
}

// basis is a profile, by name and revision, and what it gave last.
type basis struct {
	profile string
	gives   float64
}

// now is what the last minutes show: of CPU what two of three took, of memory the most.
func (h *History) now(at time.Time) float64 {
	var first, second float64
	for _, m := range h.last {
		switch {
		case at.Sub(m.at) >= recent*time.Minute:
		case m.ratio > first:
			first, second = m.ratio, first
		case m.ratio > second:
			second = m.ratio
		}
	}
	if h.rule.Kind == Memory {
		return first
	}
	return second
}

// rising is what the last minutes will be if they go on rising above the middle of the
// last hours as they have: where no curve tells of growth, memory that grows is met ahead.
func (h *History) rising(at time.Time) float64 {
	now := h.now(at)
	if h.samples == 0 || now <= above*h.ratios.Percentile(0.5) {
		return 0
	}
	return now * min(now/h.ratios.Percentile(0.5), steepest)
}

// Wound takes a kill for memory at so many bytes.
func (h *History) Wound(at time.Time, held, curve float64) {
	if ratio := held / (curve * h.per); ratio > 0 && !math.IsInf(ratio, 0) {
		h.wound, h.wounded, h.passed = max(h.wound, ratio*healed), at, 0
	}
}
