// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package shares_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
	"evenkeel.dev/evenkeel/recommender/shares"
)

// defaults are the priority levels of a new Kubernetes 1.36 cluster
// (k8s.io/apiserver pkg/apis/flowcontrol/bootstrap/default.go).
func defaults() []plane.Level {
	suggested := func(name string, n, lends int) plane.Level {
		return plane.Level{Name: name, Shares: n, LendablePercent: lends, BorrowingPercent: plane.NoLimit, Suggested: true}
	}
	return []plane.Level{
		{Name: "catch-all", Shares: 5, BorrowingPercent: plane.NoLimit}, {Name: "exempt", Exempt: true},
		suggested("global-default", 20, 50), suggested("leader-election", 10, 0), suggested("node-high", 40, 25),
		suggested("system", 30, 33), suggested("workload-high", 40, 50), suggested("workload-low", 100, 90),
	}
}

// at are the levels with the ballast for a line.
func at(levels []plane.Level, ceiling, line int) []plane.Level {
	levels = slices.DeleteFunc(slices.Clone(levels), func(l plane.Level) bool { return l.Name == seats.BallastName })
	if b := seats.Ballast(ceiling, seats.Lasting(levels), line); b > 0 {
		levels = append(levels, plane.Level{Name: seats.BallastName, Shares: b, Own: true})
	}
	return levels
}

// carriedOut are the levels after a division.
func carriedOut(levels []plane.Level, division []plane.LevelShares) []plane.Level {
	levels = slices.Clone(levels)
	for i, l := range levels {
		for _, to := range division {
			if to.Name == l.Name && to.Portion != l.Portion() {
				if l.Original == nil {
					had := l.Portion()
					l.Original = &had
				}
				l.Shares, l.LendablePercent, l.BorrowingPercent = to.Portion.Shares, to.Portion.LendablePercent, to.Portion.BorrowingPercent
				levels[i] = l
			}
		}
	}
	return levels
}

// table prints what every level has, and its seats.
func table(levels []plane.Level) string {
	const ceiling = 600
	total := 0
	for _, l := range levels {
		total += l.Shares
	}
	var b strings.Builder
	for _, l := range levels {
		if l.Suggested {
			fmt.Fprintf(&b, "%-16s %3d shares %3d seats lends %2d borrows %3d\n", l.Name, l.Shares, seats.Nominal(ceiling, l.Shares, total), l.LendablePercent, l.BorrowingPercent)
		}
	}
	return b.String()
}

// TestProtection: what is written in calm, and what under a deep ballast.
func TestProtection(t *testing.T) {
	for _, c := range []struct {
		line int
		want string
	}{
		{600, `
global-default    20 shares  49 seats lends 50 borrows 500
leader-election   10 shares  25 seats lends  0 borrows  -1
node-high         40 shares  98 seats lends  0 borrows  -1
system            30 shares  74 seats lends  0 borrows  -1
workload-high     40 shares  98 seats lends 25 borrows 100
workload-low     100 shares 245 seats lends 90 borrows  20
`},
		{33, `
global-default    14 shares   2 seats lends 50 borrows 500
leader-election   22 shares   4 seats lends  0 borrows  -1
node-high         76 shares  11 seats lends  0 borrows  -1
system            33 shares   5 seats lends  0 borrows  -1
workload-high     27 shares   4 seats lends 25 borrows 100
workload-low      68 shares  10 seats lends 90 borrows  20
`},
		{20, `
global-default     4 shares   1 seats lends 50 borrows 500
leader-election   36 shares   4 seats lends  0 borrows  -1
node-high        123 shares  11 seats lends  0 borrows  -1
system            53 shares   5 seats lends  0 borrows  -1
workload-high      7 shares   1 seats lends 25 borrows 100
workload-low      17 shares   2 seats lends 90 borrows  20
`},
	} {
		levels := at(defaults(), 600, c.line)
		levels = carriedOut(levels, shares.Protect(shares.Input{Levels: levels, Ceiling: 600}))
		if diff := cmp.Diff(c.want, "\n"+table(levels)); diff != "" {
			t.Errorf("at a line of %d (-want +got):\n%s", c.line, diff)
		}
	}
}

// TestWhatALowLineTookComesBack: the floors of a line that has risen hold nothing back;
// a move of an eighth undoes nothing.
func TestWhatALowLineTookComesBack(t *testing.T) {
	in := shares.Input{Levels: at(defaults(), 600, 20), Ceiling: 600}
	in.Levels = carriedOut(in.Levels, shares.Protect(in))
	low := table(in.Levels)
	in.Levels = at(in.Levels, 600, 23)
	in.Levels = carriedOut(in.Levels, shares.Protect(in))
	if diff := cmp.Diff(fields(low), fields(table(in.Levels))); diff != "" {
		t.Errorf("at a line of 23 the shares of a line of 20 are divided again (-20 +23):\n%s", diff)
	}
	in.Levels = at(in.Levels, 600, 60)
	in.Levels = carriedOut(in.Levels, shares.Protect(in))
	if diff := cmp.Diff(`
global-default    19 shares   5 seats lends 50 borrows 500
leader-election   13 shares   4 seats lends  0 borrows  -1
node-high         43 shares  11 seats lends  0 borrows  -1
system            29 shares   8 seats lends  0 borrows  -1
workload-high     39 shares  10 seats lends 25 borrows 100
workload-low      97 shares  25 seats lends 90 borrows  20
`, "\n"+table(in.Levels)); diff != "" {
		t.Errorf("at a line of 60 (-want +got):\n%s", diff)
	}
}

// fields are the level and its shares, line by line.
func fields(table string) (all [][]string) {
	for line := range strings.Lines(table) {
		all = append(all, strings.Fields(line)[:2])
	}
	return all
}

// TestDemandIsMetInSteps: levels that ask for more get it from those that are idle, a
// little at a time, and what nobody asks for any more goes back.
func TestDemandIsMetInSteps(t *testing.T) {
	levels := at(defaults(), 600, 120)
	in := shares.Input{Levels: levels, Ceiling: 600, Demand: map[string]float64{"workload-high": 40, "workload-low": 20}}
	in.Levels = carriedOut(levels, shares.Protect(in))
	moves := 0
	settle := func() {
		moves = 0
		for range 100 {
			division := shares.Protect(in)
			target := shares.Target(in, division)
			if len(shares.Leaning(in, division, target)) == 0 {
				return
			}
			in.Levels = carriedOut(in.Levels, shares.Toward(division, target))
			moves++
		}
		t.Fatal("the division does not settle")
	}
	settle()
	if got := table(in.Levels); moves < 3 || got != strings.TrimPrefix(`
global-default    14 shares   7 seats lends 50 borrows 500
leader-election   10 shares   5 seats lends  0 borrows  -1
node-high         40 shares  20 seats lends  0 borrows  -1
system            30 shares  15 seats lends  0 borrows  -1
workload-high     80 shares  40 seats lends 25 borrows 100
workload-low      66 shares  33 seats lends 90 borrows  20
`, "\n") {
		t.Errorf("after %d moves workload-high has not what it asks for:\n%s", moves, got)
	}
	in.Demand = nil
	settle()
	if got := table(in.Levels); moves < 3 || got != strings.TrimPrefix(`
global-default    20 shares  10 seats lends 50 borrows 500
leader-election   10 shares   5 seats lends  0 borrows  -1
node-high         40 shares  20 seats lends  0 borrows  -1
system            30 shares  15 seats lends  0 borrows  -1
workload-high     41 shares  21 seats lends 25 borrows 100
workload-low      99 shares  49 seats lends 90 borrows  20
`, "\n") {
		t.Errorf("%d moves after the demand is gone:\n%s", moves, got)
	}
}

// TestAFloodGainsLittle: whatever a low level asks for, no other has less than half of
// what the tenant gave it, nor less than it asks for within that.
func TestAFloodGainsLittle(t *testing.T) {
	in := shares.Input{Levels: at(defaults(), 600, 120), Ceiling: 600, Demand: map[string]float64{"workload-low": 5000, "workload-high": 15, "system": 3}}
	division := shares.Protect(in)
	got := map[string]int{}
	for i, n := range shares.Target(in, division) {
		got[division[i].Name] = n
	}
	want := map[string]int{
		"global-default": 10, "leader-election": 10, "node-high": 40, "system": 30, "workload-high": 30, "workload-low": 120,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the target (-want +got):\n%s", diff)
	}
}
