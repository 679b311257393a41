// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"math"
	"math/rand/v2"
	"time"
)

const (
	// night and noon are what a tenant asks for at its quietest and at its busiest, in
	// cores: three replicas of half a core carry the night, and noon is more than three
	// of the largest.
	night float64 = 0.9
	noon  float64 = 8
	// noise is the standard deviation of what comes and goes by the minute, as a part of
	// the demand; roughStep is how far two values of it are apart, and rough how much of
	// one is left in the next.
	noise, rough = 0.06, 0.9
	roughStep    = 5 * time.Second
	// burstsPerHour are short: a controller that lists anew, a rollout.
	burstsPerHour = 4
)

// burst is a short addition to the demand.
type burst struct {
	from, to time.Duration
	times    float64
}

// day is what a tenant asks for over time. It has one rise and one fall.
type day struct {
	length time.Duration
	rough  []float64
	bursts []burst
}

// newDay draws a day of a length by a seed, which begins and ends at night. The hours of a
// short one pass faster; its noise and its bursts do not.
func newDay(length time.Duration, seed uint64) day {
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // noise that can be drawn again
	d := day{length: length}
	v := 0.0
	for range length/roughStep + 1 {
		v = rough*v + noise*math.Sqrt(1-rough*rough)*r.NormFloat64()
		d.rough = append(d.rough, v)
	}
	for at := time.Duration(0); ; {
		at += time.Duration(r.ExpFloat64() * float64(time.Hour) / burstsPerHour)
		if at >= length {
			return d
		}
		lasts := 15*time.Second + time.Duration(r.Float64()*float64(75*time.Second))
		d.bursts = append(d.bursts, burst{at, at + lasts, 1.2 + 0.6*r.Float64()})
	}
}

// at is the demand at a time of the day, in cores; before the day it is night.
func (d day) at(t time.Duration) float64 {
	if t < 0 {
		return night
	}
	v := night + (noon-night)*(1-math.Cos(2*math.Pi*float64(t)/float64(d.length)))/2
	v *= 1 + d.rough[min(int(t/roughStep), len(d.rough)-1)]
	for _, b := range d.bursts {
		if t >= b.from && t < b.to {
			v *= b.times
		}
	}
	return v
}
