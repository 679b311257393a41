// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"testing"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// defaults are the priority levels of a new Kubernetes 1.36 cluster
// (k8s.io/apiserver pkg/apis/flowcontrol/bootstrap/default.go).
var defaults = []plane.Level{
	{Name: "catch-all", Shares: 5}, {Name: "exempt", Exempt: true}, {Name: "global-default", Shares: 20},
	{Name: "leader-election", Shares: 10}, {Name: "node-high", Shares: 40}, {Name: "system", Shares: 30},
	{Name: "workload-high", Shares: 40}, {Name: "workload-low", Shares: 100},
}

func TestNominalIsWhatAnAPIServerShows(t *testing.T) {
	// Read off a kube-apiserver v1.36.3 with the default flags, 400+200.
	for _, c := range []struct {
		level               string
		ceiling, shares, of int
		want                int
	}{
		{"workload-low", 600, 100, 245, 245},
		{"node-high", 600, 40, 245, 98},
		{"leader-election", 600, 10, 245, 25},
		{"catch-all", 600, 5, 245, 13},
		{"exempt", 600, 0, 245, 0},
		{"ballast as large as all others", 600, 245, 490, 300},
		{"an impossible total", 600, 5, 0, 0},
	} {
		if got := seats.Nominal(c.ceiling, c.shares, c.of); got != c.want {
			t.Errorf("%s: Nominal(%d, %d, %d) = %d, want %d", c.level, c.ceiling, c.shares, c.of, got, c.want)
		}
	}
}

func TestBallastInvertsExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ceiling := rapid.IntRange(10, 20000).Draw(t, "ceiling")
		others := rapid.IntRange(1, 2000).Draw(t, "others")
		line := rapid.IntRange(1, ceiling).Draw(t, "line")
		b := seats.Ballast(ceiling, others, line)
		usable := seats.Usable(ceiling, others, b)
		if usable > line {
			t.Fatalf("ballast %d leaves %d seats, above the line of %d", b, usable, line)
		}
		if b > 0 && seats.Usable(ceiling, others, b-1) <= line {
			t.Fatalf("ballast %d is larger than it need be for a line of %d", b, line)
		}
		if again := seats.Ballast(ceiling, others, usable); usable > 0 && again != b {
			t.Fatalf("the line %d that ballast %d gives asks for ballast %d", usable, b, again)
		}
	})
}

func TestTheLineStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ceiling := rapid.IntRange(10, 20000).Draw(t, "ceiling")
		asked := rapid.IntRange(0, 25000).Draw(t, "asked")
		atLeast := rapid.IntRange(0, 25000).Draw(t, "atLeast")
		floor, _ := seats.Floor(ceiling, defaults)
		b, why := seats.Within(ceiling, asked, atLeast, floor)
		if b.Floor < 1 || b.Floor > b.Ceiling || b.Ceiling > ceiling {
			t.Fatalf("the line may be %+v of a ceiling of %d", b, ceiling)
		}
		if b.Floor < floor {
			t.Fatalf("the line may be %d, below the floor of %d", b.Floor, floor)
		}
		if b.Floor < min(atLeast, ceiling) {
			t.Fatalf("the line may be %d, below the profile's minimum of %d", b.Floor, atLeast)
		}
		if want := max(asked, atLeast, floor); asked > 0 && want < ceiling && b.Ceiling != want {
			t.Fatalf("the line may be up to %d, %d was asked for", b.Ceiling, asked)
		}
		if asked > ceiling && why == "" {
			t.Fatal("more was asked for than the flags allow, and nothing says so")
		}
	})
}

func TestFloorKeepsProtectedLevelsAlive(t *testing.T) {
	for _, c := range []struct {
		ceiling, floor int
		level          string
	}{
		{ceiling: 600, floor: 49, level: "leader-election"},
		{ceiling: 60, floor: 60 - 11, level: "leader-election"},
		{ceiling: 20, floor: 1, level: ""}, // too small to keep anything: the ballast would not be to blame
	} {
		floor, level := seats.Floor(c.ceiling, defaults)
		if floor != c.floor || level != c.level {
			t.Errorf("Floor(%d) = %d by %q, want %d by %q", c.ceiling, floor, level, c.floor, c.level)
		}
	}
}
