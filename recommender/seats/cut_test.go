// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"strings"
	"testing"
)

// Slowness that does not come of the load is not cured by a lower line: what was
// taken is given back, and not taken again.
func TestFindLetsGoOfALeverThatDoesNotHelp(t *testing.T) {
	p := plant{knee: 300, steepness: 1, demand: 200, sick: 40}
	l, at := calm(plant{knee: 300, steepness: 1, demand: 200})
	lines, said := run(&l, &at, p, 180)
	if last := lines[len(lines)-1]; last != bounds.Ceiling {
		t.Errorf("the line ends at %d, want it back at %d:\n%s", last, bounds.Ceiling, said)
	}
	if n := strings.Count(said, " cut to "); n != 1 || !strings.Contains(said, "it is not the load that slows them") {
		t.Errorf("%d cuts, want one that is taken back:\n%s", n, said)
	}
}

// Where a cut takes more work than it makes requests faster, half of it is taken back.
func TestFindTakesBackWhatACutCostTooMuch(t *testing.T) {
	for name, c := range map[string]struct {
		p plant
		// least is the part of what the best line would serve.
		least float64
		says  string
	}{
		// A sick etcd makes everything twenty times as slow, whatever runs: the cut that
		// would make up for that leaves little.
		"late whatever the line is": {plant{knee: 300, steepness: 1, demand: 2000, sick: 20}, 0.4, "so it is not the load"},
		// The cut reckons that times fall a little slower than the seats. Here they fall by
		// the third power of them.
		"a knee above where the cut goes": {plant{knee: 200, steepness: 3, demand: 600}, 0.6, "partly back"},
	} {
		t.Run(name, func(t *testing.T) {
			l, at := calm(c.p)
			lines, said := run(&l, &at, c.p, 36)
			last := float64(lines[len(lines)-1])
			if got, best := c.p.goodput(last), c.p.goodput(c.p.knee); got < c.least*best || !strings.Contains(said, c.says) {
				t.Errorf("at %.0f %.3g of %.3g is served, want %.2g of it and %q:\n%s", last, got, best, c.least, c.says, said)
			}
		})
	}
}
