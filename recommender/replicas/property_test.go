// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/replicas"
)

// turns are the changes of direction in a row of floors.
func turns(floors []int) (n int) {
	direction := 0
	for i := 1; i < len(floors); i++ {
		way := 0
		switch {
		case floors[i] > floors[i-1]:
			way = 1
		case floors[i] < floors[i-1]:
			way = -1
		}
		if way != 0 && direction != 0 && way != direction {
			n++
		}
		if way != 0 {
			direction = way
		}
	}
	return n
}

func drawBounds(t *rapid.T) replicas.Bounds {
	b := replicas.Bounds{Min: rapid.IntRange(1, 4).Draw(t, "min"), Max: rapid.IntRange(4, 12).Draw(t, "max")}
	if rapid.Bool().Draw(t, "zonal") {
		b.Zones, b.ByZone = 3, rapid.Bool().Draw(t, "byZone")
	}
	return b
}

// A load that stays within 5 % to either side has the floor go up once and down once at the
// most, however it moves within.
func TestWhatStaysNearMovesNothingTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := of(rapid.IntRange(1, 9).Draw(t, "replicas"), drawBounds(t))
		seats, cpu := rapid.Float64Range(0, 900).Draw(t, "seats"), rapid.Float64Range(0.1, 16).Draw(t, "cpu")
		var floors []int
		for range rapid.IntRange(1, 12).Draw(t, "stretches") {
			from, to := rapid.Float64Range(0.95, 1.05).Draw(t, "from"), rapid.Float64Range(0.95, 1.05).Draw(t, "to")
			looks := rapid.IntRange(1, 600).Draw(t, "looks")
			for i := range looks {
				at := from + (to-from)*float64(i)/float64(looks)
				p.loaded(seats*at, cpu*at)
				p.obeyed()
				floors = append(floors, p.got.Floor)
			}
		}
		if n := turns(floors); n > 1 {
			t.Fatalf("the floor turned %d times: %v", n, p.moves)
		}
	})
}

// The same at the worst place: a ramp by all of it, over and over, just below where one more
// would be needed.
func TestAWobbleIsNoTrend(t *testing.T) {
	p := of(3, wide())
	for range 4 {
		for i := range 40 { // from 3.12 to 3.44 cores; 3.6 are what 2 of 3 carry
			p.loaded(60, 3.28*(0.95+0.1*min(float64(i)/36, 1)))
			p.obeyed()
		}
		for range 12 * 50 {
			p.loaded(60, 3.28*0.95)
			p.obeyed()
		}
	}
	if len(p.moves) > 0 {
		t.Errorf("the floor moved %v", p.moves)
	}
}

// By a day, and by two hours, with noise, the floor turns no more often than the load.
func TestADayHasNoMoreTurnsThanItsLoad(t *testing.T) {
	for _, period := range []time.Duration{2 * time.Hour, 24 * time.Hour} {
		rapid.Check(t, func(t *rapid.T) {
			p := of(1, drawBounds(t))
			p.tick = max(5*time.Second, period/2880)
			seed, noise := rapid.Uint64().Draw(t, "seed"), rapid.Float64Range(0, 0.05).Draw(t, "noise")
			low, high := rapid.Float64Range(0.2, 2).Draw(t, "low"), rapid.Float64Range(3, 9).Draw(t, "high")
			const periods = 2
			var floors []int
			for end := noon.Add(periods * period); p.now.Before(end); {
				phase := 2 * math.Pi * float64(p.now.Sub(noon)) / float64(period)
				cpu := low + (high-low)*(1-math.Cos(phase))/2
				seed = seed*6364136223846793005 + 1442695040888963407 // Knuth's MMIX
				cpu *= 1 + noise*(2*float64(seed>>11)/(1<<53)-1)
				p.loaded(cpu*30, cpu)
				p.obeyed()
				floors = append(floors, p.got.Floor)
			}
			if n := turns(floors); n > 2*periods-1 {
				t.Fatalf("in %d periods of %s the floor turned %d times: %v", periods, period, n, p.moves)
			}
		})
	}
}

// Whatever is seen, the floor is within the bounds, in whole zones where it was raised, and
// does not fall while blind, while a replica is not ready or while somebody is held; and it
// is never more than one step below the one in force.
func TestWhateverIsSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := of(rapid.IntRange(0, 9).Draw(t, "replicas"), drawBounds(t))
		wild := rapid.OneOf(rapid.Float64(), rapid.Float64Range(0, 300), rapid.Just(math.NaN()), rapid.Just(math.Inf(1)))
		for range rapid.IntRange(1, 30).Draw(t, "looks") {
			p.now = p.now.Add(time.Duration(rapid.IntRange(0, 1200).Draw(t, "seconds")) * time.Second)
			p.run(rapid.IntRange(0, 9).Draw(t, "replicas"))
			holds := len(p.seen.Replicas) == 0
			for i := range p.seen.Replicas {
				r := &p.seen.Replicas[i]
				r.Demand, r.Busy, r.Line, r.CPU, r.Bound = wild.Draw(t, "demand"), wild.Draw(t, "busy"), wild.Draw(t, "line"), wild.Draw(t, "cpu"), wild.Draw(t, "bound")
				r.Ready = rapid.IntRange(0, 9).Draw(t, "ready") > 0
				holds = holds || !r.Ready
			}
			p.seen.Blind, p.seen.Offender, p.seen.Etcd = "", "", ""
			for _, words := range []*string{&p.seen.Blind, &p.seen.Offender, &p.seen.Etcd} {
				if rapid.IntRange(0, 9).Draw(t, "so") == 0 {
					*words = "so it is"
				}
			}
			p.seen.Carries, p.seen.Floor = wild.Draw(t, "carries"), rapid.IntRange(-3, 12).Draw(t, "floor")
			p.look()
			holds = holds || p.seen.Blind != "" || p.seen.Offender != ""
			if p.got.Floor != 0 && (p.got.Floor > p.bounds.Max || p.got.Floor < min(p.bounds.Min, p.bounds.Max)) {
				t.Fatalf("the floor is %d of %+v", p.got.Floor, p.bounds)
			}
			step, most := 1, p.bounds.Max
			if p.bounds.ByZone {
				step, most = 3, most/3*3
			}
			if p.seen.Blind == "" && len(p.seen.Replicas) > 0 && p.got.Floor < min(p.seen.Floor, most)-step {
				t.Fatalf("the floor is to be %d (%s), and %d is in force", p.got.Floor, p.got.Reason, p.seen.Floor)
			}
			if p.got.From > 0 && p.got.Floor < p.got.From && holds {
				t.Fatalf("the floor fell from %d to %d (%s)", p.got.From, p.got.Floor, p.got.Reason)
			}
			if p.got.Floor > max(p.got.From, p.bounds.Min) && p.seen.Etcd != "" && p.got.Reason == replicas.Raised {
				t.Fatalf("the floor rose from %d to %d while etcd was short", p.got.From, p.got.Floor)
			}
			if p.got.Reason == replicas.Raised && p.bounds.ByZone && (p.bounds.Min+2)/3*3 <= p.bounds.Max && p.got.Floor%3 != 0 {
				t.Fatalf("raised to %d, which is not in whole zones", p.got.Floor)
			}
		}
	})
}
