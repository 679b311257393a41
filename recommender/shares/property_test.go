// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package shares_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
	"evenkeel.dev/evenkeel/recommender/shares"
)

// anyTenant draws a tenant: the suggested levels as found or divided before, some of
// them held by a person, and levels of its own.
func anyTenant(t *rapid.T) []plane.Level {
	levels := defaults()
	for i, l := range levels {
		if !l.Suggested {
			continue
		}
		switch rapid.IntRange(0, 9).Draw(t, l.Name) {
		case 0:
			levels[i].Held = &plane.Fault{Reason: "HeldByPerson", Message: "held"}
		case 1:
			had := l.Portion()
			levels[i].Original = &had
			levels[i].Shares = rapid.IntRange(1, 150).Draw(t, "divided")
		case 2:
			levels[i].Shares = rapid.IntRange(1, 500).Draw(t, "shares")
		}
	}
	for i := range rapid.IntRange(0, 20).Draw(t, "custom levels") {
		levels = append(levels, plane.Level{Name: fmt.Sprintf("custom-%d", i), Shares: rapid.IntRange(0, 200).Draw(t, "custom shares")})
	}
	return levels
}

func anyDemand(t *rapid.T, ceiling int) map[string]float64 {
	demand := map[string]float64{}
	for _, name := range shares.Suggested() {
		demand[name] = rapid.Float64Range(0, float64(2*ceiling)).Draw(t, "demand of "+name)
	}
	return demand
}

// untouched fails where a division is about a level that is not to be touched, or does
// not conserve the shares.
func untouched(t *rapid.T, levels []plane.Level, division []plane.LevelShares) {
	sum, want := 0, 0
	for _, l := range levels {
		i := slices.IndexFunc(division, func(to plane.LevelShares) bool { return to.Name == l.Name })
		if mayChange := l.Suggested && l.Held == nil; mayChange != (i >= 0) {
			t.Fatalf("%s may be changed: %v, and is divided: %v", l.Name, mayChange, i >= 0)
		}
		if i < 0 {
			continue
		}
		had := l.Portion()
		if l.Original != nil {
			had = *l.Original
		}
		to := division[i].Portion
		sum, want = sum+to.Shares, want+had.Shares
		if to.Shares < 1 || to.LendablePercent < 0 || to.LendablePercent > had.LendablePercent ||
			had.BorrowingPercent != plane.NoLimit && to.BorrowingPercent > had.BorrowingPercent {
			t.Fatalf("%s had %+v and is to have %+v", l.Name, had, to)
		}
		if (to != l.Portion()) != (division[i].Reason != "") {
			t.Fatalf("%s: from %+v to %+v because %q", l.Name, l.Portion(), to, division[i].Reason)
		}
	}
	if sum != want {
		t.Fatalf("%d shares are divided, the tenant had %d", sum, want)
	}
}

// promised is the most seats that every protected level that needs them can have,
// found by trying.
func promised(levels []plane.Level, ceiling, total int) int {
	have := 0
	for _, l := range levels {
		if l.Suggested && l.Held == nil {
			if have += l.Shares; l.Original != nil {
				have += l.Original.Shares - l.Shares
			}
		}
	}
	for most := 8; ; most-- {
		least := 0
		for _, l := range levels {
			n := 1
			for ; l.Suggested && l.Held == nil && seats.Nominal(ceiling, n, total) < min(needOf(l.Name), most) && n <= have; n++ {
			}
			if l.Suggested && l.Held == nil {
				least += n
			}
		}
		if least <= have || most == 0 {
			return most
		}
	}
}

func needOf(level string) int {
	for _, n := range shares.Needs() {
		if n.Level == level {
			return n.Seats
		}
	}
	return 0
}

func sumOf(levels []plane.Level) int {
	sum := 0
	for _, l := range levels {
		sum += l.Shares
	}
	return sum
}

// TestProtectionHolds: for every replica, ballast and tenant the protected levels keep
// what they need or what can be had, everything else stays, and once is enough.
func TestProtectionHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ceiling := rapid.IntRange(10, 20000).Draw(t, "ceiling")
		line := rapid.IntRange(1, ceiling).Draw(t, "line")
		tenant := at(anyTenant(t), ceiling, line)
		in := shares.Input{Levels: tenant, Ceiling: ceiling, Demand: anyDemand(t, ceiling)}
		division := shares.Protect(in)
		untouched(t, tenant, division)
		if diff := cmp.Diff(division, shares.Protect(in)); diff != "" {
			t.Fatalf("the same input, another division:\n%s", diff)
		}
		in.Levels = carriedOut(tenant, division)
		total := sumOf(in.Levels)
		most := promised(tenant, ceiling, total)
		for _, l := range in.Levels {
			if got := seats.Nominal(ceiling, l.Shares, total); l.Suggested && l.Held == nil && got < min(needOf(l.Name), most) {
				t.Fatalf("%s has %d seats of %d at a line of %d, %d can be promised", l.Name, got, ceiling, line, most)
			}
		}
		for _, l := range shares.Protect(in) {
			if l.Portion != l.Had {
				t.Fatalf("%s is divided again: %+v", l.Name, l)
			}
		}
	})
}

// TestMovesAreSmallAndEnd: following demand moves no level by more than a tenth of its
// shares or one, never presses a floor, and comes to rest.
func TestMovesAreSmallAndEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ceiling := rapid.IntRange(10, 20000).Draw(t, "ceiling")
		tenant := at(anyTenant(t), ceiling, rapid.IntRange(1, ceiling).Draw(t, "line"))
		in := shares.Input{Levels: tenant, Ceiling: ceiling, Demand: anyDemand(t, ceiling)}
		in.Levels = carriedOut(tenant, shares.Protect(in))
		for range 5000 {
			division := shares.Protect(in)
			target := shares.Target(in, division)
			if !slices.Equal(target, shares.Target(in, division)) {
				t.Fatal("the same input, another target")
			}
			leaning := shares.Leaning(in, division, target)
			if len(leaning) == 0 {
				return
			}
			moved := shares.Toward(division, target)
			untouched(t, in.Levels, moved)
			for i, l := range moved {
				if away := l.Portion.Shares - division[i].Portion.Shares; max(away, -away) > max(1, division[i].Portion.Shares/10) {
					t.Fatalf("%s moves by %d of %d shares", l.Name, away, division[i].Portion.Shares)
				}
			}
			in.Levels = carriedOut(in.Levels, moved)
			for _, l := range shares.Protect(in) {
				if l.Portion != l.Had {
					t.Fatalf("the move presses a floor: %+v", l)
				}
			}
		}
		t.Fatal("the division does not come to rest")
	})
}

// TestFloorIsTheLowestLine: at the floor every promise of the ceiling's is kept, beside
// a seat for each other level, and one seat lower it is not.
func TestFloorIsTheLowestLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ceiling := rapid.IntRange(10, 20000).Draw(t, "ceiling")
		levels := anyTenant(t)
		for i := range levels {
			levels[i].Held = nil
		}
		others := seats.Lasting(at(carriedOut(levels, shares.Protect(shares.Input{Levels: levels, Ceiling: ceiling})), ceiling, ceiling))
		floor := shares.Floor(ceiling, others, levels)
		if floor < 1 || floor > ceiling {
			t.Fatalf("a floor of %d below a ceiling of %d", floor, ceiling)
		}
		promise := func(line int) (most int) {
			for most = 8; most > 0; most-- {
				in := at(carriedOut(levels, shares.Protect(shares.Input{Levels: levels, Ceiling: ceiling})), ceiling, line)
				wanted := 0
				for _, l := range in {
					switch {
					case l.Suggested:
						wanted += max(1, min(needOf(l.Name), most))
					case l.Shares > 0 && !l.Own:
						wanted++
					}
				}
				if wanted <= line && promised(in, ceiling, sumOf(in)) >= most {
					return most
				}
			}
			return 0
		}
		if best := promise(ceiling); promise(floor) != best || floor > 1 && best > 0 && promise(floor-1) == best {
			t.Fatalf("floor %d of %d: promises %d there, %d a seat lower, %d at the ceiling", floor, ceiling, promise(floor), promise(floor-1), best)
		}
	})
}

// TestTheBallastStaysExact: a division leaves the line where the ballast had put it.
func TestTheBallastStaysExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ceiling := rapid.IntRange(10, 20000).Draw(t, "ceiling")
		levels := at(defaults(), ceiling, rapid.IntRange(1, ceiling).Draw(t, "line"))
		divided := carriedOut(levels, shares.Protect(shares.Input{Levels: levels, Ceiling: ceiling}))
		if seats.Lasting(levels) != seats.Lasting(divided) || seats.Lasting(divided) != 245 {
			t.Fatalf("%d shares beside the ballast, %d before", seats.Lasting(divided), seats.Lasting(levels))
		}
	})
}

// TestFloorsOfKubernetesDefaults: how deep the ballast may be with the shares managed,
// and how deep without.
func TestFloorsOfKubernetesDefaults(t *testing.T) {
	got := map[int][2]int{}
	for _, ceiling := range []int{10, 20, 60, 600, 3000} {
		fixed, _ := seats.Floor(ceiling, defaults())
		got[ceiling] = [2]int{shares.Floor(ceiling, 245, defaults()), fixed}
	}
	want := map[int][2]int{10: {10, 1}, 20: {19, 1}, 60: {19, 49}, 600: {19, 49}, 3000: {19, 49}}
	if !maps.Equal(got, want) {
		t.Errorf("managed and fixed floors by ceiling (-want +got):\n%s", cmp.Diff(want, got))
	}
}
