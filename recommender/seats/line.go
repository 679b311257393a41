// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"fmt"
	"strings"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/shares"
)

// Within is between what the load line of replicas with the given ceiling may be, in
// seats, and why that is not simply what was asked for (empty when it is). asked is the
// profile's upper bound, atLeast its lower bound; 0 is no bound. floor is what the
// protected levels need (Floor, or shares.Floor where the shares follow the line): it
// comes before the profile, and the ceiling before both.
func Within(ceiling, asked, atLeast, floor int) (b Bounds, why string) {
	b = Bounds{Floor: min(max(atLeast, 1), ceiling), Ceiling: ceiling}
	if asked > 0 && asked < ceiling {
		b.Ceiling = max(asked, b.Floor)
	}
	if asked > ceiling {
		why = fmt.Sprintf("the inflight flags allow no more than %d of the %d seats asked for", ceiling, asked)
	}
	if floor = min(floor, ceiling); b.Ceiling < floor {
		why = fmt.Sprintf("%d seats would press the protected levels too far", b.Ceiling)
		b.Ceiling = floor
	}
	b.Floor = max(b.Floor, floor)
	return b, why
}

// Floor is the lowest load line at which every protected level that exists keeps
// the seats that it needs, and the level that decides it. A level that has too
// few seats without any ballast cannot be helped by it and is left out.
func Floor(ceiling int, levels []plane.Level) (floor int, level string) {
	others := Lasting(levels)
	floor = 1
	for _, need := range shares.Needs() {
		has, ok := sharesOf(levels, need.Level)
		if !ok || Nominal(ceiling, has, others) < need.Seats {
			continue
		}
		low, high := floor, ceiling
		for low < high {
			middle := (low + high) / 2
			if Nominal(ceiling, has, others+Ballast(ceiling, others, middle)) >= need.Seats {
				high = middle
			} else {
				low = middle + 1
			}
		}
		if low > floor {
			floor, level = low, need.Level
		}
	}
	return floor, level
}

// SelfName is the name of Evenkeel's own schema and level.
const SelfName = "evenkeel-self"

// SelfShares are the shares of Evenkeel's own level: about a fiftieth of what the
// default levels have between them.
const SelfShares = 5

// BallastName is the name of the ballast's priority level.
const BallastName = "evenkeel-ballast"

// Shares is the sum of the shares of all levels but the ballast.
func Shares(levels []plane.Level) int {
	sum := 0
	for _, l := range levels {
		if l.Name != BallastName {
			sum += l.Shares
		}
	}
	return sum
}

// Lasting is Shares without the jails. The ballast is sized by it: a jail's few
// shares come and go, and must not move the ballast for as long as a sentence lasts.
func Lasting(levels []plane.Level) int {
	sum := Shares(levels)
	for _, l := range levels {
		if strings.HasPrefix(l.Name, plane.JailPrefix) {
			sum -= l.Shares
		}
	}
	return sum
}

func sharesOf(levels []plane.Level, name string) (int, bool) {
	for _, l := range levels {
		if l.Name == name {
			return l.Shares, true
		}
	}
	return 0, false
}
