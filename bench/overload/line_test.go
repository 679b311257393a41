// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// at makes a line of pairs: seconds after t0, and seats.
func at(pairs ...int) []point {
	var line []point
	for i := 0; i < len(pairs); i += 2 {
		line = append(line, point{t0.Add(time.Duration(pairs[i]) * time.Second), int32(pairs[i+1])}) //nolint:gosec // small numbers of a test
	}
	return line
}

func TestGeometric(t *testing.T) {
	for _, c := range []struct {
		least, most, values int
		want                []int32
	}{
		{8, 600, 6, []int32{8, 19, 45, 107, 253, 600}},
		{10, 1000, 3, []int32{10, 100, 1000}},
		{10, 12, 5, []int32{10, 11, 12}},
		{600, 600, 6, []int32{600}},
		{8, 600, 1, []int32{600}},
	} {
		if got := geometric(c.least, c.most, c.values); !slices.Equal(got, c.want) {
			t.Errorf("geometric(%d, %d, %d) = %v, want %v", c.least, c.most, c.values, got, c.want)
		}
	}
}

func TestGeometricStaysWithinItsEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		least := rapid.IntRange(1, 1000).Draw(t, "least")
		most := rapid.IntRange(least, 20000).Draw(t, "most")
		values := rapid.IntRange(2, 12).Draw(t, "values")
		got := geometric(least, most, values)
		if int(got[len(got)-1]) != most || int(got[0]) < least || len(got) > values {
			t.Fatalf("geometric(%d, %d, %d) = %v", least, most, values, got)
		}
		for i := 1; i < len(got); i++ {
			if got[i] <= got[i-1] {
				t.Fatalf("geometric(%d, %d, %d) = %v does not rise", least, most, values, got)
			}
		}
	})
}

func TestAround(t *testing.T) {
	lines := []int32{8, 19, 45, 107}
	for _, c := range []struct {
		best int32
		n    int
		want []int32
	}{
		{19, 2, []int32{12, 29}},
		{19, 1, []int32{12}},
		{8, 2, []int32{12}},
		{107, 2, []int32{69}},
		{19, 0, nil},
		{20, 2, nil}, // was not tried
	} {
		if got := around(c.best, lines, c.n); !slices.Equal(got, c.want) {
			t.Errorf("around(%d, %d) = %v, want %v", c.best, c.n, got, c.want)
		}
	}
	if got := around(9, []int32{8, 9, 10}, 2); got != nil {
		t.Errorf("between neighbors there is nothing, and yet %v", got)
	}
}

func TestSettled(t *testing.T) {
	end := t0.Add(90 * time.Second)
	for name, c := range map[string]struct {
		line []point
		want time.Duration
	}{
		"never known":                    {nil, 0},
		"never moved":                    {at(-5, 600), 0},
		"moved before the load":          {at(-5, 600, -1, 300), 0},
		"cut twice":                      {at(-5, 600, 4, 300, 12, 150), 12 * time.Second},
		"small moves do not count":       {at(-5, 600, 4, 300, 12, 150, 30, 155, 40, 148), 12 * time.Second},
		"the first value is not a move":  {at(7, 300), 0},
		"moves after the end count not":  {at(-5, 600, 4, 300, 91, 600), 4 * time.Second},
		"a rise counts as well as a cut": {at(-5, 100, 4, 60, 50, 66), 50 * time.Second},
	} {
		if got := settled(c.line, t0, end); got != c.want {
			t.Errorf("%s: settled after %s, want %s", name, got, c.want)
		}
	}
}

func TestOscillation(t *testing.T) {
	from, to := t0.Add(60*time.Second), t0.Add(90*time.Second)
	for name, c := range map[string]struct {
		line []point
		want float64
	}{
		"steady since long":        {at(-5, 600, 4, 100), 0},
		"one move within":          {at(4, 100, 80, 104), 4},
		"before it does not count": {at(4, 100, 59, 50), 0},
		"up and down":              {at(4, 100, 65, 120, 70, 100), 20},
	} {
		if got := oscillation(c.line, from, to); math.Abs(got-c.want) > 0.1 {
			t.Errorf("%s: %.2f %%, want %.2f %%", name, got, c.want)
		}
	}
	if got := oscillation(nil, from, to); !math.IsNaN(got) {
		t.Errorf("of a line that was never seen: %v", got)
	}
}

func TestCutsCountWhatIsLowered(t *testing.T) {
	line := at(-5, 600, 4, 300, 12, 150, 30, 155, 40, 148, 100, 10)
	if got := cuts(line, t0, t0.Add(90*time.Second)); got != 3 {
		t.Errorf("%d cuts, want 3", got)
	}
	if got := cuts(line, t0.Add(41*time.Second), t0.Add(90*time.Second)); got != 0 {
		t.Errorf("%d cuts, want none", got)
	}
}

func TestBestOfPrefersWellVictims(t *testing.T) {
	all := []tried{
		{seats: 10, p99: 100, goodput: 300},
		{seats: 40, p99: 400, goodput: 500},
		{seats: 160, p99: 1500, goodput: 700},
		{seats: 600, p99: 0, goodput: 900}, // no victim was answered
	}
	if best, ok := bestOf(all, 1000); !ok || best.seats != 40 {
		t.Errorf("best is %d", best.seats)
	}
	if best, _ := bestOf(all[2:], 1000); best.seats != 600 {
		t.Errorf("where none is well the most goodput is best, not %d", best.seats)
	}
	if _, ok := bestOf(nil, 1000); ok {
		t.Error("the best of nothing")
	}
}
